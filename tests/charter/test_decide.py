"""The one access decision, against an oracle written out by hand."""

from __future__ import annotations

import pytest

from gateway.charter import decide, language
from gateway.model.access import EVERYTHING, PUBLIC, Reader
from gateway.model.dataset import Dataset
from gateway.model.finding import Verdict
from gateway.model.party import Party
from gateway.model.record import Record
from gateway.model.submission import Submission

SITG = language.load("sitg")
OPEN = language.load("open")
OWNER = Reader("p-owner", roles=frozenset({"public", "partenaire"}))
OTHER = Reader("p-other", roles=frozenset({"public", "partenaire"}))
DELEGATE = Reader("p-delegate", roles=frozenset({"public", "mandataire"}), mandates=frozenset({"network"}))
AUTHORITY = Reader("p-authority", roles=frozenset({"public", "autorite"}))
CENTRE = Reader("p-centre", roles=frozenset({"public", "centre-competences"}))


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        (PUBLIC, {"A"}),
        (OTHER, {"A"}),
        (AUTHORITY, {"A"}),
        (OWNER, {"A", "B", "C"}),
        (DELEGATE, {"A", "B", "C"}),
        (CENTRE, {"A", "B", "C"}),
    ],
)
def test_closed_levels_are_for_owner_delegate_and_centre_alone(reader: Reader, seen: set[str]) -> None:
    access = decide.access(SITG, reader)
    assert {level for level in "ABC" if access.admits("network", level, "p-owner")} == seen


def test_a_role_without_a_party_opens_nothing() -> None:
    assert decide.access(SITG, Reader(None, roles=frozenset({"centre-competences"}))) != EVERYTHING


def test_everything_is_open_under_open() -> None:
    assert decide.access(OPEN, PUBLIC).admits("any", "open", "p-owner")


def test_a_verdict_is_seen_by_its_submitter_and_the_centre_only() -> None:
    submission = Submission("s-1", "p-owner", "d", "refused", Verdict("sitg", "1", False), "")
    assert decide.may_read_verdict(SITG, OWNER, submission)
    assert decide.may_read_verdict(SITG, CENTRE, submission)
    assert not decide.may_read_verdict(SITG, OTHER, submission)
    assert not decide.may_read_verdict(SITG, PUBLIC, submission)


def test_owner_and_delegate_are_told_from_others() -> None:
    dataset = Dataset("network", "p-owner", "Owner", "B", Record("network", {}))
    assert decide.is_owner_or_delegate(Party("p-owner", "owner", "Owner"), dataset)
    assert decide.is_owner_or_delegate(Party("p-x", "x", "X", delegates=("network",)), dataset)
    assert not decide.is_owner_or_delegate(Party("p-x", "x", "X", delegates=("other",)), dataset)
