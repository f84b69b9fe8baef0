"""Change the identity store after a login, after a logout, and when credentials have appeared without a login command."""

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
# - It also rotates there if the marker ``unresolved`` exists. The marker means that a user logged in, or credentials appeared,
#   while the API did not answer. Without the rotation, that user's events would be aliased to the next user who logs in. A
#   logout of an anonymous user rotates nothing.
# - No network while the lock is held.


#: Time limit of each step, in seconds: one call of the API, or one wait for the lock of the store.
_STEP_SECONDS = 2.0


class ResolvedIdentity:
    """The ID under which a span's event is sent, and the alias that PostHog must acknowledge before the event is sent.

    Attributes:
        distinct_id: The ID under which the event is sent.
        is_anon: True if ``distinct_id`` is an anonymous ID.
        previous_distinct_id: The anonymous ID that must be aliased to ``distinct_id``, or None if no alias is needed.
        anon_id: The anonymous ID in the store when this object was made.
    """

    __slots__ = ("anon_id", "distinct_id", "is_anon", "previous_distinct_id")

    def __init__(self, *, distinct_id: str, is_anon: bool, previous_distinct_id: str | None, anon_id: str) -> None:
        self.distinct_id = distinct_id
        self.is_anon = is_anon
        self.previous_distinct_id = previous_distinct_id
        self.anon_id = anon_id


def plan_login(settings: "Settings", *, deadline: float = math.inf) -> ResolvedIdentity:
    """Return the identity under which a successful login's event is sent, and rotate the anonymous ID if necessary.

    The function looks up the principal (at most 2 s), and rotates an anonymous ID that is linked to an account, unless the
    principal is that account. The function also rotates an unlinked ID if the marker of an unresolved identity exists, because
    that ID may belong to the account of an earlier login.

    The function does not yet link the ID to the principal. The caller must queue the login's span, which carries the pending
    alias, and then call :func:`commit_login`, which links the ID.

    Guarantee: even if a later step fails or the process is killed, the anonymous ID is never aliased to a second person. If the
    ID must be rotated, the function writes the marker of a pending rotation before it writes anything else. Unless the ID is
    already linked to the principal, the function also writes the marker of an unresolved identity, which :func:`commit_login`
    removes after it has linked the ID.

    Args:
        settings: The program's settings.
        deadline: The value of ``time.monotonic()`` after which no step waits.

    Raises:
        OSError: If the store cannot be read or written. After this error, the caller must not record the login.
    """
    store = UsageIdentity(settings.config_dir)
    try:
        principal = get_principal(settings.config_dir, settings.principal, timeout=_until(deadline))
    except PrincipalUnavailableError as error:
        debug("login: the principal is unknown", error)
        principal = None
    unresolved = UnresolvedIdentityMarker(settings.config_dir)
    known = identity_file.read(settings.config_dir)
    if known is None and not store.exists():
        known = store.get_or_create(wait=_until(deadline))  # raises if no file can be written, and then nothing is recorded
    must_rotate = unresolved.marked() if known is None or known[1] is None else known[1] != principal
    if known is None or must_rotate:
        # Has no effect if another process has changed the ID by then.
        store.require_rotation(known[0] if known else "")

    def rotated_at_a_switch(identity: Identity) -> Identity:
        # The principal is unknown or another one: no further event may go to the account that was linked before.
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
    """Link the anonymous ID to the principal that :func:`plan_login` has found.

    If ``plan`` contains no principal, or if another process has changed the identity since the plan was made, the function writes
    no link.

    Raises:
        OSError: If the store cannot be written.
    """
    if not plan.is_anon and _link(UsageIdentity(settings.config_dir), plan, wait=_until(deadline)):
        UnresolvedIdentityMarker(settings.config_dir).clear()


