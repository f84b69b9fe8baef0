import click
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import arcade_otel
from arcade_otel.identity.detector import IdentityResourceDetector
from arcade_otel.identity.processor import IdentityLifecycleProcessor
from arcade_otel_exporters.detached import DetachedSpanExporter
from arcade_otel_exporters.posthog import PostHogSpanExporter

HOST = "https://posthog.invalid"
FOLDER = "/nonexistent"

print("noise on stdout")
provider = TracerProvider(resource=IdentityResourceDetector().detect())
provider.add_span_processor(IdentityLifecycleProcessor(SimpleSpanProcessor(DetachedSpanExporter())))
provider.add_span_processor(SimpleSpanProcessor(PostHogSpanExporter("phc_x", HOST)))
trace.set_tracer_provider(provider)
with trace.get_tracer("arcade_otel").start_as_current_span("x") as span:
    span.set_attribute("command", "x")
with arcade_otel.command("at.import", name="tool", version="1"):
    pass


@click.group()
def app():
    pass


@app.command()
def hello():
    pass


arcade_otel.instrument(app, name="tool", version="1", posthog_api_key="phc_x", posthog_host=HOST, config_dir=FOLDER)
# directly
