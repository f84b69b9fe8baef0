"""Find out how a command runs: its coding agent, CI provider, container, architecture and installation method.

The functions in this module compare the values of environment variables with fixed lists, but never return these values. The
sender calls the functions of this module, so that a command does not spend time on importing it. The sender receives the names of
the command's environment variables, but only the values of ``AI_AGENT`` and ``AGENT``.
"""

from __future__ import annotations

import os
import sys

from arcade_otel import conventions
from arcade_otel.spans.versions import read_text

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AGENTS", "CI_PROVIDERS", "OTHER", "agent", "architecture", "ci_provider", "install_method", "is_container", "machine"]

#: The word for an agent, a provider or an installer that is not in the tables.
OTHER = "other"

#: The word for an agent by a variable that it sets for the commands it runs. The first variable that is set counts, so an agent
#: that is built on another one comes before it. Variables that an editor also sets for a person at its terminal
#: (``CURSOR_TRACE_ID``, ``REPL_ID``), and variables that a person sets (tokens, models), are left out. Sources:
#: @vercel/detect-agent (https://github.com/vercel/vercel/tree/main/packages/detect-agent) and huggingface_hub's registry
#: (https://huggingface.co/api/agent-harnesses).
AGENTS: dict[str, str] = {
    "CLAUDE_CODE_IS_COWORK": "cowork",
    "CLAUDECODE": "claude-code",
    "CLAUDE_CODE": "claude-code",
    "CODEX_SANDBOX": "codex",
    "CODEX_CI": "codex",
    "CODEX_THREAD_ID": "codex",
    "CURSOR_AGENT": "cursor",
    "GEMINI_CLI": "gemini-cli",
    "QWEN_CODE": "qwen-code",
    "COPILOT_CLI": "github-copilot",
    "COPILOT_AGENT": "github-copilot",
    "OPENCODE": "opencode",
    "OPENCODE_CLIENT": "opencode",
    "AUGMENT_AGENT": "augment-cli",
    "CLINE_ACTIVE": "cline",
    "ROO_ACTIVE": "roo-code",
    "GOOSE_TERMINAL": "goose",
    "ANTIGRAVITY_AGENT": "antigravity",
    "PI_CODING_AGENT": "pi",
    "TRAE_AI_SHELL_ID": "trae",
    "OPENCLAW_SHELL": "openclaw",
    "CRUSH": "crush",
}
#: Variables whose value names the agent. Source: the ``AI_AGENT`` convention of @vercel/detect-agent, and ``AGENT`` of agents.md.
AGENT_NAMES = ("AI_AGENT", "AGENT")
# Agents without a variable of their own, and other spellings of agents with one.
_SPELLINGS = {
    "amp": "amp",
    "auggie": "augment-cli",
    "claude": "claude-code",
    "copilot": "github-copilot",
    "copilot-cli": "github-copilot",
    "cursor-cli": "cursor",
    "devin": "devin",
    "gemini": "gemini-cli",
    "jules": "jules",
    "kiro": "kiro",
    "openhands": "openhands",
    "v0": "v0",
    "warp": "warp",
    "zed": "zed",
} | {slug: slug for slug in AGENTS.values()}

#: The word for a provider of continuous integration by a variable that it sets in each job.
CI_PROVIDERS: dict[str, str] = {
    "GITHUB_ACTIONS": "github-actions",
    "GITLAB_CI": "gitlab",
    "TF_BUILD": "azure-pipelines",
    "JENKINS_URL": "jenkins",
    "TEAMCITY_VERSION": "teamcity",
    "BUILDKITE": "buildkite",
    "CODEBUILD_BUILD_ID": "aws-codebuild",
    "CIRCLECI": "circleci",
    "TRAVIS": "travis",
    "APPVEYOR": "appveyor",
    "BITBUCKET_BUILD_NUMBER": "bitbucket",
    "DRONE": "drone",
    "CIRRUS_CI": "cirrus",
    "SEMAPHORE": "semaphore",
    "VERCEL": "vercel",
    "NETLIFY": "netlify",
    "CI": OTHER,
}
#: Set in each container of a Kubernetes pod.
KUBERNETES = "KUBERNETES_SERVICE_HOST"

# ``platform.machine()`` has a dozen spellings. Source: semantic conventions, ``host.arch``.
_ARCHITECTURES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "i386": "x86",
    "i686": "x86",
    "x86": "x86",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv6l": "arm32",
    "armv7l": "arm32",
    "ppc64": "ppc64",
    "ppc64le": "ppc64",
    "s390x": "s390x",
    "riscv64": "riscv64",
}

#: Names in the kernel releases of Ubuntu, Debian, Arch, clouds, FreeBSD, Docker Desktop and Windows' Subsystem for Linux.
_RELEASE_FLAVOURS = (
    " generic lowlatency virtual raspi oem amd64 arm64 cloud-amd64 cloud-arm64 rt-amd64 lts arch1 arch1-1 zen1 zen1-1-zen aws"
    " azure gcp oracle linuxkit microsoft-standard-WSL2 RELEASE STABLE CURRENT MANJARO "
)

# Contents of the file INSTALLER, by the packaging specification "Recording installed projects".
_INSTALLERS = ("pip", "uv", "conda", "poetry", "pdm", "hatch", "pipenv")
_SYSTEM_INSTALLERS = ("debian", "apt", "dpkg", "rpm", "dnf", "apk", "pacman", "portage", "nix", "guix")
_UNSET = ("", "0", "false")


