"""The released Arcade packages, in an environment of their own, and what a login in the browser leaves for them."""

import subprocess
import sys
from pathlib import Path

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

__all__ = ["NOT_SENT", "OFFLINE", "ROOT", "VERSION", "install", "log_in"]

ROOT = Path(__file__).parents[2]
VERSION = "1.16.3"
#: It asks for news of itself.
OFFLINE = {"HTTPS_PROXY": "http://127.0.0.1:9", "ARCADE_DISABLE_AUTOUPDATE": "1"}
#: The times of its machine's clock, which this library does not send.
NOT_SENT = {"device_start_timestamp", "device_end_timestamp", "device_timestamp"}

_CONTEXT = """
    {name}:
      kind: cloud
      coordinator_url: {url}
      engine_url: {url}
      auth: {{access_token: {token}, refresh_token: refresh, expires_at: 2099-01-01T00:00:00}}
      user: {{email: jane@example.com}}
      context: {{org_id: org-{name}, org_name: Acme, project_id: project-{name}, project_name: Anvil}}
"""


def install(venv: Path) -> str:
    """Make an environment with the released Arcade CLI, its MCP server and this library. Return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=120)
    found = str(venv / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", found, "--quiet", "--disable-pip-version-check"]
    packages = [f"arcade-mcp=={VERSION}", str(ROOT)]
    subprocess.run([*pip, "install", "--no-compile", *packages], check=True, timeout=250, capture_output=True)
    return found


def log_in(machine: Machine, posthog: FakePostHog) -> None:
    """Write the files that a login in the browser leaves: two contexts, of which one is active."""
    posthog.arcade.add(access_token="TOKEN", account_id="account-1")
    contexts = "".join(_CONTEXT.format(name=name, url=posthog.url, token="TOKEN") for name in ("default", "work"))
    machine.config_dir.mkdir(exist_ok=True)
    credentials = machine.config_dir / "credentials.yaml"
    credentials.touch(mode=0o600)
    credentials.write_text(f"cloud:\n  active_context: default\n  contexts:{contexts}")
