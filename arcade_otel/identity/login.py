"""What a login, a logout and credentials that appeared by another way do to the identity store."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from arcade_otel import identity as identity_file
from arcade_otel import storage
from arcade_otel.diagnostics import debug
from arcade_otel.identity.principal import PrincipalUnavailableError, principal_of
from arcade_otel.identity.store import Identity, UsageIdentity

if TYPE_CHECKING:
    from arcade_otel.settings import PrincipalSource, Settings

__all__ = ["Settled", "Settler", "commit_login", "logout", "plan_login"]

# The rules, and why (design.md, "Identity"; research/posthog.md, 2.6):
# - An anonymous id that was linked to one principal is never aliased to another: PostHog would merge the two people for good.
#   So it rotates at logout and at a switch of account.
# - It rotates there also if it may have been used by somebody whom nobody could name at the time (the marker ``unresolved``): a
#   login, or credentials, with an API that did not answer. design.md's "a logout while anonymous rotates nothing" would alias
#   that use to whoever logs in next.
# - No network while the lock is held.


class Settled:
    """A principal, and the anonymous id that is to be aliased to it: who a span belongs to.

    Attributes:
        distinct_id: Under which id the event goes.
        is_anon: Whether that is an anonymous id.
        previous_distinct_id: The anonymous id whose alias must be acknowledged before the event, or None.
        anon_id: The store's anonymous id when this was decided.
    """

    __slots__ = ("anon_id", "distinct_id", "is_anon", "previous_distinct_id")

    def __init__(self, *, distinct_id: str, is_anon: bool, previous_distinct_id: str | None, anon_id: str) -> None:
        self.distinct_id = distinct_id
        self.is_anon = is_anon
        self.previous_distinct_id = previous_distinct_id
        self.anon_id = anon_id


def plan_login(settings: "Settings") -> Settled:
    """Say whose a login is that succeeded: asks who this is (at most 2 s), and rotates the anonymous id at a switch of account.

    Links nothing: the login's span carries the debt of the alias, and must be safe in the spool before
    :func:`commit_login` writes the link. A crash in between leaves a link that is paid for, or none.

    Raises:
        OSError: The store cannot be read or written.
    """
    store = UsageIdentity(settings.folder)
    try:
        principal = principal_of(settings.folder, settings.principal)
    except PrincipalUnavailableError as error:
        debug("login: nobody could tell the principal", error)
        principal = None
    if principal is None:
        _Unresolved(settings.folder).mark()
        anon_id, linked = store.created()
        if linked:  # somebody else may be logged in now, and nobody knows who: nothing more goes to the one before
            anon_id, _ = store.changed(lambda _: store.fresh())
        return Settled(distinct_id=anon_id, is_anon=True, previous_distinct_id=None, anon_id=anon_id)
    unresolved = _Unresolved(settings.folder)

    def rotated_at_a_switch(identity: Identity) -> Identity:
        anon_id, linked = identity
        if linked == principal:
            return identity
        return store.fresh() if linked or unresolved.marked() else (anon_id, None)

    anon_id, linked = store.changed(rotated_at_a_switch)
    if linked is None:
        unresolved.clear()
    return Settled(
        distinct_id=principal, is_anon=False, previous_distinct_id=None if linked == principal else anon_id, anon_id=anon_id
    )


def commit_login(settings: "Settings", plan: Settled) -> None:
    """Link what :func:`plan_login` decided, unless the store has gone on meanwhile.

    Raises:
        OSError: The store cannot be written.
    """
    if not plan.is_anon:
        _link(UsageIdentity(settings.folder), plan)


def logout(settings: "Settings") -> None:
    """Rotate the anonymous id after a logout, if it is or may be somebody's. Call it once the logout's event was handed over.

    Raises:
        OSError: The store cannot be written.
    """
    unresolved = _Unresolved(settings.folder)
    store = UsageIdentity(settings.folder)
    store.changed(lambda identity: store.fresh() if identity[1] or unresolved.marked() else identity)
    unresolved.clear()


def _link(store: UsageIdentity, plan: Settled) -> bool:
    """Link if the store is still as decided; tell whether it is linked so now."""

    def linked(identity: Identity) -> Identity:
        same = identity[0] == plan.anon_id and identity[1] is None
        return (plan.anon_id, plan.distinct_id) if same else identity

    return store.changed(linked) == (plan.anon_id, plan.distinct_id)


class Settler:
    """The lazy alias of one sender: credentials appeared by another way than the login command.

    Asks at most once, and never for a linked store, or without credentials or a principal function of the application's.

    Args:
        folder: Config folder.
        ask: Tells the principal; a test's seam.
    """

    def __init__(self, folder: str, ask: "Callable[[str, PrincipalSource | None], str | None]" = principal_of) -> None:
        self._folder = folder
        self._ask = ask
        self._answer: str | None = None
        self._asked: tuple[object, int | None] | None = None

    def settle(self, anon_id: str, ended: float, source: "PrincipalSource | None" = None) -> Settled | None:
        """Say whose an anonymous span is now, or None: it stays as it is.

        It stays if the store's anonymous id has rotated since (it is nobody's business any more), if that id is linked by now
        (the alias carries this event along), if the credentials are younger than the command's end (they may be somebody
        else's), if nobody could tell, and if other credentials were there when nobody could tell before.

        Args:
            anon_id: The span's.
            ended: When its command ended, in seconds since the epoch.
            source: The application's principal source; None: Arcade's credentials and API.
        """
        identity = identity_file.read(self._folder)
        if identity is None or identity[0] != anon_id or identity[1] is not None:
            return None
        unresolved = _Unresolved(self._folder)
        changed = unresolved.credentials_changed()
        if source is None and (changed is None or changed / 1e9 > ended):
            return None
        if unresolved.marked() and unresolved.of() != changed:
            return None
        if self._asked is None:
            self._asked = (source, changed)
            try:
                self._answer = self._ask(self._folder, source)
            except PrincipalUnavailableError as error:
                debug("lazy alias: nobody could tell the principal", error)
                unresolved.mark()
        if self._answer is None or self._asked != (source, unresolved.credentials_changed()):
            return None  # the answer is about other credentials: they were replaced while, or since, we asked
        return Settled(distinct_id=self._answer, is_anon=False, previous_distinct_id=anon_id, anon_id=anon_id)

    def commit(self, settled: Settled) -> None:
        """Link what was settled, once the span's file says so.

        Raises:
            OSError: The store cannot be written.
        """
        if self._asked is None or self._asked[1] != _Unresolved(self._folder).credentials_changed():
            return  # replaced meanwhile: the span is paid for, the store is left to the next
        if _link(UsageIdentity(self._folder), settled):
            _Unresolved(self._folder).clear()  # else it speaks of another anonymous id, whose rotation is still owed


class _Unresolved:
    """The marker that the anonymous id may be used by somebody whom nobody could name; it holds the credentials' time."""

    def __init__(self, folder: str) -> None:
        self._credentials = os.path.join(folder, "credentials.yaml")
        self._folder = os.path.join(folder, "usage")
        self._path = os.path.join(self._folder, "unresolved")

    def credentials_changed(self) -> int | None:
        """Return when ``credentials.yaml`` was last written, in nanoseconds since the epoch; None if there is none."""
        try:
            return os.stat(self._credentials).st_mtime_ns
        except OSError:
            return None

    def mark(self) -> None:
        storage.private_folder(self._folder)
        storage.write_private(self._path, str(self.credentials_changed()))

    def marked(self) -> bool:
        return os.path.exists(self._path)

    def of(self) -> int | None:
        """Return the time of the credentials that were there when it was marked."""
        try:
            with open(self._path, encoding="ascii") as file:
                text = file.read(32)
            return int(text) if text.isdigit() else None
        except (OSError, ValueError):
            return -1  # unreadable: equal to no time

    def clear(self) -> None:
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            return
