"""Instruments every app of a suite, in pytest's process and in each Python that a test starts. The spans are not delivered.

It is pytest's plugin ``upstream_plugin``, and the module ``sitecustomize`` of each process. Each recorded command adds a line to
the file that ``UPSTREAM_SPANS`` names.
"""

import os
from typing import Any

import arcade_otel.handoff
from arcade_otel_instrumentation import ArcadeInstrumentor

_SPANS = os.environ["UPSTREAM_SPANS"]


def _count(*_: Any, **__: Any) -> list[str]:
    with open(_SPANS, "a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    return []


arcade_otel.handoff.submit = _count
if not ArcadeInstrumentor().is_instrumented_by_opentelemetry:
    ArcadeInstrumentor().instrument(name="upstream")
