import click


@click.group()
def app():
    pass


@app.command()
@click.option("--name", default="you")
def hello(name):
    print(f"hello {name}")


# instrument
if __name__ == "__main__":
    app()
