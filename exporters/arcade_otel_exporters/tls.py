"""Whom a sender trusts: the certificates that the user names, else those of the machine."""

import os
import ssl
import sys
from collections.abc import Mapping

from arcade_otel.diagnostics import debug

__all__ = ["Trust"]

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_DIRECTORY = "SSL_CERT_DIR"
#: Where distributions keep their bundle, for a Python that was built to look elsewhere.
_KNOWN_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)
_HASH_DIGITS = 8


class Trust:
    """Makes the TLS context of a sender.

    ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE`` and ``SSL_CERT_FILE`` name a file or a directory, ``SSL_CERT_DIR`` directories;
    the first that can be read counts alone. One that cannot be read is told in the debug log, and the machine's own
    certificates count. No other variable matters: ``SSLKEYLOGFILE`` would write the session's keys down.

    The machine's directory of certificates is read one file at a time, when a server's certificate asks for it: reading the
    whole bundle costs six times a bare Python's start. :meth:`widen` reads it all for a server that is unknown by then.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._context: ssl.SSLContext | None = None
        self._is_lazy = False

    def context(self) -> ssl.SSLContext:
        """Return the context: TLS 1.2 or later, certificate and host name are checked."""
        if self._context is None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._context.set_alpn_protocols(["http/1.1"])
            if not self._load_named(self._context):
                self._load_machines(self._context)
        return self._context

    def widen(self) -> bool:
        """Read every certificate of the machine; return False if there are none beside those that were read before."""
        if not self._is_lazy or self._context is None:
            return False
        self._is_lazy = False
        return self._load_bundles(self._context)

    def _load_named(self, context: ssl.SSLContext) -> bool:
        for name in _BUNDLES:
            path = self._environ.get(name, "").strip()
            if path and _load(context, path, name):
                return True
        directories = self._environ.get(_DIRECTORY, "").strip()
        found = [_load(context, path, _DIRECTORY) for path in directories.split(os.pathsep) if path]
        return any(found)

    def _load_machines(self, context: ssl.SSLContext) -> None:
        if sys.platform == "win32":
            context.load_default_certs()
            return
        # The compiled-in places: ``load_default_certs`` would take SSL_CERT_FILE for them, which may point nowhere.
        directory = ssl.get_default_verify_paths().openssl_capath
        if _has_hashed_names(directory):
            context.load_verify_locations(capath=directory)
            self._is_lazy = True
        elif not self._load_bundles(context):
            debug("this machine has no certificates of authorities: no https server is trusted")

    @staticmethod
    def _load_bundles(context: ssl.SSLContext) -> bool:
        """Load the machine's bundle, else ``certifi``'s, else one of those that distributions have."""
        candidates = [ssl.get_default_verify_paths().openssl_cafile]
        try:
            import certifi

            candidates.append(certifi.where())
        except ImportError:
            pass
        return any(os.path.isfile(path) and _load(context, path, "") for path in (*candidates, *_KNOWN_BUNDLES))


def _load(context: ssl.SSLContext, path: str, name: str) -> bool:
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        debug(f"{name or 'a bundle of certificates'} cannot be read; the machine's certificates count instead", error)
        return False
    return True


def _has_hashed_names(directory: str) -> bool:
    """Tell whether OpenSSL can look a certificate up in ``directory``: a file is named by its subject's hash (``c_rehash``)."""
    try:
        with os.scandir(directory) as entries:
            return any(_is_hashed(entry.name) for entry in entries)
    except OSError:
        return False


def _is_hashed(name: str) -> bool:
    stem, dot, number = name.partition(".")
    return bool(dot) and number.isdigit() and len(stem) == _HASH_DIGITS and stem.isalnum()
