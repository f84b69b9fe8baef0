import sys

import typer

app = typer.Typer()


@app.callback()
def main():
    pass


@app.command()
def work(how: str):
    try:
        raise LookupError("the tree is not clean")
    except LookupError as error:
        print(error)
        if how == "typer":
            raise typer.Exit(1)
        sys.exit(1)


if __import__("os").environ.get("OUT"):
    import arcade_otel

    arcade_otel.instrument(app, name="tool", posthog_api_key="phc_x")
app()
