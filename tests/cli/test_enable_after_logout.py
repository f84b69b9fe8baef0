"""While usage data is off, the library does not notice a logout. So ``enable`` assumes that there was one."""

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine


def test_no_event_of_the_next_person_is_booked_to_the_account_that_was_logged_out_meanwhile(
    machine: Machine, posthog: FakePostHog
) -> None:
    """After login, ``disable``, logout and ``enable``, the next command has a new anonymous ID."""
    machine.program("usage", "import sys\nfrom arcade_otel.cli.console import main\nsys.exit(main())")
    posthog.arcade.add(api_key="key", principal_id="user-1")
    machine.log_in("key", posthog.url)
    machine.run("login")
    machine.settle()
    linked = machine.usage
    assert linked["linked_principal_id"] == "user-1"
    assert machine.run("disable", program="usage").returncode == 0
    (machine.config_dir / "credentials.yaml").unlink()
    machine.run("logout")
    assert machine.run("enable", program="usage").returncode == 0
    machine.run("work")
    machine.settle()
    (work,) = (event for event in posthog.visible() if event.properties.get("command_name") == "work")
    assert machine.usage["linked_principal_id"] is None
    assert work.distinct_id == machine.usage["anon_id"] != linked["anon_id"]
