"""The certificates that a sender trusts: those that the user has configured, or else those of the machine."""

import binascii
import os
import ssl
import sys
from collections.abc import Mapping

from arcade_otel.diagnostics import debug

__all__ = ["Trust"]

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_DIRECTORY = "SSL_CERT_DIR"
#: The bundles of Linux distributions, for a Python that was built to look in other places.
_KNOWN_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)
_HASH_DIGITS = 8
#: A smaller bundle is read completely.
_LARGE_BUNDLE_BYTES = 32 * 1024
_MAX_BUNDLE_BYTES = 8 * 1024 * 1024
#: The authorities of most public servers, as they are named in certificates. PostHog's cloud, AWS, Cloudflare and Google use
#: them, and most self-hosted servers (Let's Encrypt).
_LIKELY_AUTHORITIES = (b"ISRG Root X", b"Amazon Root CA", b"Starfield Services Root", b"GTS Root R", b"DigiCert Global Root G")


class Trust:
    """The TLS context of a sender.

    The variables ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE`` and ``SSL_CERT_FILE`` each name a file or a directory, and
    ``SSL_CERT_DIR`` names directories. Only the first variable whose certificates can be read is used. The debug log names each
    variable whose certificates cannot be read. If no variable names readable certificates, the sender uses the machine's own
    certificates. The sender ignores other TLS variables, for example ``SSLKEYLOGFILE``, which makes Python write TLS session keys
    to a file.

    Parsing a whole bundle takes six times as long as starting Python. From a large bundle, the sender therefore first reads only
    the certificates of a few well-known authorities. If a server's certificate does not come from a well-known authority,
    :meth:`widen` reads the rest of the bundle. From a directory of certificates, OpenSSL reads only the files that it needs. The
    sender trusts only the certificates that the user has configured, those of the machine, or those of the package ``certifi``.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._context: ssl.SSLContext | None = None
        #: Bundles from which only a part was read.
        self._unread: list[str] = []
        self._has_directory = False

    def context(self) -> ssl.SSLContext:
        """Return the TLS context. The context uses TLS 1.2 or later, and checks the certificate and the host name."""
        if self._context is None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._context.set_alpn_protocols(["http/1.1"])
            if not self._load_named(self._context):
                self._load_machines(self._context)
        return self._context

    def widen(self) -> bool:
        """Read the certificates that :meth:`context` has skipped. Return whether new certificates were read."""
        if self._context is None or not (self._unread or self._has_directory):
            return False
        unread, self._unread = self._unread, []
        loaded = [_load(self._context, path, "a bundle of certificates") for path in unread]
        if self._has_directory:
            self._has_directory = False
            loaded.append(self._load_bundles(self._context))
            unread, self._unread = self._unread, []
            loaded += [_load(self._context, path, "a bundle of certificates") for path in unread]
        return any(loaded)

    def _load_named(self, context: ssl.SSLContext) -> bool:
        for name in _BUNDLES:
            path = self._environ.get(name, "").strip()
            if path and self._load_first(context, path, name):
                return True
        directories = self._environ.get(_DIRECTORY, "").strip()
        found = [_load(context, path, _DIRECTORY) for path in directories.split(os.pathsep) if path]
        return any(found)

    def _load_machines(self, context: ssl.SSLContext) -> None:
        if sys.platform == "win32":
            context.load_default_certs()
            return
        # Use the places that are compiled into OpenSSL. ``load_default_certs`` would use SSL_CERT_FILE, which may not exist.
        directory = ssl.get_default_verify_paths().openssl_capath
        if _has_hashed_names(directory):
            context.load_verify_locations(capath=directory)
            self._has_directory = True
        elif not self._load_bundles(context):
            debug("this machine has no certificates of authorities: no https server is trusted")

    def _load_bundles(self, context: ssl.SSLContext) -> bool:
        """Load the machine's certificate bundle, or else that of ``certifi``, or else one at a path that Linux distributions use.

        Return whether a bundle was loaded.
        """
        candidates = [ssl.get_default_verify_paths().openssl_cafile]
        try:
            import certifi

            candidates.append(certifi.where())
        except ImportError:
            pass
        return any(os.path.isfile(path) and self._load_first(context, path, "") for path in (*candidates, *_KNOWN_BUNDLES))

    def _load_first(self, context: ssl.SSLContext, path: str, name: str) -> bool:
        """Load certificates from a bundle or directory, and return whether this succeeded.

        From a large bundle, load only the certificates of well-known authorities.
        """
        likely = _likely_certificates(path)
        if likely:
            try:
                context.load_verify_locations(cadata=likely)
            except (OSError, ValueError):
                return _load(context, path, name)
            self._unread.append(path)
            return True
        return _load(context, path, name)


def _likely_certificates(path: str) -> bytes:
    """From a large bundle, return the certificates of well-known authorities in DER format.

    Return ``b""`` if ``path`` is a small bundle, a directory, or a file that cannot be read.
    """
    try:
        if not os.path.isfile(path) or os.path.getsize(path) < _LARGE_BUNDLE_BYTES:
            return b""
        with open(path, "rb") as file:
            parts = file.read(_MAX_BUNDLE_BYTES).split(b"-----BEGIN CERTIFICATE-----")[1:]
        certificates = [binascii.a2b_base64(part.partition(b"-----END")[0]) for part in parts]
    except (OSError, ValueError):
        return b""
    return b"".join(each for each in certificates if any(name in each for name in _LIKELY_AUTHORITIES))


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
    """Return whether ``directory`` contains files named by hash (``c_rehash``), as OpenSSL's certificate lookup requires."""
    try:
        with os.scandir(directory) as entries:
            return any(_is_hashed(entry.name) for entry in entries)
    except OSError:
        return False


def _is_hashed(name: str) -> bool:
    stem, dot, number = name.partition(".")
    return bool(dot) and number.isdigit() and len(stem) == _HASH_DIGITS and stem.isalnum()
