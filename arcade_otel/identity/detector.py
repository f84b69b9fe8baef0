"""The resource detector ``arcade_identity``: who the process belongs to when it starts."""

import os

from opentelemetry.sdk.resources import Resource, ResourceDetector

from arcade_otel import consent, conventions, identity as identity_file
from arcade_otel.diagnostics import guard
from arcade_otel.settings import Settings, make_settings

__all__ = ["IdentityResourceDetector"]


class IdentityResourceDetector(ResourceDetector):
    """Detects ``distinct_id`` and ``is_anon`` of this machine, and nothing if the user opted out.

    Reads one small file without a lock; only where there is none does it make one. Asks no API, so that it is fit for start-up.
    What it finds is true of the process's start; a span of a command says for itself whose it is, and wins.

    Guarantees: never raises, unless ``raise_on_error``; the schema URL is empty, since the SDK drops a resource whose URL
    differs from another's.

    Args:
        raise_on_error: Let a failure reach the SDK, which logs it.
        settings: The application's; made from the environment if None.
        config_dir: Config directory instead of the settings'.
    """

    def __init__(
        self,
        raise_on_error: bool = False,  # noqa: FBT001, FBT002 - the SDK's signature
        *,
        settings: Settings | None = None,
        config_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(raise_on_error=raise_on_error)
        self._settings = settings
        self._config_dir = config_dir

    def detect(self) -> Resource:
        """Return the identity, or an empty resource."""
        # The SDK runs detectors even when OTEL_SDK_DISABLED is set. The environment first: nothing else is made of it then.
        if consent.tracking_mode() == consent.OFF:
            return Resource({})
        if self.raise_on_error:
            return self._detected()
        with guard("the identity detector"):
            return self._detected()
        return Resource({})

    def _detected(self) -> Resource:
        settings = self._settings or make_settings(config_dir=self._config_dir)
        if not settings.config_dir or settings.decide().mode == consent.OFF:
            return Resource({})
        distinct_id, is_anon = identity_file.current(settings)
        return Resource({conventions.DISTINCT_ID: distinct_id, conventions.IS_ANON: is_anon})
