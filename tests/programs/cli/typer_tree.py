import typer

import arcade_otel

app = typer.Typer(invoke_without_command=True)
tool = typer.Typer()
box = typer.Typer()
flat = typer.Typer()


@app.callback()
def main():
    pass


@app.command(hidden=True)
def secret():
    pass


@app.command(deprecated=True)
def old():
    raise ValueError("too old")


@app.command("outer")
def inner():
    pass


@box.command()
def run_it():
    pass


@flat.command()
def one_of_the_root():
    pass


@app.command()
def login():
    pass


tool.add_typer(box, name="box")
app.add_typer(tool, name="tool")
app.add_typer(flat)
arcade_otel.instrument(app, name="tool", version="1.2.3")
app.add_typer(arcade_otel.usage_commands(app), name="usage")
if __name__ == "__main__":
    app()
