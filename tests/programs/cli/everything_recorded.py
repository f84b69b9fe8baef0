import click

import arcade_otel


@click.group()
def app():
    pass


@app.command()
@click.option("--fast", is_flag=True)
def work(fast):
    pass


@app.command()
@click.option("--fast", is_flag=True)
def fail(fast):
    raise ValueError("it broke")


@app.command()
def serve():
    pass


@app.command()
def login():
    pass


@app.command()
def logout():
    pass


app.add_command(arcade_otel.usage_commands(app))
SHARES = {"work": 1.0, "fail": 1.0, "serve": 1.0}
arcade_otel.instrument(
    app,
    name="tool",
    version="1.2.3",
    principal="who:am_i",
    record_option_names=True,
    record_start="serve",
    sample=SHARES,
    arcade_context=True,
)
app()
