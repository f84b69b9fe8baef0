"""Proxies and certificates in a user's environment steer the sender, and no other variable does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from arcade_otel import handoff
from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.terminals import Proxy, TlsFront, certified

#: Modules that a sender imports; one of these names lies in many a folder.
NAMES = [
    "json",
    "posthog",
    "requests",
    "opentelemetry",
    "faulthandler",
    "httpx",
    "arcade_otel_exporters",
    "sender",
    "sitecustomize",
]


def traps(folder: Path, seen: Path) -> None:
    """Fill a folder with modules, each of which leaves a trace if it is imported."""
    folder.mkdir(parents=True, exist_ok=True)
    trap = f"open({str(seen)!r}, 'a').write(__name__ + chr(10))\nraise SystemExit('a trap was imported')\n"
    for name in NAMES:
        (folder / f"{name}.py").write_text(trap)
    package = folder / "arcade_otel"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(trap)


def delivered(machine: Machine, posthog: FakePostHog) -> None:
    """Wait until the event has arrived and the sender is gone."""
    posthog.wait_for(posthog.visible)
    machine.settle()
    assert machine.queue == []


@pytest.mark.parametrize("where", ["the working folder", "the home", "the config directory", "the temporary folder"])
def test_no_module_of_the_users_is_imported_by_the_sender(machine: Machine, posthog: FakePostHog, where: str) -> None:
    """The sender ignores a ``json.py`` or ``posthog.py`` in a folder of the user."""
    seen = machine.root / "seen"
    folder = {
        "the working folder": machine.root / "project",
        "the home": machine.home,
        "the config directory": machine.config_dir,
        "the temporary folder": machine.root / "tmp",
    }[where]
    traps(folder, seen)
    cwd = folder if where == "the working folder" else machine.home
    # -P, the foreground's own: a program run by ``python program.py`` looks beside itself, not into the working folder.
    ended = machine.run("one", cwd=cwd, environ={"TMPDIR": str(machine.root / "tmp")})
    assert ended.returncode == 0, ended.stderr
    delivered(machine, posthog)
    assert not seen.exists()


@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONINSPECT", "PYTHONWARNINGS"])
def test_python_variables_that_say_which_code_runs_do_not_reach_the_sender(
    machine: Machine, posthog: FakePostHog, variable: str
) -> None:
    """The program was started with these variables and keeps them. The sender starts without them."""
    seen = machine.root / "seen"
    traps(machine.root / "traps", seen)
    value = {
        "PYTHONPATH": str(machine.root / "traps"),
        "PYTHONSTARTUP": str(machine.root / "traps" / "json.py"),
        "PYTHONUSERBASE": str(machine.root / "traps"),
        "PYTHONINSPECT": "1",
        "PYTHONWARNINGS": "error",
    }[variable]
    # As a process that sets the variable after its own start: else the traps would catch the program itself.
    machine.program(
        "late",
        "import os, sys\n"
        f"os.environ[{variable!r}] = {value!r}\n"
        "import arcade_otel\n"
        "with arcade_otel.command('one', name='tool', version='1'):\n    pass\n",
    )
    assert machine.run(program="late").returncode == 0
    delivered(machine, posthog)
    assert not seen.exists()


def test_posthogs_own_variables_and_a_dotenv_do_not_steer_the_sender(machine: Machine, posthog: FakePostHog) -> None:
    """The sender reads no key, host or switch of the posthog package, and no project's ``.env``."""
    (machine.home / ".env").write_text("ARCADE_USAGE_POSTHOG_HOST=http://127.0.0.1:9\nPOSTHOG_HOST=http://127.0.0.1:9\n")
    environ = {
        "POSTHOG_API_KEY": "phc_canary",
        "POSTHOG_PROJECT_API_KEY": "phc_canary",
        "POSTHOG_HOST": "http://127.0.0.1:9",
        "POSTHOG_DISABLED": "1",
        "POSTHOG_CAPTURE_MODE": "v1",
        "POSTHOG_DEBUG": "1",
    }
    assert machine.run("one", environ=environ).returncode == 0
    delivered(machine, posthog)
    (request,) = posthog.requests
    assert b"phc_canary" not in request.content
    assert json.loads(request.content)["api_key"] == "phc_test"
    assert request.path == "/batch/"


@pytest.mark.posix
def test_a_netrc_never_becomes_a_password(machine: Machine, posthog: FakePostHog) -> None:
    """A ``default`` entry in ``~/.netrc``, or in the file that ``NETRC`` names, would otherwise be sent to the telemetry host."""
    posthog.arcade.add(api_key="key", principal_id="user-1")
    for path in (machine.home / ".netrc", machine.root / "other-netrc"):
        path.write_text("default login alice password hunter2\n")
        path.chmod(0o600)
    machine.log_in("key", posthog.url)
    machine.run("one", environ={"NETRC": str(machine.root / "other-netrc")})
    machine.run("login")
    delivered(machine, posthog)
    assert posthog.arcade.requests
    for headers in [request.headers for request in posthog.requests] + [asked.headers for asked in posthog.arcade.requests]:
        authorization = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
        assert not authorization.startswith("Basic")
        assert "hunter2" not in str(headers)


