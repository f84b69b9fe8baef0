import enum
import sys

import click

import arcade_otel

WHY = arcade_otel.FreeText(reason="shows why tools fail")


class Cause(str, enum.Enum):
    TIMEOUT = "the tool timed out"


@click.group()
def app():
    pass


@app.command()
@click.argument("names", nargs=-1)
@click.option("--city", prompt=True)
@click.option("--region", envvar="REGION")
@click.option("--settings", type=click.File())
def work(names, city, region, settings):
    answer = input()
    try:
        open(names[0])
    except OSError as error:
        arcade_otel.set_property("why", f"{error.strerror} {names[0]} in {city}")
    arcade_otel.track("tool failed", {"why": f"{answer} of {region} knows no {settings.read()}"})
    sys.argv[1:] = ["work"]  # the values come from Click


@app.command()
@click.argument("text")
def say(text):
    arcade_otel.set_property("why", "very " * 200 + "long")
    arcade_otel.track("tool failed", {"why": Cause.TIMEOUT})
    arcade_otel.track("tool failed", {"why": ""})
    arcade_otel.track("tool failed", {"why": None})
    arcade_otel.track("tool failed", {"why": "said 'Quokka Ltd' and <b>"})


@app.command()
@click.argument("words", nargs=-1)
def many(words):
    arcade_otel.set_property("why", "nothing to see")
    arcade_otel.track("tool failed", {"why": "nothing to see"})


@app.command()
def wrong():
    for value in (3, True, b"bytes", ["list"], ValueError("no")):
        arcade_otel.set_property("why", value)  # type: ignore[arg-type]
        arcade_otel.track("tool failed", {"why": value})  # type: ignore[dict-item]


@app.command()
def login():
    arcade_otel.set_property("why", "asked jane@example.com")


arcade_otel.instrument(
    app,
    name="tool",
    version="1",
    principal=lambda: "user-9",
    record_start=["say"],
    properties={"why": WHY, "last": WHY},
    property_values=lambda: {"last": "in the end, /home/jane/notes.txt was missing"},
    events={"tool failed": {"why": WHY}},
)
app()
