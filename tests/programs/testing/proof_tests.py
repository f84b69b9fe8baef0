import sys


def test_a_command_is_recorded(arcade_usage):
    ended = arcade_usage.run(sys.executable, "mycli.py", "count")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "3 toolkits\n", "")
    (event,) = arcade_usage.events
    assert event.properties["command_name"] == "count"
    assert arcade_usage.queue == []


def test_nothing_secret_leaves(arcade_usage, arcade_canaries):
    assert len(arcade_canaries) == 19
    for canary in arcade_canaries:
        ended = arcade_usage.run(
            sys.executable, "mycli.py", "connect", "--token", arcade_canaries.token, "--", canary, env={"SECRET": canary}
        )
        assert ended.returncode == 1
    assert len(arcade_usage.events) == 19
    arcade_usage.assert_no_secret(*arcade_canaries)