def test_no_request_carries_a_cookie_a_path_or_a_password_of_the_users(machine: Machine, posthog: FakePostHog) -> None:
    """Canaries are in the home's path, the working directory, arguments and variables. The raw requests contain no canary."""
    secret = machine.root / "canary-project"
    secret.mkdir()
    machine.program(
        "tool",
        "import sys\n"
        "import arcade_otel\n"
        "with arcade_otel.command('one', name='tool', version='1'):\n"
        "    raise SystemExit('cannot open ' + sys.argv[1])\n",
    )
    ended = machine.run(
        f"{secret}/canary-file", cwd=secret, environ={"MY_TOKEN": "canary-token", "COOKIE": "canary-cookie", "USER": "canaryuser"}
    )
    assert ended.returncode == 1
    delivered(machine, posthog)
    for request in posthog.requests:
        raw = (request.path + str(request.headers)).lower().encode() + request.content.lower()
        assert b"cannot open" in raw, "the message itself is there"
        assert b"canary" not in raw
        assert str(machine.root).lower().encode() not in raw
        assert b"cookie" not in raw
    assert not [leak for request in posthog.requests for leak in request.leaks()]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_a_certificate_bundle_of_the_users_is_honoured(machine: Machine, posthog: FakePostHog, variable: str) -> None:
    """Without the bundle, the sender does not trust the server, and the event waits. With the bundle, the event arrives."""
    context, bundle = certified(machine.root)
    port = int(posthog.url.rpartition(":")[2])
    with TlsFront(context, port) as front:
        machine.environ["ARCADE_USAGE_POSTHOG_HOST"] = front.url
        machine.run("stranger")
        machine.settle()
        assert posthog.events == []
        assert len(machine.queue) == 1
        machine.time_passes()
        machine.run("known", environ={variable: str(bundle)})
        posthog.wait_for(lambda: len(posthog.visible()) == 2)


@pytest.mark.posix
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_no_session_keys_and_no_readable_file_are_left_behind(machine: Machine, posthog: FakePostHog, umask: int) -> None:
    """Anybody who reads the file of ``SSLKEYLOGFILE`` could decrypt the requests.

    Under any umask, only the user can read the files.
    """
    context, bundle = certified(machine.root)
    keys = machine.root / "keys.log"
    with TlsFront(context, int(posthog.url.rpartition(":")[2])) as front:
        environ = {"ARCADE_USAGE_POSTHOG_HOST": front.url, "SSL_CERT_FILE": str(bundle), "SSLKEYLOGFILE": str(keys)}
        assert machine.run("one", environ=environ, umask=umask).returncode == 0
        delivered(machine, posthog)
    assert not keys.exists()
    modes = {
        path.name: path.stat().st_mode & 0o777 for path in machine.state.rglob("*") if path.is_file() and path.name != "notice"
    }
    assert set(modes.values()) == {0o600}, modes


def test_a_proxy_is_used_and_no_proxy_is_not(machine: Machine, posthog: FakePostHog) -> None:
    """The variables are ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``, also in lower case."""
    context, bundle = certified(machine.root)
    port = int(posthog.url.rpartition(":")[2])
    with TlsFront(context, port) as front, Proxy() as proxy:
        machine.environ |= {"ARCADE_USAGE_POSTHOG_HOST": front.url, "REQUESTS_CA_BUNDLE": str(bundle)}
        for number, variable in enumerate(("HTTPS_PROXY", "https_proxy")):
            machine.run("one", environ={variable: proxy.url})
            posthog.wait_for(lambda: len(posthog.visible()) == number + 1)  # noqa: B023
            machine.settle()
            assert [line.rpartition(" ")[0] for line in proxy.lines] == [f"CONNECT localhost:{front.port}"] * (number + 1)
        machine.run("one", environ={"HTTPS_PROXY": proxy.url, "NO_PROXY": "localhost"})
        posthog.wait_for(lambda: len(posthog.visible()) == 3)
        machine.settle()
        assert len(proxy.lines) == 2
        machine.environ["ARCADE_USAGE_POSTHOG_HOST"] = posthog.url
        # In lower case alone: in upper case it is also what a web server makes of a request's header ("httpoxy").
        machine.run("one", environ={"http_proxy": proxy.url})
        posthog.wait_for(lambda: len(posthog.visible()) == 4)
        assert proxy.lines[2] == f"POST {posthog.url}/batch/ HTTP/1.1"


