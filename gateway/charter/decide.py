"""The one access decision, asked by every door, and who may do what to a twin."""

from __future__ import annotations

from gateway.charter.terms import Charter
from gateway.model.access import EVERYTHING, Access, Reader
from gateway.model.dataset import Dataset
from gateway.model.party import Party
from gateway.model.submission import Submission


def access(charter: Charter, reader: Reader) -> Access:
    """What `reader` may see: all for the competence centre; else the levels open to his roles, his own and his mandates."""
    if may_administer(charter, reader):
        return EVERYTHING
    levels = frozenset(level.id for level in charter.access_levels.values() if reader.roles & set(level.read))
    return Access(levels=levels, owner=reader.party, datasets=reader.mandates)


def may_administer(charter: Charter, reader: Reader) -> bool:
    """Whether `reader` is of the competence centre."""
    return reader.party is not None and charter.centre_role in reader.roles


def may_read_verdict(charter: Charter, reader: Reader, submission: Submission) -> bool:
    """Whether `reader` may see a submission and its verdict: its submitter and the competence centre, nobody else."""
    return may_administer(charter, reader) or (reader.party is not None and reader.party == submission.party)


def may_submit(charter: Charter, party: Party) -> bool:
    """Whether one of the party's roles may submit under this charter; its adhesion is a matter of the rules."""
    return bool(set(party.roles) & set(charter.submitters))


def is_owner_or_delegate(party: Party, dataset: Dataset) -> bool:
    """Whether `party` owns `dataset` or holds its mandate."""
    return party.pseudonym == dataset.owner or dataset.id in party.delegates
