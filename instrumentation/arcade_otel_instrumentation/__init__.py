"""Records each command of a program that has no line of this library, when it runs under ``opentelemetry-instrument``."""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

import wrapt
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]

import arcade_otel

__all__ = ["ArcadeInstrumentor"]

#: Where the classes of apps are, by the module that defines them. Each app is instrumented when it is made.
_CLASSES = {
    "click.core": ("Command", "BaseCommand"),
    "typer.main": ("Typer",),
    "asyncclick.core": ("Command", "BaseCommand"),
    "cyclopts.core": ("App",),
    "cleo.application": ("Application",),
    "cliff.app": ("App",),
}
# What opentelemetry-instrument passes to each instrumentor, and this one does not need.
_PROVIDERS = ("tracer_provider", "meter_provider", "logger_provider")


class ArcadeInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """The OpenTelemetry instrumentor of command-line programs, under the name ``arcade``.

    ``instrument(**options)`` takes the options of :func:`arcade_otel.instrument`. A declarative configuration file gives them
    under ``instrumentation/development: python: arcade:``. Apps that are made from then on are recorded. A program that calls
    :func:`arcade_otel.instrument` itself keeps its own options.
    """

    _options: dict[str, Any] | None = None  # None: nothing is recorded
    _hooked = False

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return nothing: each framework that the program imports is recorded."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        options = {name: value for name, value in kwargs.items() if name not in _PROVIDERS}
        arcade_otel.command("check", **options)  # raises at once if an option is wrong
        self._options = options
        if not self._hooked:
            self._hooked = True
            self._apps: list[weakref.ref[Any]] = []
            for module, classes in _CLASSES.items():
                wrapt.register_post_import_hook(self._hook(classes), module)

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002 - the base class's signature
        self._options = None  # the constructors stay patched, and do nothing more
        for reference in self._apps:
            app = reference()
            if app is not None:
                arcade_otel.uninstrument(app)
        self._apps.clear()

    def _hook(self, classes: tuple[str, ...]) -> Callable[[Any], None]:
        def imported(module: Any) -> None:
            for name in classes:
                app_class = vars(module).get(name)
                if isinstance(app_class, type) and "__init__" in vars(app_class):
                    self._follow(app_class)

        return imported

    def _follow(self, app_class: Any) -> None:
        original = app_class.__init__

        @wraps(original)
        def init(app: Any, *args: Any, **kwargs: Any) -> None:
            original(app, *args, **kwargs)
            if getattr(app, "_instantiating_module_name", None) == __name__:
                # A cyclopts app looks for its version in the module that has made the app. That is not this module.
                app._instantiating_module_name = sys._getframe(1).f_globals.get("__name__")  # noqa: SLF001 - no public way
            if self._options is not None:
                with contextlib.suppress(Exception):  # an app that is made differently runs as it would without this library
                    arcade_otel.instrument(app, **self._options)
                    self._apps.append(weakref.ref(app))

        app_class.__init__ = init
