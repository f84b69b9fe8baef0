"""A small command-line program like Arcade's: what ``make demo`` runs.

The one line that concerns usage tracking is the call of ``instrument`` below.
"""

import os
from pathlib import Path

import typer

import arcade_otel

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
toolkit = typer.Typer(no_args_is_help=True)
app.add_typer(toolkit, name="toolkit", help="Work with toolkits.")
arcade_otel.instrument(app, name="arcade", version="1.2.3")

CREDENTIALS = Path(os.environ.get("ARCADE_WORK_DIR") or Path.home() / ".arcade") / "credentials.yaml"


@app.command()
def login(api_key: str = typer.Option(...), url: str = typer.Option("https://cloud.arcade.dev")) -> None:
    """Log in: keep the key where the Arcade CLI keeps it."""
    CREDENTIALS.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    CREDENTIALS.touch(mode=0o600)
    CREDENTIALS.write_text(f"cloud:\n  api:\n    key: {api_key}\n  coordinator_url: {url}\n")
    typer.echo("You are logged in.")


@app.command()
def logout() -> None:
    """Log out."""
    CREDENTIALS.unlink(missing_ok=True)
    typer.echo("You are logged out.")


@app.command()
def whoami() -> None:
    """Tell whether you are logged in."""
    typer.echo("logged in" if CREDENTIALS.exists() else "anonymous")


@app.command()
def deploy() -> None:
    """Deploy, and fail at it."""
    raise RuntimeError("the deployment for jane@example.com was refused")


@toolkit.command("list")
def toolkit_list() -> None:
    """List the toolkits."""
    typer.echo("github\nslack")


@toolkit.command("run")
def toolkit_run(name: str = "github") -> None:
    """Run a toolkit."""
    typer.echo(f"{name}: done")


if __name__ == "__main__":
    app(prog_name="arcade")
