from table_helpers import command


def main():
    import fire

    class Tool:
        def build(self, n=1):
            print("built", n)

        def fail(self):
            raise ValueError("it broke")

    with command("tool"):
        fire.Fire(Tool, name="tool")