def begin_logout(settings: "Settings") -> Identity | None:
    """Return the identity under which a logout's event is sent, and mark the anonymous ID for rotation if necessary.

    The caller must call :func:`logout` once the event is in the queue. If the process is killed before it calls :func:`logout`,
    the next command finds the marker and rotates the ID.

    Returns:
        The identity, or None if the identity cannot be read. If the result is None, the caller must not send the event.

    Raises:
        OSError: If the ID must be rotated, but the marker cannot be written.
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
    """Write the marker files (``identity.markers``) for a login or logout that is not recorded.

    The markers make sure that later events are not attributed to the previous account.

    Raises:
        OSError: If the marker cannot be written.
    """
    begin_logout(settings)
    if login and UsageIdentity(settings.config_dir).exists():
        UnresolvedIdentityMarker(settings.config_dir).mark()


def remember_unrecorded(settings: "Settings", path: str, *, failed: bool) -> None:
    """Call :func:`remember_change` if ``path`` is a login or logout command that succeeded but was not recorded.

    Raises:
        OSError: If the marker cannot be written.
    """
    if not failed and path in (*settings.login_commands, *settings.logout_commands):
        remember_change(settings, login=path in settings.login_commands)


def logout(settings: "Settings") -> None:
    """After a logout, rotate the anonymous ID if it is linked to an account or may have been aliased to one.

    Raises:
        OSError: If the store cannot be written. The next command then performs the rotation that :func:`begin_logout` has marked.
    """
    unresolved = UnresolvedIdentityMarker(settings.config_dir)
    store = UsageIdentity(settings.config_dir)
    store.update(lambda identity: store.new_identity() if identity[1] or unresolved.marked() else identity)
    unresolved.clear()


def _until(deadline: float) -> float:
    """Return the time limit of one step: at most 2 seconds, and 0 seconds after the deadline."""
    return max(0.0, min(_STEP_SECONDS, deadline - time.monotonic()))


def _link(store: UsageIdentity, plan: ResolvedIdentity, *, wait: float = _STEP_SECONDS) -> bool:
    """Link the anonymous ID to the account in ``plan`` if the identity has not changed since the plan was made.

    Returns:
        Whether the anonymous ID is linked to the account when the function returns.
    """

    def linked(identity: Identity) -> Identity:
        same = identity[0] == plan.anon_id and identity[1] is None
        return (plan.anon_id, plan.distinct_id) if same else identity

    return store.update(linked, wait=wait) == (plan.anon_id, plan.distinct_id)


class LazyAliasResolver:
    """Find the account of anonymous spans that were recorded after the user logged in without the program's login command.

    Each sender process uses one resolver, which asks for the principal at most once. The resolver skips the lookup if the
    anonymous ID is already linked to an account, or if there are no credentials and the program sets no principal function.

    Args:
        config_dir: The config directory.
        ask: The function that looks up the principal. Tests replace this function.
    """

    def __init__(self, config_dir: str, ask: "Callable[[str, PrincipalSource | None], str | None]" = get_principal) -> None:
        self._config_dir = config_dir
        self._ask = ask
        self._answer: str | None = None
        self._asked: tuple[object, int | None] | None = None

    def resolve(self, anon_id: str, ended: float, source: "PrincipalSource | None" = None) -> ResolvedIdentity | None:
        """Return the identity of the account that an anonymous span belongs to, or None if the span must stay anonymous.

        The span stays anonymous in these cases:

        - The anonymous ID has been rotated since the span was recorded, or the store cannot be read.
        - The anonymous ID is already linked to an account, and the existing alias also attributes this span to that account.
        - The program has no principal source, and the credentials file is missing or newer than the command. A newer credentials
          file may belong to another user.
        - The lookup of the principal failed, or no account is logged in.
        - An earlier lookup failed, and the credentials were replaced after that lookup.
        - The credentials have been replaced since this sender looked up the principal.

        Args:
            anon_id: The anonymous ID of the span.
            ended: The end of the span's command, in seconds since the epoch.
            source: The program's principal source, or None for Arcade's credentials and API.
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
                debug("lazy alias: the principal is unknown", error)
                unresolved.mark()
        if self._answer is None or self._asked != (source, unresolved.credentials_changed()):
            return None  # the credentials were replaced during or after the lookup
        unresolved.mark(changed)  # until the link is written: a login to another account in between must rotate
        return ResolvedIdentity(distinct_id=self._answer, is_anon=False, previous_distinct_id=anon_id, anon_id=anon_id)

    def commit(self, resolved: ResolvedIdentity) -> None:
        """Link the anonymous ID to the account that :meth:`resolve` has found.

        Before this call, the caller must save the account in the span's file in the queue. If the credentials have been replaced
        since the lookup, the method rotates the anonymous ID instead.

        Raises:
            OSError: If the store cannot be written.
        """
        unresolved = UnresolvedIdentityMarker(self._config_dir)
        store = UsageIdentity(self._config_dir)
        if self._asked is None or self._asked[1] != unresolved.credentials_changed():
            # The credentials were replaced meanwhile. The alias belongs to the former account, so the next account needs another
            # anonymous ID.
            store.require_rotation(resolved.anon_id)
            store.update(lambda identity: identity)
        elif _link(store, resolved):
            unresolved.clear()  # otherwise the marker is about another anonymous ID, whose rotation is pending
