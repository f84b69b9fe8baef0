"""Send the example programs' spans to Arize Phoenix and MLflow, and check through their APIs what arrived.

``make receivers`` runs all receivers. ``python -m tests.receivers.run docs/receivers mlflow`` runs one of them, and writes its
pictures to a directory. The script needs a package index, 2 GB under ``.receivers``, and some minutes, so ``make test`` does not
run it.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.receivers.day import DAY, differences, send_day
from tests.receivers.servers import SERVERS, Seen, Server, running

#: What the receivers keep of the resource: Phoenix the project's name, MLflow everything as the trace's tags.
RESOURCE: dict[str, dict[str, str]] = {
    "phoenix": {"openinference.project.name": "mycli"},
    "mlflow": {
        "service.name": "arcade",
        "service.version": "1.2.3",
        "telemetry.distro.name": "arcade-otel",
        "os.type": "linux",
        "mlflow.trace.user": "jane-principal-id",
    },
}


def main(arguments: list[str]) -> int:
    """Check the receivers. Return the exit code of the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="?", type=Path, help="folder for the pictures; none are taken without it")
    parser.add_argument("names", nargs="*", help=f"which receivers: {', '.join(server.name for server in SERVERS)} (all)")
    options = parser.parse_args(arguments)
    wrong = 0
    for server in SERVERS:
        if not options.names or server.name in options.names:
            wrong += len(check(server, options.pictures))
    return int(wrong > 0)


def check(server: Server, pictures: Path | None) -> list[str]:
    """Send the day to a receiver, print the result, and return what is wrong."""
    print(f"{server.title}: installing", flush=True)
    version = server.install()
    with (
        tempfile.TemporaryDirectory(prefix=f"receiver-{server.name}-") as folder,
        running(server, Path(folder, "server")) as url,
    ):
        sending = {name: value.format(port=url.rpartition(":")[2]) for name, value in server.sending.items()}
        wrong = send_day(Path(folder, "day"), f"{url}{server.ready}", sending)
        spans = server.spans(url)
        wrong += differences(spans) + without_resource(server, spans)
        if pictures is not None:
            from tests.receivers.picture import take_picture  # needs a browser, which the checks do not

            take_picture(server, url, pictures, Path(folder))
    print(f"{server.title} {version}: {len(spans)} spans of {len(DAY)} commands; {len(wrong)} are not as expected", flush=True)
    for each in wrong:
        print(f"    {each}")
    return wrong


def without_resource(server: Server, spans: list[Seen]) -> list[str]:
    """Return the resource attributes that the span of ``deploy`` lacks at the receiver."""
    found = next((span.resource for span in spans if span.name == "arcade deploy"), {})
    return [f"resource: {key} is {found.get(key)}" for key, value in RESOURCE[server.name].items() if found.get(key) != value]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
