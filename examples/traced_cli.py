"""A program that is traced from inside: child spans and HTTP calls below the command's span, sent to a collector by OTLP.

OTEL_TRACES_EXPORTER=posthog,otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
    python traced_cli.py fetch http://localhost:8000
"""

import click
import httpx
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

import arcade_otel

tracer = trace.get_tracer("traced-cli")


@click.group()
def cli() -> None:
    """Fetch things."""


@cli.command()
@click.argument("url")
def fetch(url: str) -> None:
    """Fetch an address, and tell its size."""
    HTTPXClientInstrumentor().instrument()
    trace.get_current_span().set_attribute("fetch.tries", 1)
    with tracer.start_as_current_span("measure"):
        click.echo(str(len(httpx.get(url).content)))


arcade_otel.instrument(cli, name="traced-cli", version="1.0.0", live_spans=True)

if __name__ == "__main__":
    cli()
