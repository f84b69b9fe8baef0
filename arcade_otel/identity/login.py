"""What a login, a logout and credentials that appeared by another way do to the identity store."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from arcade_otel import identity as identity_file
from arcade_otel.diagnostics import debug
from arcade_otel.identity.markers import UnresolvedIdentityMarker
from arcade_otel.identity.principal import PrincipalUnavailableError, get_principal
from arcade_otel.identity.store import Identity, UsageIdentity

if TYPE_CHECKING:
    from arcade_otel.settings import PrincipalSource, Settings

__all__ = [
    "LazyAliasResolver",
    "ResolvedIdentity",
    "UnresolvedIdentityMarker",
    "begin_logout",
    "commit_login",
    "logout",
    "plan_login",
    "remember_change",
    "remember_unrecorded",
]

# The rules, and why. How PostHog merges persons: ``person-merge-service.ts`` (https://github.com/PostHog/posthog).
# - An anonymous id that was linked to one principal is never aliased to another: PostHog would merge the two people for good.
#   So it rotates at logout and at a switch of account.
# - It rotates there also if it may have been used by somebody whom nobody could name at the time (the marker ``unresolved``): a
#   login, or credentials, with an API that did not answer. Without the rotation, that use would be aliased to the next user who
#   logs in. A logout of a user who is known to be anonymous rotates nothing.
# - No network while the lock is held.


#: How long asking who is logged in may take, and how long the lock of the store is waited for.
_STEP_SECONDS = 2.0


class ResolvedIdentity:
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


def plan_login(settings: "Settings", *, deadline: float = math.inf) -> ResolvedIdentity:
    """Say whose a login is that succeeded: asks who this is (at most 2 s), and rotates the anonymous ID at a switch of account.

    Links nothing: the login's span carries the pending alias, and must be safe in the queue before :func:`commit_login` writes
    the link. Whatever fails from here on, the anonymous ID is aliased to no second person: if it must rotate, that is written
    down first; if it is to be aliased, the marker stays until the link is written.

    Args:
        settings: The application's.
        deadline: Wait for nothing after this time, by ``time.monotonic()``.

    Raises:
        OSError: The store cannot be read or written. The account that was linked before gets no event any more.
    """
    store = UsageIdentity(settings.config_dir)
    try:
        principal = get_principal(settings.config_dir, settings.principal, timeout=_until(deadline))
    except PrincipalUnavailableError as error:
        debug("login: nobody could tell the principal", error)
        principal = None
    unresolved = UnresolvedIdentityMarker(settings.config_dir)
    known = identity_file.read(settings.config_dir)
    if known is None and not store.exists():
        known = store.get_or_create(wait=_until(deadline))  # fails where nothing can be written: nobody's events then
    must_rotate = unresolved.marked() if known is None or known[1] is None else known[1] != principal
    if known is None or must_rotate:
        # Of no effect where the ID turns out to be another by then.
        store.require_rotation(known[0] if known else "")

    def rotated_at_a_switch(identity: Identity) -> Identity:
        # Nobody could tell, or somebody else: nothing more goes to the account before.
        return store.new_identity() if identity[1] not in (None, principal) else identity

    if principal is None or known is None or known[1] != principal:
        unresolved.mark()  # removed once the link is written
    anon_id, linked = store.update(rotated_at_a_switch, wait=_until(deadline))
    if principal is None:
        return ResolvedIdentity(distinct_id=anon_id, is_anon=True, previous_distinct_id=None, anon_id=anon_id)
    return ResolvedIdentity(
        distinct_id=principal, is_anon=False, previous_distinct_id=None if linked == principal else anon_id, anon_id=anon_id
    )


def commit_login(settings: "Settings", plan: ResolvedIdentity, *, deadline: float = math.inf) -> None:
    """Link what :func:`plan_login` decided, unless the store has gone on meanwhile.

    Raises:
        OSError: The store cannot be written.
    """
    if not plan.is_anon and _link(UsageIdentity(settings.config_dir), plan, wait=_until(deadline)):
        UnresolvedIdentityMarker(settings.config_dir).clear()


def begin_logout(settings: "Settings") -> Identity | None:
    """Return whose a logout's event is, and write down that this ID must rotate. Call :func:`logout` after the hand-over.

    None if it cannot be told, so that the event is nobody's.

    Raises:
        OSError: The ID must rotate, and that can be written down nowhere.
    """
    store = UsageIdentity(settings.config_dir)
    identity = identity_file.read_settled(settings.config_dir)
    if identity is None:
        with suppress(OSError):
            identity = store.get_or_create()
    if identity is None and not store.exists():
        return None
    if identity is None or identity[1] or UnresolvedIdentityMarker(settings.config_dir).marked():
        store.require_rotation(identity[0] if identity else "")
    return identity


def remember_change(settings: "Settings", *, login: bool) -> None:
    """Write down what must happen before the next event, because a login or logout that succeeded is not recorded.

    Raises:
        OSError: It can be written down nowhere.
    """
    begin_logout(settings)
    if login and UsageIdentity(settings.config_dir).exists():
        UnresolvedIdentityMarker(settings.config_dir).mark()


def remember_unrecorded(settings: "Settings", path: str, *, failed: bool) -> None:
    """Do as :func:`remember_change`, if the command ``path`` that was not recorded is a login or logout that succeeded.

    Raises:
        OSError: It can be written down nowhere.
    """
    if not failed and path in (*settings.login_commands, *settings.logout_commands):
        remember_change(settings, login=path in settings.login_commands)


def logout(settings: "Settings") -> None:
    """Rotate the anonymous ID after a logout, if it is or may be somebody's.

    Raises:
        OSError: The store cannot be written. The rotation stays pending if :func:`begin_logout` was called.
    """
    unresolved = UnresolvedIdentityMarker(settings.config_dir)
    store = UsageIdentity(settings.config_dir)
    store.update(lambda identity: store.new_identity() if identity[1] or unresolved.marked() else identity)
    unresolved.clear()


def _until(deadline: float) -> float:
    """Return how long one step may take, in seconds: 2 at most, and nothing after the deadline."""
    return max(0.0, min(_STEP_SECONDS, deadline - time.monotonic()))


def _link(store: UsageIdentity, plan: ResolvedIdentity, *, wait: float = _STEP_SECONDS) -> bool:
    """Link if the store is still as decided; tell whether it is linked so now."""

    def linked(identity: Identity) -> Identity:
        same = identity[0] == plan.anon_id and identity[1] is None
        return (plan.anon_id, plan.distinct_id) if same else identity

    return store.update(linked, wait=wait) == (plan.anon_id, plan.distinct_id)


class LazyAliasResolver:
    """The lazy alias of one sender: credentials appeared by another way than the login command.

    Asks at most once, and never for a linked store, or without credentials or a principal function of the application's.

    Args:
        config_dir: Config directory.
        ask: Tells the principal; a test's seam.
    """

    def __init__(self, config_dir: str, ask: "Callable[[str, PrincipalSource | None], str | None]" = get_principal) -> None:
        self._config_dir = config_dir
        self._ask = ask
        self._answer: str | None = None
        self._asked: tuple[object, int | None] | None = None

    def resolve(self, anon_id: str, ended: float, source: "PrincipalSource | None" = None) -> ResolvedIdentity | None:
        """Say whose an anonymous span is now, or None: it stays as it is.

        It stays if the store's anonymous id has rotated since (it is nobody's business any more), if that id is linked by now
        (the alias carries this event along), if the credentials are younger than the command's end (they may be somebody
        else's), if nobody could tell, and if other credentials were there when nobody could tell before.

        Args:
            anon_id: The span's.
            ended: When its command ended, in seconds since the epoch.
            source: The application's principal source; None: Arcade's credentials and API.
        """
        identity = identity_file.read_settled(self._config_dir)
        if identity is None or identity[0] != anon_id or identity[1] is not None:
            return None
        unresolved = UnresolvedIdentityMarker(self._config_dir)
        changed = unresolved.credentials_changed()
        if source is None and (changed is None or changed / 1e9 > ended):
            return None
        if unresolved.marked() and unresolved.of() != changed:
            return None
        if self._asked is None:
            self._asked = (source, changed)
            try:
                self._answer = self._ask(self._config_dir, source)
            except PrincipalUnavailableError as error:
                debug("lazy alias: nobody could tell the principal", error)
                unresolved.mark()
        if self._answer is None or self._asked != (source, unresolved.credentials_changed()):
            return None  # the answer is about other credentials: they were replaced while, or since, we asked
        unresolved.mark(changed)  # until the link is written: a login as somebody else in between must rotate
        return ResolvedIdentity(distinct_id=self._answer, is_anon=False, previous_distinct_id=anon_id, anon_id=anon_id)

    def commit(self, settled: ResolvedIdentity) -> None:
        """Link what was settled, once the span's file says so.

        Raises:
            OSError: The store cannot be written.
        """
        unresolved = UnresolvedIdentityMarker(self._config_dir)
        store = UsageIdentity(self._config_dir)
        if self._asked is None or self._asked[1] != unresolved.credentials_changed():
            # Replaced meanwhile: the alias is the former account's, so that the next one needs another anonymous ID.
            store.require_rotation(settled.anon_id)
            store.update(lambda identity: identity)
        elif _link(store, settled):
            unresolved.clear()  # else it speaks of another anonymous ID, whose rotation is pending
