"""The certificates that a sender trusts: those that the user names, else those of the machine."""

import binascii
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
#: A smaller bundle is read whole.
_LARGE_BUNDLE_BYTES = 32 * 1024
_MAX_BUNDLE_BYTES = 8 * 1024 * 1024
#: Of these are the certificates of most public servers: of PostHog's cloud, behind AWS, Cloudflare and Google, and of most hosts
#: of their own (Let's Encrypt). Names as they stand in a certificate.
_LIKELY_AUTHORITIES = (b"ISRG Root X", b"Amazon Root CA", b"Starfield Services Root", b"GTS Root R", b"DigiCert Global Root G")


class Trust:
    """Makes the TLS context of a sender.

    ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE`` and ``SSL_CERT_FILE`` name a file or a directory, ``SSL_CERT_DIR`` directories;
    the first that can be read counts alone. One that cannot be read is reported in the debug log, and the machine's own
    certificates count. No other variable matters: ``SSLKEYLOGFILE`` would write the session's keys down.

    Parsing a whole bundle costs a sender six times a bare Python's start. So of a large bundle only the certificates of a few
    authorities are read at first, from which most of those of public servers are; OpenSSL reads a directory one file at a time.
    :meth:`widen` reads the rest, for a server that is unknown by then. Neither trusts anything that the user or the machine does
    not.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._context: ssl.SSLContext | None = None
        #: Bundles of which only a part was read.
        self._unread: list[str] = []
        self._has_directory = False

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
        # The compiled-in places: ``load_default_certs`` would take SSL_CERT_FILE for them, which may point nowhere.
        directory = ssl.get_default_verify_paths().openssl_capath
        if _has_hashed_names(directory):
            context.load_verify_locations(capath=directory)
            self._has_directory = True
        elif not self._load_bundles(context):
            debug("this machine has no certificates of authorities: no https server is trusted")

    def _load_bundles(self, context: ssl.SSLContext) -> bool:
        """Load the machine's bundle, else ``certifi``'s, else one of those that distributions have."""
        candidates = [ssl.get_default_verify_paths().openssl_cafile]
        try:
            import certifi

            candidates.append(certifi.where())
        except ImportError:
            pass
        return any(os.path.isfile(path) and self._load_first(context, path, "") for path in (*candidates, *_KNOWN_BUNDLES))

    def _load_first(self, context: ssl.SSLContext, path: str, name: str) -> bool:
        """Load a bundle or a directory, of a large bundle the likely part."""
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
    """Return the certificates of well-known authorities in a large bundle, in DER; nothing of a small one, or of a directory."""
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
    """Return whether OpenSSL can look a certificate up in ``directory``: a file is named by its subject's hash (``c_rehash``)."""
    try:
        with os.scandir(directory) as entries:
            return any(_is_hashed(entry.name) for entry in entries)
    except OSError:
        return False


def _is_hashed(name: str) -> bool:
    stem, dot, number = name.partition(".")
    return bool(dot) and number.isdigit() and len(stem) == _HASH_DIGITS and stem.isalnum()
