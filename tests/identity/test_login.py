"""How login, logout, a switch of account and the lazy alias change the store."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arcade_otel import identity as identity_file
from arcade_otel.identity import login as accounts
from arcade_otel.identity.principal import PrincipalUnavailableError
from arcade_otel.identity.store import UsageIdentity
from arcade_otel.settings import Settings, make_settings


def _settings(folder: Path, who: str | None) -> Settings:
    return make_settings(config_dir=folder, principal=lambda: who)


def _unavailable(folder: Path) -> Settings:
    return make_settings(config_dir=folder, principal=lambda: str(1 // 0))


def _login(settings: Settings) -> accounts.ResolvedIdentity:
    plan = accounts.plan_login(settings)
    accounts.commit_login(settings, plan)
    return plan


def _store(folder: Path) -> tuple[str, str | None]:
    found = identity_file.read(str(folder))
    assert found is not None
    return found


def test_a_login_owes_the_alias_before_it_links(tmp_path: Path) -> None:
    """The plan names the anonymous ID and links no account. The commit links it. A second login has no pending alias."""
    anon = UsageIdentity(str(tmp_path)).anon_id
    settings = _settings(tmp_path, "a")
    plan = accounts.plan_login(settings)
    assert (plan.distinct_id, plan.is_anon, plan.previous_distinct_id) == ("a", False, anon)
    assert _store(tmp_path) == (anon, None)
    accounts.commit_login(settings, plan)
    assert _store(tmp_path) == (anon, "a")
    assert _login(settings).previous_distinct_id is None


def test_a_switch_rotates_so_that_no_anonymous_id_has_two_owners(tmp_path: Path) -> None:
    """After a login as B while A is linked, another anonymous ID is aliased to B."""
    first = _login(_settings(tmp_path, "a"))
    second = _login(_settings(tmp_path, "b"))
    assert second.previous_distinct_id not in (None, first.previous_distinct_id)
    assert _store(tmp_path) == (second.previous_distinct_id, "b")


def test_a_commit_after_a_rotation_links_nothing(tmp_path: Path) -> None:
    """A plan for an anonymous ID is valid for that ID only."""
    settings = _settings(tmp_path, "a")
    plan = accounts.plan_login(settings)
    UsageIdentity(str(tmp_path)).reset_to_anonymous()
    accounts.commit_login(settings, plan)
    assert _store(tmp_path)[1] is None


def test_a_logout_rotates_only_what_is_somebodys(tmp_path: Path) -> None:
    """Without a linked account, the ID does not rotate. With one, there is a new anonymous ID that is not linked."""
    settings = _settings(tmp_path, "a")
    anon = UsageIdentity(str(tmp_path)).anon_id
    accounts.logout(settings)
    assert _store(tmp_path) == (anon, None)
    _login(settings)
    accounts.logout(settings)
    assert _store(tmp_path)[0] != anon
    assert _store(tmp_path)[1] is None


@pytest.mark.parametrize("by", ["login", "logout"])
def test_use_by_somebody_unnamed_never_reaches_the_next(tmp_path: Path, by: str) -> None:
    """If the account of a login was unknown, the next login or logout rotates the anonymous ID."""
    plan = _login(_unavailable(tmp_path))
    assert plan.is_anon
    assert plan.previous_distinct_id is None
    if by == "login":
        assert _login(_settings(tmp_path, "b")).previous_distinct_id != plan.anon_id
    else:
        accounts.logout(_settings(tmp_path, None))
    assert _store(tmp_path)[0] != plan.anon_id
    assert not (tmp_path / "usage" / "unresolved").exists()


class _Asked:
    """A source of the principal that counts its calls."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.count = 0

    def __call__(self, _folder: str, _source: Callable[[], str | None] | str | None) -> str | None:
        self.count += 1
        if self.answer is None:
            raise PrincipalUnavailableError
        return self.answer


def _with_credentials(folder: Path) -> str:
    anon = UsageIdentity(str(folder)).anon_id
    (folder / "credentials.yaml").write_text("cloud: {api: {key: k}}")
    return anon


def test_the_lazy_alias_asks_once_and_links(tmp_path: Path) -> None:
    """The credentials are older than the command, so the span belongs to the principal, and has a pending alias."""
    anon, asked = _with_credentials(tmp_path), _Asked("a")
    settler = accounts.LazyAliasResolver(str(tmp_path), asked)
    for _ in range(2):
        settled = settler.resolve(anon, time.time() + 60)
        assert settled is not None
        assert (settled.distinct_id, settled.previous_distinct_id) == ("a", anon)
    assert asked.count == 1
    assert settled is not None
    settler.commit(settled)
    assert _store(tmp_path) == (anon, "a")
    assert settler.resolve(anon, time.time() + 60) is None  # linked by now


def test_the_lazy_alias_does_not_ask_twice_when_nobody_can_tell(tmp_path: Path) -> None:
    """The resolver also remembers that the principal is unavailable."""
    anon, asked = _with_credentials(tmp_path), _Asked(None)
    settler = accounts.LazyAliasResolver(str(tmp_path), asked)
    assert [settler.resolve(anon, time.time() + 60) for _ in range(3)] == [None] * 3
    assert asked.count == 1


@pytest.mark.parametrize("case", ["no credentials", "linked", "rotated", "younger credentials"])
def test_who_need_not_be_asked_is_not(tmp_path: Path, case: str) -> None:
    """There is no request for a linked or rotated ID, without credentials, or for commands older than the credentials."""
    anon, asked = _with_credentials(tmp_path), _Asked("a")
    ended = time.time() + 60
    if case == "no credentials":
        os.unlink(tmp_path / "credentials.yaml")
    elif case == "linked":
        UsageIdentity(str(tmp_path)).set_linked_principal_id("z")
    elif case == "rotated":
        UsageIdentity(str(tmp_path)).reset_to_anonymous()
    else:
        ended = time.time() - 3600
    assert accounts.LazyAliasResolver(str(tmp_path), asked).resolve(anon, ended) is None
    assert asked.count == 0


def test_a_settlement_that_came_too_late_keeps_the_marker(tmp_path: Path) -> None:
    """If the store rotated before the commit, the marker of the unknown user stays for the ID that it is about."""
    anon = _with_credentials(tmp_path)
    settler = accounts.LazyAliasResolver(str(tmp_path), _Asked("a"))
    settled = settler.resolve(anon, time.time() + 60)
    assert settled is not None
    UsageIdentity(str(tmp_path)).reset_to_anonymous()
    _login(_unavailable(tmp_path))
    settler.commit(settled)
    assert _store(tmp_path)[1] is None
    assert (tmp_path / "usage" / "unresolved").exists()
