import argparse

from table_helpers import argparse_program, follow, program


def main():
    from rich_argparse import RichHelpFormatter

    with program():
        follow(argparse_program(argparse.ArgumentParser, formatter_class=RichHelpFormatter).parse_args())