def test_a_proxy_that_is_not_there_costs_nobody_an_event(machine: Machine, posthog: FakePostHog) -> None:
    """The event waits, and arrives when no proxy is set any more."""
    machine.run("one", environ={"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"})
    machine.settle()
    assert len(machine.queue) == 1
    machine.time_passes()
    machine.run("two")
    posthog.wait_for(lambda: len(posthog.visible()) == 2)


@pytest.mark.posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be anybody else")
def test_sudo_leaves_no_file_that_its_user_cannot_replace(machine: Machine, posthog: FakePostHog) -> None:
    """Root runs a command in a user's home.

    The user owns every file and folder that the command makes, and the config directory.
    """
    user, group = 12345, 23456
    for path in (machine.root, machine.home):
        os.chown(path, user, group)
    shutil.rmtree(machine.config_dir)  # what the fixture made
    machine.debug_log.touch()
    machine.debug_log.chmod(0o666)
    sudo = {"SUDO_UID": str(user), "SUDO_GID": str(group), "SUDO_USER": "somebody", "USER": "root"}
    assert machine.run("one", environ=sudo).returncode == 0
    machine.run("logout", environ=sudo)
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    machine.settle()
    made = [machine.config_dir, *machine.config_dir.rglob("*")]
    owners = {str(path.relative_to(machine.home)): (path.stat().st_uid, path.stat().st_gid) for path in made}
    assert set(owners.values()) == {(user, group)}, owners
    folders = {path.parent for path in machine.config_dir.rglob("*")}
    for folder in folders:
        assert folder.stat().st_mode & 0o700 == 0o700


FROZEN = """
import sys
open(sys.argv[0] + ".runs", "a").write("run\\n")
import arcade_otel
{how}
with arcade_otel.command("one", name="tool", version="1"{more}):
    pass
"""


@pytest.mark.parametrize(
    "how", ["sys.frozen = True", "sys.executable = ''", "sys.executable = sys.argv[0]", "sys.executable = None"]
)
def test_a_frozen_or_embedded_program_never_starts_itself_again(machine: Machine, posthog: FakePostHog, how: str) -> None:
    """The span waits in the queue. If the program names the command of its sender, the span is delivered."""
    machine.program("frozen", FROZEN.format(how=how, more=""))
    assert machine.run(program="frozen").returncode == 0
    assert machine.senders() == []
    assert len(machine.queue) == 1
    assert (machine.root / "frozen.py.runs").read_text() == "run\n"
    launch = handoff.sender_command()
    assert launch is not None
    machine.program("named", FROZEN.format(how=how, more=f", sender_command={list(launch)!r}"))
    assert machine.run(program="named").returncode == 0
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    assert (machine.root / "named.py.runs").read_text() == "run\n"


def test_a_thousand_commands_of_a_frozen_program_stay_bounded(machine: Machine) -> None:
    """No sender runs there, so the program itself enforces the limits from time to time."""
    machine.program(
        "many",
        "import sys\nsys.frozen = True\nimport arcade_otel\n"
        "for number in range(1600):\n"
        "    with arcade_otel.command('one', name='tool', version='1'):\n        pass\n",
    )
    assert machine.run(program="many").returncode == 0
    # At one span of 16, by chance: 250 in a row without it happen once in ten million runs.
    assert 1000 <= len(machine.queue) <= 1250


@pytest.mark.linux
def test_the_sender_holds_no_directory_of_the_users_open(machine: Machine, posthog: FakePostHog) -> None:
    """The sender's working directory is the root, so the user can eject a stick, remove a project or unmount a home."""
    from arcade_otel.testing import Fault

    posthog.always(Fault.hang())
    project = machine.root / "project"
    project.mkdir()
    machine.run("one", cwd=project)
    posthog.wait_for(lambda: posthog.requests)
    (sender,) = machine.senders()
    assert os.readlink(f"/proc/{sender}/cwd") == "/"
    held = [os.readlink(path) for path in Path(f"/proc/{sender}/fd").iterdir()]
    assert not [path for path in held if path.startswith(str(project))]
    arguments = Path(f"/proc/{sender}/cmdline").read_bytes().split(b"\0")
    assert arguments[0].decode() == sys.executable
    assert len(arguments) == 4, "nothing about the payload in argv"
    machine.kill_senders()


def test_the_stand_in_hears_of_a_python_without_the_library(tmp_path: Path) -> None:
    """A sender that does not find the library ends at once and does no harm."""
    command = handoff.sender_command()
    assert command is not None
    lonely = tmp_path / "launch"
    lonely.mkdir()
    (lonely / "__main__.py").write_bytes(Path(command[-1]).read_bytes())
    ended = subprocess.run(
        [sys.executable, "-S", str(lonely)],
        env={"ARCADE_USAGE_SENDER": str(tmp_path), "ARCADE_USAGE_EVENT_DATA": json.dumps({})},
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert ended.returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["launch"]
