import sys

from table_helpers import command


def main():
    import fire

    class Tool:
        def build(self, num=1):
            print("built", num)

        def fail(self):
            raise ValueError("it broke")

        def leave(self):
            sys.exit(3)

    with command("tool"):
        fire.Fire(Tool, name="tool")