def agent(environ: Mapping[str, str]) -> str | None:
    """Return the word for the coding agent that runs the command, or None if no agent is recognized.

    If a variable names an unknown agent, return :data:`OTHER`.

    Args:
        environ: The environment variables of the command. A variable with the value "", ``0`` or ``false`` counts as not set. For
            a variable that is not in :data:`AGENT_NAMES`, the function only checks whether the variable is set.
    """
    named = [environ[name].lower().partition("@")[0] for name in AGENT_NAMES if environ.get(name, "").lower() not in _UNSET]
    known = [_SPELLINGS[name] for name in named if name in _SPELLINGS]
    known += [slug for name, slug in AGENTS.items() if environ.get(name, "") not in _UNSET]
    return next(iter(known), OTHER if named else None)


def ci_provider(environ: Mapping[str, str]) -> str | None:
    """Return the word for the CI provider, or None if the command does not run in continuous integration.

    For an unknown CI provider, return :data:`OTHER`.
    """
    return next((slug for name, slug in CI_PROVIDERS.items() if environ.get(name, "").lower() not in _UNSET), None)


def is_container(environ: Mapping[str, str]) -> bool:
    """Return whether the command runs in a container, such as a Docker or Podman container or a Kubernetes pod."""
    if KUBERNETES in environ or os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        return True
    groups = read_text("/proc/1/cgroup")
    return any(word in groups for word in ("docker", "kubepods", "containerd", "lxc", "libpod"))


def architecture() -> str:
    """Return the machine's architecture as the semantic conventions name it (``host.arch``), or :data:`OTHER`."""
    # On Windows, the architecture that Python was built for: "[MSC v.1943 64 bit (AMD64)]".
    machine = os.uname().machine if hasattr(os, "uname") else sys.version.rpartition("(")[2].partition(")")[0]
    return _ARCHITECTURES.get(machine.lower(), OTHER)


def machine() -> dict[str, str]:
    """Return the resource attributes that describe the machine and the Python interpreter.

    The sender can call this function for the command that started it, because both run under the same Python interpreter.
    """
    system, release = _system()
    info = sys.version_info
    return {
        conventions.OS_TYPE: system,
        conventions.OS_VERSION: release,
        "host.arch": architecture(),
        conventions.PROCESS_RUNTIME_NAME: sys.implementation.name,
        conventions.PROCESS_RUNTIME_VERSION: f"{info.major}.{info.minor}.{info.micro}",
    }


def install_method(directory: str | None) -> str | None:
    """Return the word for a program's installation method, or None if the program is neither installed nor frozen.

    The word comes from a fixed list, for example "pipx" or "frozen". For an unknown installation method, return :data:`OTHER`.

    Args:
        directory: The ``.dist-info`` directory of the program's distribution, or None if there is no distribution.
    """
    if hasattr(sys, "frozen") or hasattr(sys, "oxidized") or "__compiled__" in globals():
        return "frozen"
    if directory is None:
        return None
    if '"editable": true' in read_text(os.path.join(directory, "direct_url.json")).replace('"editable":true', '"editable": true'):
        return "editable"
    place = prefix = os.path.dirname(directory)
    for _ in range(3):  # lib/python3.12/site-packages, or Lib\site-packages
        if os.path.basename(prefix).lower().startswith(("site-packages", "dist-packages", "python", "lib")):
            prefix = os.path.dirname(prefix)
    if os.path.exists(os.path.join(prefix, "pipx_metadata.json")):
        return "pipx"
    if os.path.exists(os.path.join(prefix, "uv-receipt.toml")):
        return "uv-tool"
    installer = read_text(os.path.join(directory, "INSTALLER")).strip().lower()
    if "/Cellar/" in place or installer == "brew":
        return "homebrew"
    if installer in _SYSTEM_INSTALLERS or place.startswith(("/usr/lib/", "/usr/lib64/", "/nix/", "/gnu/")):
        return "system"
    return installer if installer in _INSTALLERS else OTHER


def _system() -> tuple[str, str]:
    """Return the operating system's name, as the semantic conventions define it (``os.type``), and its release."""
    if hasattr(os, "uname"):
        system = os.uname()  # the same source as ``platform``, without its import
        return system.sysname.lower(), _public_release(system.release)
    windows = sys.getwindowsversion()  # type: ignore[attr-defined]  # ``platform`` runs ``cmd /c ver``, or asks WMI
    # Not ``major`` and ``minor``: to a program whose manifest does not name Windows 10, these are those of Windows 8.
    return "windows", ".".join(str(number) for number in windows.platform_version)


def _public_release(release: str) -> str:
    """Return the version numbers of a kernel release, with the flavor if it is a common word such as ``generic``.

    The function leaves out all other parts of the kernel release, because they may contain a person's name.
    """
    pieces = release.split("-")
    numbers = 0
    while numbers < len(pieces) and not pieces[numbers].strip("0123456789."):
        numbers += 1
    if not numbers:
        return release[: len(release) - len(release.lstrip("0123456789."))]
    rest = "-".join(pieces[numbers:])
    known = [rest] if rest and f" {rest} " in _RELEASE_FLAVOURS else []
    return "-".join([*pieces[:numbers], *known])
