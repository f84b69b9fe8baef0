"""The resource detector ``arcade_identity``, which adds the user's identity to the SDK's resource when the process starts."""

import os

from opentelemetry.sdk.resources import Resource, ResourceDetector

from arcade_otel import consent, conventions, identity as identity_file
from arcade_otel.diagnostics import guard
from arcade_otel.settings import Settings, make_settings

__all__ = ["IdentityResourceDetector"]


class IdentityResourceDetector(ResourceDetector):
    """Detect ``distinct_id`` and ``is_anon``. The resource is empty if the user has opted out.

    The detector reads one small file without a lock, and creates the file if it does not exist. The detector never asks an API,
    so it does not delay the start of a process. The resource contains the identity that was current when the process started. A
    command's span contains its own identity, which takes precedence over the resource.

    Guarantees: ``detect`` never raises, unless ``raise_on_error`` is set. The resource has no schema URL, because the SDK drops
    the attributes of a resource whose schema URL differs from that of another resource.

    Args:
        raise_on_error: Whether to raise an error to the SDK, which logs it.
        settings: The program's settings, or None to make settings from the environment.
        config_dir: The config directory to use if ``settings`` is None. If both are None, the environment determines the config
            directory.
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
        """Return a resource with the identity, or an empty resource if there is no identity."""
        # The SDK runs detectors even if OTEL_SDK_DISABLED is set. The environment is checked first, because then no file is read.
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
