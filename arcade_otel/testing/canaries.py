"""Made-up secrets for tests. Each secret has the format of a real kind of secret. The same seed produces the same secrets."""

import base64
import json
import string
from collections.abc import Iterator, Sequence
from random import Random

__all__ = ["Canaries", "Canary"]

_LETTERS = string.ascii_lowercase
_WORD = string.ascii_letters + string.digits


class Canary(str):
    """A made-up secret, which is a string with two additional attributes.

    Attributes:
        kind: Name of the kind of secret, for example ``github_token``.
        secrets: The parts of the canary that usage data must not contain, for example only the password in the URL of a database.
            By default, ``secrets`` contains the whole canary.
    """

    kind: str
    secrets: tuple[str, ...]

    __slots__ = ("kind", "secrets")

    def __new__(cls, text: str, kind: str = "text", secrets: Sequence[str] = ()) -> "Canary":
        """Make a canary."""
        made = super().__new__(cls, text)
        made.kind = kind
        made.secrets = tuple(secrets) or (text,)
        return made


class Canaries:
    """A set of made-up secrets. Each secret is an attribute of the object, and iterating over the object yields all secrets.

    Attributes:
        github_token, openai_key, aws_key, slack_token, stripe_key, google_key, npm_token, posthog_key: API keys.
        jwt: A JSON web token.
        pem: A private key with several lines.
        token: A word of random letters and digits.
        email: An e-mail address.
        ipv4, ipv6: IP addresses.
        password_url: The URL of a database, which contains a password.
        words, slug: A string of two made-up words, joined by a space (``words``) or a hyphen (``slug``). A search for the string
            also finds each word alone.
        home_path, windows_path: A file path in which the names of the user and of the file are secret.

    Args:
        seed: The seed of the random generator, which always produces the same secrets for the same seed.
    """

    def __init__(self, seed: str | int) -> None:
        self._random = Random(seed)  # noqa: S311 - to be reproducible is the point, and nothing here is a secret
        word = self._word
        self.github_token = self._key("github_token", f"ghp_{word(36)}")
        self.openai_key = self._key("openai_key", f"sk-proj-{word(48)}")
        self.aws_key = self._key("aws_key", f"AKIA{word(16, string.ascii_uppercase + '234567')}")
        self.slack_token = self._key("slack_token", f"xoxb-{word(12, string.digits)}-{word(24)}")
        self.stripe_key = self._key("stripe_key", f"sk_live_{word(24)}")
        self.google_key = self._key("google_key", f"AIza{word(35)}")
        self.npm_token = self._key("npm_token", f"npm_{word(36)}")
        self.posthog_key = self._key("posthog_key", f"phx_{word(43)}")
        self.jwt = self._jwt()
        self.pem = self._pem()
        self.token = Canary(word(40), "token")
        person = f"{word(6, _LETTERS)}.{word(8, _LETTERS)}"
        self.email = Canary(f"{person}@{word(9, _LETTERS)}.example", "email")
        octets = [self._random.randint(11, 250) for _ in range(4)]
        self.ipv4 = Canary(".".join(map(str, octets)), "ipv4")
        self.ipv6 = Canary(f"2001:db8:{':'.join(word(4, '123456789abcdef') for _ in range(6))}", "ipv6")
        password = f"{word(9)}!{word(7)}"
        self.password_url = Canary(f"postgres://admin:{password}@db.example.com:5432/main", "password_url", (password,))
        user, file = word(10, _LETTERS), f"{word(8, _LETTERS)}.txt"
        self.home_path = Canary(f"/home/{user}/{file}", "home_path", (user, file))
        self.windows_path = Canary(f"C:\\Users\\{user}\\{file}", "windows_path", (user, file))
        self.words, self.slug = (self._two_words(kind, mark) for kind, mark in (("words", " "), ("slug", "-")))

    def __iter__(self) -> Iterator[Canary]:
        return iter([value for value in vars(self).values() if isinstance(value, Canary)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _word(self, length: int, letters: str = _WORD) -> str:
        return "".join(self._random.choices(letters, k=length))

    def _two_words(self, kind: str, mark: str) -> Canary:
        words = (self._word(8, _LETTERS), self._word(9, _LETTERS))
        return Canary(mark.join(words), kind, words)

    def _key(self, kind: str, text: str) -> Canary:
        return Canary(text, kind)

    def _jwt(self) -> Canary:
        claims = {"sub": self._word(12), "name": self._word(10), "iat": self._random.randint(10**9, 2 * 10**9)}
        parts = [
            base64.urlsafe_b64encode(data).decode().rstrip("=")
            for data in (b'{"alg":"HS256","typ":"JWT"}', json.dumps(claims).encode(), self._random.randbytes(32))
        ]
        return Canary(".".join(parts), "jwt", parts)

    def _pem(self) -> Canary:
        text = base64.b64encode(self._random.randbytes(240)).decode()
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        kind = "RSA PRIVATE KEY"
        return Canary("\n".join((f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----")), "pem", lines)
