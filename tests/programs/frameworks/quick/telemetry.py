from arcade_otel.frameworks import Run


class Watcher:
    def __init__(self, settings):
        self.settings, self.run = settings, None

    def started(self):
        self.run = Run.begin(self.settings)

    def found(self, name):
        if self.run is not None and name:
            self.run.enter_command(name)
            self.run.on_command_start()

    def ended(self, error, code):
        if self.run is not None:
            self.run.end(error, exit_code=code)


def attach(app, settings):
    app.watcher = Watcher(settings)


def detach(app):
    app.watcher = None
