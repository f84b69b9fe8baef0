import typer

import arcade_otel

app = typer.Typer(pretty_exceptions_enable=False)
leaky = False


@app.command()
def count():
    print("3 toolkits")


@app.command()
def connect(address: str, token: str = ""):
    raise RuntimeError(f"cannot connect to {address} with {token}")


arcade_otel.instrument(
    app,
    name="mycli",
    version="1",
    posthog_api_key="phc_mycli",
    posthog_host="https://posthog.invalid",
    error_messages=str if leaky else "redacted",
)
app.add_typer(arcade_otel.usage_commands(app), name="usage")
if __name__ == "__main__":
    app()
