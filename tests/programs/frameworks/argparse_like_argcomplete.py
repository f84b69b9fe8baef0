import argparse

from table_helpers import argparse_program, follow, program


def main():
    import argcomplete

    with program():
        parser = argparse_program(argparse.ArgumentParser)
        argcomplete.autocomplete(parser)
        follow(parser.parse_args())
