"""Parties, adhesions and keys over the real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from gateway import registry
from gateway.charter import language
from gateway.errors import Conflict, NotFound, ParameterError, Unauthenticated
from gateway.ports import Store
from gateway.services.identity import IdentityService
from gateway.store.signing import JournalKey


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    key = JournalKey.create(tmp_path, None)
    facts = {"charter": "sitg", "id_base": "http://localhost:8000/id/", "title": "T", "public_key": key.public.hex()}
    store: Store = registry.get("stores", "geopackage").create(str(tmp_path), facts, key.sign)
    yield store
    store.close()


@pytest.fixture
def identity(store: Store) -> IdentityService:
    return IdentityService(store, language.load("sitg"))


def test_a_new_party_adheres_to_the_charter_in_force_as_a_partner(identity: IdentityService) -> None:
    party = identity.add_party("cadastre", "Cadastre de Genève")
    assert (party.charter, party.charter_version, party.roles) == ("sitg", "1.0.0", ("partenaire",))
    assert identity.party("cadastre") == identity.party(party.pseudonym) == party
    assert party.pseudonym.startswith("p-")
    assert "cadastre" not in party.pseudonym


@pytest.mark.parametrize("id", ["", "Cadastre", "a b", "../x", "x" * 65, "-x"])
def test_an_id_that_is_none_is_refused(identity: IdentityService, id: str) -> None:
    with pytest.raises(ParameterError):
        identity.add_party(id, "Name")


def test_a_taken_id_and_an_unknown_role_are_refused(identity: IdentityService) -> None:
    identity.add_party("cadastre", "Cadastre")
    with pytest.raises(Conflict):
        identity.add_party("cadastre", "Another")
    with pytest.raises(ParameterError, match="no role"):
        identity.add_party("king", "King", roles=["roi"])


def test_a_key_opens_as_its_party_and_no_other(identity: IdentityService) -> None:
    party = identity.add_party("cadastre", "Cadastre", delegates=["network"])
    identity.add_party("parks", "Parks")
    secret = identity.new_key("cadastre")
    reader = identity.authenticate(secret)
    assert (reader.party, reader.name) == (party.pseudonym, "Cadastre")
    assert reader.roles == {"public", "partenaire"}
    assert reader.mandates == {"network"}
    assert identity.prove("cadastre", secret) == party
    with pytest.raises(Unauthenticated):
        identity.prove("parks", secret)
    with pytest.raises(Unauthenticated):
        identity.prove("cadastre", None)


def test_the_secret_is_kept_nowhere(identity: IdentityService, store: Store, tmp_path: Path) -> None:
    identity.add_party("cadastre", "Cadastre")
    secret = identity.new_key("cadastre")
    store.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()


def refusals(identity: IdentityService) -> list[str]:
    identity.add_party("ended", "Ended")
    ended = identity.new_key("ended")
    identity.end_party("ended")
    identity.add_party("here", "Here")
    revoked = identity.issue_key("here")
    identity.revoke_key(revoked.key.kid)
    expired = identity.new_key("here", (datetime.now(UTC) - timedelta(seconds=1)).isoformat())
    told = []
    for token in (ended, revoked.secret, expired, "twin_" + "x" * 43, "", "é", "\udc80", "x" * 100_000):
        with pytest.raises(Unauthenticated) as refused:
            identity.authenticate(token)
        told.append(str(refused.value))
    return told


def test_wrong_ended_expired_and_revoked_keys_get_one_answer(identity: IdentityService) -> None:
    assert len(set(refusals(identity))) == 1


def test_a_key_lasts_until_it_expires(identity: IdentityService) -> None:
    identity.add_party("here", "Here")
    assert identity.authenticate(identity.new_key("here", "1d")).name == "Here"
    with pytest.raises(ParameterError):
        identity.new_key("here", "soon")


def test_an_adhesion_that_will_end_later_still_holds(identity: IdentityService) -> None:
    identity.add_party("here", "Here")
    secret = identity.new_key("here")
    identity.end_party("here", (datetime.now(UTC) + timedelta(days=1)).isoformat())
    assert identity.authenticate(secret).name == "Here"


def test_a_party_that_ended_gets_no_new_key(identity: IdentityService) -> None:
    identity.add_party("gone", "Gone")
    identity.end_party("gone")
    with pytest.raises(Conflict):
        identity.new_key("gone")


def test_a_key_is_revoked_by_its_own_partys_list_only(identity: IdentityService) -> None:
    identity.add_party("one", "One")
    identity.add_party("two", "Two")
    kid = identity.issue_key("one").key.kid
    with pytest.raises(NotFound):
        identity.revoke_key(kid, "two")
    assert identity.revoke_key(kid, "one").revoked is not None
    assert [key.kid for key in identity.keys("one")] == [kid]


def test_every_change_is_an_entry_without_names(identity: IdentityService, store: Store) -> None:
    identity.add_party("cadastre", "Marie Dupont")
    kid = identity.issue_key("cadastre").key.kid
    identity.give_mandate("cadastre", "network")
    identity.revoke_key(kid)
    identity.end_party("cadastre")
    with store.reading() as reader:
        entries = reader.entries()
    kinds = [entry.kind for entry in entries]
    assert kinds[-5:] == ["party.added", "key.issued", "party.mandated", "key.revoked", "party.ended"]
    for entry in entries[-5:]:
        body = orjson.dumps(dict(entry.body)).decode()
        assert "Dupont" not in body
        assert "cadastre" not in body
