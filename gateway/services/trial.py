"""One submission before the charter: reads it once, judges it as it passes, and says what it would become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from gateway.charter import decide
from gateway.charter.engine import Judgement, judge
from gateway.charter.language import Charter
from gateway.errors import ParameterError
from gateway.model.crs import Crs
from gateway.model.dataset import Collection, Dataset
from gateway.model.feature import Feature
from gateway.model.finding import Verdict
from gateway.model.party import Party
from gateway.model.record import Record
from gateway.model.submission import Request
from gateway.ports import Header, Subject
from gateway.services import draft, intake, moments, naming
from gateway.services.identity import reader_of
from gateway.services.intake import Intake
from gateway.services.laying import Laying
from gateway.services.surroundings import Surroundings

EVENT = "submit"

type ReadRecord = Callable[[Path], Record]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial came to. `names` maps the file's own names of collections to ids in the twin."""

    verdict: Verdict
    dataset: str
    record: Record
    names: Mapping[str, str]
    survey: draft.Survey
    level: str | None
    licence: str | None
    current: Dataset | None
    time: str
    header: Header | None = None
    crs: Crs | None = None
    format: str | None = None
    report: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Trial:
    """One submission of one party (None: not known, in a check before sending) under one charter."""

    charter: Charter
    request: Request
    party: Party | None
    surroundings: Surroundings
    read_record: ReadRecord
    digests: Mapping[str, str | None] | None = None
    survey: draft.Survey = field(default_factory=draft.Survey)
    naming: naming.Naming = field(init=False)
    uploaded: Record | None = field(init=False, default=None)
    guessed: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Read the record and the names asked for; both are small, and wrong ones should be told before a city is read."""
        self.naming = naming.Naming(self.request.collection)
        if self.request.record is not None:
            self.uploaded = self.read_record(Path(self.request.record))
        if self.request.dataset is not None:
            self._demand_mine(naming.checked(self.request.dataset, "dataset"))

    def run(self, source: Intake | None, laying: Callable[[Intake], Laying] | None = None) -> tuple[Outcome, Laying | None]:
        """Read, judge and, given `laying`, lay down what may be accepted. The layings of a refused submission are given up."""
        subject = self._subject(source)
        if source is not None:
            self._foresee(source.reading.header)
        judgement = judge(self.charter, subject)
        lay = None
        try:
            if source is not None:
                usable = source.crs is not None and source.crs.is_known
                lay = laying(source) if laying is not None and usable else None
                self._read(source, subject, judgement, lay)
            outcome = self._outcome(source, subject, judgement)
        except BaseException:
            if lay is not None:
                lay.give_up()
            raise
        if lay is not None and not outcome.verdict.accepted:
            lay.give_up()
        return outcome, lay

    def guess(self, own: str) -> str:
        """The id of a collection as far as is known while the file is being read."""
        if own not in self.guessed:
            self.guessed[own] = self.naming.one(own, several=len(self.guessed) > 0)
        return self.guessed[own]

    # --- before the features -----------------------------------------------------------------------------------------

    def _subject(self, source: Intake | None) -> Subject:
        header = None if source is None else source.reading.header
        subject = Subject(
            event=EVENT,
            party=self.party,
            dataset=self.request.dataset or "",
            header=header,
            crs=None if source is None else source.crs,
            record=self.uploaded,
            level=None,
            licence=None,
            current=None,
            charter=self.charter,
            problems=() if source is None else source.reading.problems,
            previous_ids=self._previous if self.request.mode == "replace" else None,
        )
        subject.extra["stated_crs"] = None if source is None else source.stated
        subject.extra["id_field"] = self.request.id
        self._attest(subject)
        return subject

    def _attest(self, subject: Subject) -> None:
        """Lay the attestation before the checks, with what it has to agree with."""
        token = intake.attestation_of(self.request)
        subject.extra["attestation"] = token
        if token is not None:
            subject.extra["digests"] = self.digests or intake.digests_of(self.request)
            subject.extra["signing_key"] = self.surroundings.signing_key
            subject.extra["attested"] = self.surroundings.attested(sha256(token).hexdigest())

    def _foresee(self, header: Header) -> None:
        """Where the file names its collections beforehand, settle ids before reading it."""
        own = [layer.id for layer in header.layers]
        if own:
            self.guessed = {name: self.naming.one(name, several=len(own) > 1) for name in own}
            dataset = self.request.dataset or self._dataset(list(self.guessed.values()))
            self._demand_mine(dataset)
            for id in self.guessed.values():
                self._demand_free(id, dataset)

    def _previous(self, own: str, ids: Sequence[str]) -> set[str]:
        return self.surroundings.existing(self.guess(own), ids)

    # --- the features ------------------------------------------------------------------------------------------------

    def _read(self, source: Intake, subject: Subject, judgement: Judgement, lay: Laying | None) -> None:
        for feature in self._passing(source, subject, judgement):
            if lay is not None:
                if judgement.blocked:
                    lay.give_up()
                    lay = None
                else:
                    lay.take(feature)

    def _passing(self, source: Intake, subject: Subject, judgement: Judgement) -> Iterator[Feature]:
        return self.survey.through(judgement.through(source.reading), subject.extra)

    # --- after the features ------------------------------------------------------------------------------------------

    def _outcome(self, source: Intake | None, subject: Subject, judgement: Judgement) -> Outcome:
        header = subject.header
        own = self._own_names(header)
        names = self.naming.all(own)
        dataset = self.request.dataset or self._dataset(list(names.values()))
        self._demand_mine(dataset)
        for id in names.values():
            self._demand_free(id, dataset)
        current = self.surroundings.dataset(dataset)
        facts = self._facts(source, dataset, names, current)
        record = draft.record(facts, self.uploaded)
        self._demand_own_record(record, current)
        self._complete(subject, facts, record)
        return Outcome(
            verdict=judgement.finish(),
            dataset=dataset,
            record=record,
            names=names,
            survey=self.survey,
            level=facts.level,
            licence=facts.licence,
            current=current,
            time=facts.time,
            header=header,
            crs=facts.crs,
            format=facts.format,
            report=None if source is None else source.reading.report.as_json(),
        )

    def _own_names(self, header: Header | None) -> list[str]:
        """The file's collections: those it declares and those its features named."""
        declared = [layer.id for layer in header.layers] if header is not None else []
        return list(dict.fromkeys([*declared, *self.survey.layers]))

    def _complete(self, subject: Subject, facts: draft.Facts, record: Record) -> None:
        subject.dataset, subject.record, subject.current = facts.dataset, record, facts.current
        subject.level, subject.licence = facts.level, facts.licence
        subject.properties = self.survey.properties()
        subject.extra["names"], subject.extra["staying"] = facts.names, facts.staying
        subject.extra["undeclared"] = self.survey.undeclared()
        subject.extra["stated_level"] = None if self.uploaded is None else self.uploaded.access_level
        subject.extra["previous_counts"] = self._previous_counts(facts)

    def _previous_counts(self, facts: draft.Facts) -> dict[str, int]:
        """Features of the previous version, for the collections whose id was known while the ids were compared."""
        before = {} if facts.current is None else {item.id: item.features for item in facts.current.collections}
        return {own: before.get(id, 0) for own, id in facts.names.items() if self.guessed.get(own) == id}

    def _facts(self, source: Intake | None, dataset: str, names: Mapping[str, str], current: Dataset | None) -> draft.Facts:
        level = self._level(current)
        known = self.charter.access_levels.get(level or "")
        replaced = set(names.values()) if self.request.mode == "replace" else set()
        staying: tuple[Collection, ...] = () if current is None else current.collections
        return draft.Facts(
            dataset=dataset,
            time=moments.now(),
            header=None if source is None else source.reading.header,
            crs=None if source is None else source.crs,
            survey=self.survey,
            names=names,
            format=None if source is None else source.adapter.title,
            level=level,
            federal=None if known is None else known.federal,
            licence=self._licence(current),
            current=current,
            staying=tuple(item for item in staying if item.id not in replaced),
        )

    def _level(self, current: Dataset | None) -> str | None:
        """The access level: asked for, else the record's where the charter knows it, else the one in force, else the default."""
        if self.request.access is not None:
            return self.request.access
        stated = None if self.uploaded is None else self.uploaded.access_level
        if stated in self.charter.access_levels:
            return stated
        return current.level if current is not None else self.charter.default_level

    def _licence(self, current: Dataset | None) -> str | None:
        stated = self.request.licence or (None if self.uploaded is None else self.uploaded.licence)
        return stated or (None if current is None else current.licence)

    # --- ids ---------------------------------------------------------------------------------------------------------

    def _dataset(self, collections: Sequence[str]) -> str:
        """The dataset's id where none is asked for: its one collection's, else the file's stem; for a record alone the record's."""
        if len(collections) == 1:
            return collections[0]
        if self.request.data is None and self.uploaded is not None and self.uploaded.id:
            return naming.clean(self.uploaded.id)
        return naming.stem(intake.file_name(self.request))

    def _demand_mine(self, dataset: str) -> None:
        """Raise IdNotAvailable for a dataset that is another's; where the charter has a rule for it, and the submitter named the
        dataset and may see it, the rule speaks instead."""
        naming.demand_free(dataset)
        current, party = self.surroundings.dataset(dataset), self.party
        if current is None or party is None or decide.is_owner_or_delegate(party, current):
            return
        seen = decide.access(self.charter, reader_of(party)).admits(current.id, current.level, current.owner)
        judged = self.charter.has_check(EVENT, "party.owner_or_delegate")
        if not (seen and judged and self.request.dataset is not None):
            raise naming.not_available(dataset)

    def _demand_free(self, collection: str, dataset: str) -> None:
        naming.demand_free(collection)
        there = self.surroundings.collection(collection)
        if collection in self.surroundings.reserved or (there is not None and there.dataset != dataset):
            raise naming.not_available(collection)

    def _demand_own_record(self, record: Record, current: Dataset | None) -> None:
        """A record's identifier is unique in the catalogue."""
        if (current is None or current.record.id != record.id) and self.surroundings.has_record(record.id):
            raise naming.not_available(record.id)


def demand_keepable(outcome: Outcome, charter: Charter) -> None:
    """What the store needs whatever the charter says: a level that decides who may read, and a CRS that can be served."""
    if outcome.level not in charter.access_levels:
        known = ", ".join(charter.access_levels)
        raise ParameterError("access", f"{outcome.level or 'nothing'} is no access level of {charter.id}", cure=f"known: {known}")
    if outcome.header is not None and (outcome.crs is None or not outcome.crs.is_known):
        raise ParameterError("crs", "the file says no usable coordinate reference system", cure="--crs EPSG:n")
