import os
import signal
import sys

import click

import arcade_otel

if sys.argv[1:2] == ["login"]:
    import httpx  # noqa: F401 - else its import takes more than the 2 s for the API's answer, under Wine on a busy machine

CREDENTIALS = os.path.join(os.environ.get("ARCADE_WORK_DIR") or os.path.expanduser("~/.arcade"), "credentials.yaml")


@click.group()
def cli():
    pass


@cli.command()
def ok():
    click.echo("done")


@cli.command()
@click.argument("code", type=int)
def fail(code):
    click.echo("failing", err=True)
    sys.exit(code)


@cli.command()
def crash():
    raise RuntimeError("no such toolkit")


@cli.command()
def interrupted():
    signal.raise_signal(signal.SIGINT)  # what Ctrl-C does to a program


@cli.command()
def killed():
    click.echo("done")


@cli.command()
@click.argument("key")
@click.argument("url")
def login(key, url):
    os.makedirs(os.path.dirname(CREDENTIALS), exist_ok=True)
    with open(CREDENTIALS, "w") as file:
        file.write(f"cloud:\n  api:\n    key: {key}\n  coordinator_url: {url}\n")
    click.echo("logged in")


@cli.command()
def logout():
    if os.path.exists(CREDENTIALS):
        os.unlink(CREDENTIALS)
    click.echo("logged out")


arcade_otel.instrument(cli, name="tool", version="1.2.3")
cli.add_command(arcade_otel.usage_commands(cli), "usage")

if __name__ == "__main__":
    try:
        cli(prog_name="tool")
    finally:
        if sys.argv[1:] == ["killed"]:
            os.kill(os.getpid(), signal.SIGTERM)  # TerminateProcess: nothing more of this process runs
