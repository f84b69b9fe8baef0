from arcade_otel_instrumentation import ArcadeInstrumentor

try:
    ArcadeInstrumentor().instrument(nmae="x")
except TypeError as error:
    print(error)
ArcadeInstrumentor().instrument(name="tool")
import click

from arcade_otel.frameworks import SETTINGS

before = click.Command("x")
print(hasattr(before, SETTINGS))
ArcadeInstrumentor().uninstrument()
print(hasattr(before, SETTINGS), hasattr(click.Command("y"), SETTINGS))
ArcadeInstrumentor().instrument(name="tool")
print(hasattr(click.Command("z"), SETTINGS), list(ArcadeInstrumentor().instrumentation_dependencies()))
