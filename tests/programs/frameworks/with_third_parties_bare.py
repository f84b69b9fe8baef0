import typer

app = typer.Typer()
kit = typer.Typer()
app.add_typer(kit, name="kit")


@kit.command()
def run(n: int = 1):
    print("ran", n)
    raise typer.Exit(n)


if __name__ == "__main__":
    app()
