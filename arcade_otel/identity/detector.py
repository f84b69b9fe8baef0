"""The resource detector ``arcade_identity``, which adds the user's identity to the SDK's resource when the process starts."""

import os

from opentelemetry.sdk.resources import Resource, ResourceDetector

from arcade_otel import consent, conventions, identity as identity_file
from arcade_otel.diagnostics import guard
from arcade_otel.settings import Settings, make_settings

__all__ = ["IdentityResourceDetector"]


class IdentityResourceDetector(ResourceDetector):
    """Detect ``distinct_id`` and ``is_anon``. If the user has opted out, the resource is empty.

    The detector reads the identity from ``usage.json``, and creates the file if it does not exist. The detector makes no network
    request. The resource contains the identity at the time of the detection, which is usually the start of the process. A
    command's span also contains an identity, which takes precedence over the identity in the resource.

    Guarantee: ``detect`` raises no exception if ``raise_on_error`` is False. The resource contains no schema URL, because the SDK
    cannot merge two resources with different schema URLs and drops the attributes of one of them.

    Args:
        raise_on_error: Whether ``detect`` raises an exception if it cannot read or create the identity.
        settings: The program's settings, or None for settings from the environment.
        config_dir: The config directory to use if ``settings`` is None. If ``settings`` and ``config_dir`` are both None, the
            environment determines the config directory.
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
        """Return a resource with the identity, or an empty resource if the user has opted out or the identity cannot be read."""
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
