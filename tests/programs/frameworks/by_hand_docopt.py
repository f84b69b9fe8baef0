from table_helpers import command


def main():
    from docopt import docopt

    with command("tool"):
        chosen = docopt("Usage:\n  tool build [--n=N]\n  tool fail\n  tool --help")
        if chosen["fail"]:
            raise ValueError("it broke")
        print("built", chosen["--n"])
