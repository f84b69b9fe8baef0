import typer

app = typer.Typer()


@app.command()
def hello(name: str = "you"):
    print(f"hello {name}")


@app.command()
def other():
    pass


# instrument
if __name__ == "__main__":
    app()
