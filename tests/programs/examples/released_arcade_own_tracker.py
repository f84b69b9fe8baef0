"""The released Arcade CLI as it is, with its own tracker. Only the address of PostHog is another one."""

import os

from arcade_cli.usage import command_tracker

service = command_tracker.command_tracker.usage_service
service.host = os.environ["ARCADE_USAGE_POSTHOG_HOST"]
service.api_key = os.environ["ARCADE_USAGE_POSTHOG_API_KEY"]

from arcade_cli.main import cli

if __name__ == "__main__":
    cli(prog_name="arcade")
