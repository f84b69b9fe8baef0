"""``python -m arcade_otel.testing``: run the stand-in and print each event as it arrives."""

import argparse
import signal
import sys
import threading

from arcade_otel.testing import Event, FakePostHog

__all__: list[str] = []


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m arcade_otel.testing", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any)")
    parser.add_argument("--key", action="append", metavar="API_KEY=PRINCIPAL", default=[], help="a key that Arcade's API knows")
    chosen = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with FakePostHog(port=chosen.port, arrived=_show) as stand_in:
        for pair in chosen.key:
            api_key, _, principal = pair.partition("=")
            stand_in.arcade.add(api_key=api_key, principal_id=principal)
        _say(f"listening: export ARCADE_USAGE_POSTHOG_HOST={stand_in.url} ARCADE_USAGE_POSTHOG_API_KEY=phc_local")
        ended.wait()
    return 0


def _show(event: Event) -> None:
    what = event.properties.get("command_name") or event.properties.get("alias") or ""
    _say(f"{event.time:%H:%M:%S}  {event.event:<24}  {what:<24}  {event.distinct_id}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
