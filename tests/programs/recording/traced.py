import os
import subprocess
import sys
import threading

import click
from opentelemetry import trace

import arcade_otel

tracer = trace.get_tracer("the.program")


@click.group()
def app():
    pass


@app.command()
@click.option("--times", default=2)
def work(times):
    trace.get_current_span().set_attribute("tool.name", "hammer")
    for number in range(times):
        with tracer.start_as_current_span(f"step {number}") as span:
            span.set_attribute("url.full", "https://canary.example/secret")
            with tracer.start_as_current_span("inner"):
                pass


@app.command()
def fail():
    with tracer.start_as_current_span("before"):
        pass
    raise click.ClickException("it broke")


@app.command()
def fetch():
    import httpx
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.instrumentation.threading import ThreadingInstrumentor

    HTTPXClientInstrumentor().instrument()
    ThreadingInstrumentor().instrument()
    httpx.get(os.environ["ENDPOINT"] + "/api/v1/auth/whoami")

    def inside():
        with tracer.start_as_current_span("in a thread"):
            pass

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()


@app.command()
def child():
    subprocess.run([sys.executable, sys.argv[0], "work", "--times", "1"], check=True)


@app.command()
def show():
    print(os.environ.get("TRACEPARENT"), os.environ.get("TRACESTATE"))


@app.command()
def login():
    pass


@app.command()
def logout():
    pass


# the host program's own tracing
arcade_otel.instrument(app, name="tool", version="1.2.3", principal="who:am_i")
app()
