import io
import os
import sys
from pathlib import Path

import click
from recorder import instrument

ASKED = False
sys.stdin = io.StringIO("CanaryPrompt\n")
os.environ["TOOL_REGION"] = "Canari"


@click.group()
@click.option("--profile", "-p", default="plain")
def app(profile):
    pass


@app.command()
@click.argument("name")
@click.option("--file", "-f", "files", multiple=True, type=click.Path(path_type=Path))
@click.option("--region", envvar="TOOL_REGION")
@click.option("--owner", default=lambda: "CanaryComputed")
@click.option("--secret", prompt=True)
@click.option("--colour", type=click.Choice(["CanaryChoice"]), default="CanaryChoice")
@click.option("--count", "-c", default=7)
@click.option("--verbose/--quiet", "-v", default=False)
@click.option("--token")
def work(name, files, region, owner, secret, colour, count, verbose, token):
    file = files[0].name if files else ""
    raise RuntimeError(f"no {name} {file} in {region} of {owner} with {secret} for {count} at plain; {colour} {token}")


instrument(app, record_option_names=ASKED)
if __name__ == "__main__":
    app(default_map={"work": {"token": "CanaryConfig"}})
