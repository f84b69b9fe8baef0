from table_helpers import argparse_program, follow, program


def main():
    import configargparse

    with program():
        follow(argparse_program(configargparse.ArgumentParser).parse_args())
