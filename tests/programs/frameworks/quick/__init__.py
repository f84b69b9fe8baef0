import sys


class App:
    def __init__(self, **commands):
        self.commands = commands
        self.watcher = None

    def __call__(self):
        name = sys.argv[1]
        if self.watcher:
            self.watcher.started()
        if name == "--help":
            print("help")
            return
        try:
            if self.watcher:
                self.watcher.found(name if name in self.commands else "")
            code = self.commands[name]()
        except Exception as error:
            if self.watcher:
                self.watcher.ended(error, 9)
            sys.exit(9)
        if self.watcher:
            self.watcher.ended(None, code or 0)
        sys.exit(code)
