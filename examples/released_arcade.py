"""The released Arcade CLI (``pip install arcade-mcp``) with its own usage tracker replaced by arcade-otel.

The identity file, the credentials and the events' names are the same, so that nobody becomes somebody else by the change.
"""

from arcade_cli.usage import command_tracker

command_tracker.command_tracker.track_command_execution = lambda *_, **__: None  # the tracker that it was released with

from arcade_cli.main import cli  # noqa: E402 - after the line above

import arcade_otel  # noqa: E402

arcade_otel.instrument(cli, name="arcade", distribution="arcade-mcp", posthog_host="https://us.i.posthog.com")

if __name__ == "__main__":
    cli(prog_name="arcade")
