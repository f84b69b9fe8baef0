import os

import click

import arcade_otel

CANARIES = os.environ["CANARIES"].split(" ")
TEXT = arcade_otel.FreeText(reason="shows what the test says")
quoted = "; ".join(f"could not use {canary}" for canary in CANARIES)


def misuse():
    """Set and track what is declared as well as what is not, with canaries as names and values."""
    for canary in CANARIES:
        arcade_otel.set_property("tools", canary)
        arcade_otel.set_property("plan", canary)
        arcade_otel.set_property("team", f"{canary} {canary}@example.com")
        arcade_otel.set_property(canary, canary)
        arcade_otel.track(canary, {canary: canary})
        arcade_otel.track("tool called", {"number": canary, "kind": canary, canary: canary})
    arcade_otel.set_property("tools", 3)
    arcade_otel.set_property("plan", "pro")
    arcade_otel.set_property("organization", "org_7")
    arcade_otel.set_property("note", quoted)
    arcade_otel.track("tool called", {"number": 3, "kind": "remote", "text": quoted})


@click.group()
def app():
    pass


@app.command()
@click.option("--fast", is_flag=True)
@click.option("--secret")
@click.argument("words", nargs=-1)
def work(fast, secret, words):
    misuse()


@app.command()
@click.option("--fast", is_flag=True)
@click.option("--secret")
@click.argument("words", nargs=-1)
def fail(fast, secret, words):
    misuse()
    raise type(CANARIES[0], (ValueError,), {})(quoted)


@app.command()
def serve():
    misuse()
    arcade_otel.end_run()
    misuse()


@app.command()
@click.argument("words", nargs=-1)
def prompt(words):
    misuse()


@app.command()
def login():
    misuse()


@app.command()
def logout():
    misuse()


app.add_command(arcade_otel.usage_commands(app))
arcade_otel.instrument(
    app,
    name="tool",
    version=f"1.2.{os.environ['PATCH']}+{CANARIES[0]}",
    principal=lambda: "user-9",
    record_option_names=True,
    record_start="serve",
    exclude="prompt",
    sample=dict.fromkeys(("work", "fail", "serve"), 1.0),
    arcade_context=True,
    live_spans=False,
    groups=["team", "organization"],
    properties={"tools": int, "plan": ["free", "pro"], "note": TEXT, "release": "cli_version"},
    person_properties=["plan"],
    events={"tool called": {"number": int, "kind": ["local", "remote"], "text": TEXT}},
)
app()
