"""Publishing: a partner's file and record go before the charter and, accepted, become visible in one transaction."""

from __future__ import annotations

import secrets
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from gateway.charter import decide
from gateway.charter.language import Charter
from gateway.errors import Conflict, IdempotencyConflict, NotFound, Refused
from gateway.model.access import Reader
from gateway.model.dataset import Collection, Dataset
from gateway.model.finding import Verdict
from gateway.model.party import Party
from gateway.model.submission import Request, Submission
from gateway.model.text import UNDETERMINED
from gateway.ports import Blobs, Publication, Staging, Store
from gateway.services import intake, moments, naming
from gateway.services.draft import LayerSurvey
from gateway.services.intake import Intake
from gateway.services.laying import Laid, Laying
from gateway.services.projections import Projector
from gateway.services.surroundings import Surroundings
from gateway.services.trial import Outcome, ReadRecord, Trial, demand_keepable
from gateway.settings import Settings


class PublishService:
    """Takes submissions in; every one ends published, refused with reasons, or with an error and nothing changed."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        charter: Charter,
        projector: Projector,
        settings: Settings,
        *,
        read_record: ReadRecord,
        reserved: frozenset[str] = frozenset(),
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._charter = charter
        self._projector = projector
        self._settings = settings
        self._read_record = read_record
        self._surroundings = Surroundings(store, reserved)

    def publish(self, request: Request, party: Party, *, wait: bool = True) -> Submission:
        """Judge and publish; the submission comes back durable, and with `wait` visible through every door.

        The same effect again gives the first submission, `repeated`. Raises Refused with the kept submission; Unreadable,
        IdNotAvailable, Conflict, IdempotencyConflict, ParameterError and Busy leave the twin as it was.
        """
        intake.demand_sound(request, self._settings.max_upload)
        attempt = _Attempt(self._charter, request, party)
        first = self._repeated(attempt)
        if first is not None:
            return first
        submission = self._judged(attempt)
        if submission.repeated or submission.state == "checked":
            return submission
        return replace(submission, projections=self._projector.catch_up(wait))

    def check(self, request: Request, party: Party | None = None) -> Verdict:
        """The verdict a submission would get here now; writes nothing."""
        intake.demand_sound(request, self._settings.max_upload)
        return _checked(Trial(self._charter, request, party, self._surroundings, self._read_record))

    def submission(self, id: str, reader: Reader) -> Submission:
        """A submission, for its submitter and the competence centre. Raises NotFound for everybody else, as for an unknown id."""
        with self._store.reading() as view:
            found = view.submission(id)
        if found is None or not decide.may_read_verdict(self._charter, reader, found):
            raise NotFound(f"there is no submission {id}")
        return found

    def submissions(self, reader: Reader, *, limit: int = 100) -> list[Submission]:
        """The newest submissions `reader` may see: his own; all for the competence centre; none for the public."""
        everything = decide.may_administer(self._charter, reader)
        if reader.party is None and not everything:
            return []
        with self._store.reading() as view:
            return view.submissions(None if everything else reader.party, limit=limit)

    # --- one attempt -------------------------------------------------------------------------------------------------

    def _judged(self, attempt: _Attempt) -> Submission:
        request = attempt.request
        trial = Trial(self._charter, request, attempt.party, self._surroundings, self._read_record, attempt.digests)
        if request.dry_run:
            return attempt.checked(_tried(trial))
        with intake.opened(request) as source:
            outcome, laying = trial.run(source, lambda opened: self._laying(trial, opened))
            try:
                if not outcome.verdict.accepted:
                    raise Refused(self._refuse(attempt, outcome))
                return self._accept(attempt, outcome, laying)
            finally:
                if laying is not None:
                    laying.give_up()

    def _laying(self, trial: Trial, source: Intake) -> Laying:
        layers = {layer.id: layer for layer in source.reading.header.layers}
        crs = source.crs
        if crs is None:
            raise Conflict("features without a reference system cannot be laid down")

        def begin(own: str) -> Collection:
            layer = layers.get(own)
            id = trial.guess(own)
            self._demand_same_crs(trial.request, id, source)
            return Collection(
                id=id,
                dataset=trial.request.dataset or id,
                title={UNDETERMINED: (layer.title if layer else None) or own},
                crs=crs,
                geometry_type=layer.geometry_type if layer else None,
                fields=layer.fields if layer else (),
            )

        return Laying(self._store, crs, begin, layers)

    def _demand_same_crs(self, request: Request, id: str, source: Intake) -> None:
        """A delta joins what is there, so it comes in the same reference system."""
        there = self._surroundings.collection(id) if request.mode == "delta" else None
        if there is not None and there.crs != source.crs:
            raise Conflict(f"collection {id} is in {there.crs.code}", place="crs", cure="send the delta in that reference system")

    def _refuse(self, attempt: _Attempt, outcome: Outcome) -> Submission:
        submission = attempt.submission(outcome, "refused")
        return self._store.refuse(submission, attempt.body(submission, outcome))

    def _accept(self, attempt: _Attempt, outcome: Outcome, laying: Laying | None) -> Submission:
        demand_keepable(outcome, self._charter)
        laid = [] if laying is None else laying.finish(outcome.names)
        submission = attempt.submission(outcome, "published")
        first = self._effect(submission.effect)
        if first is not None:
            return first
        self._keep_bytes(attempt)
        dataset = self._dataset(attempt, outcome)
        publication = Publication(
            dataset=dataset,
            collections=_pairs(laid, outcome),
            submission=submission,
            body=attempt.body(submission, outcome),
            mode=attempt.request.mode,
            allow_removal=attempt.request.allow_removal,
            idempotency=attempt.idempotency,
        )
        return self._store.publish(publication)

    def _dataset(self, attempt: _Attempt, outcome: Outcome) -> Dataset:
        current, party = outcome.current, attempt.party
        licence = self._charter.licence(outcome.licence)
        return Dataset(
            id=outcome.dataset,
            owner=party.pseudonym if current is None else current.owner,
            owner_name=party.name if current is None else current.owner_name,
            level=outcome.level or "",
            record=outcome.record,
            licence=outcome.licence if licence is None else licence.id,
            updated=outcome.time,
            source_format=outcome.format if outcome.format is not None else (None if current is None else current.source_format),
            graph=attempt.request.graph or self._graph(outcome, attempt.request.mode),
        )

    def _graph(self, outcome: Outcome, mode: str) -> str:
        """Whether the dataset's features are in the graph: by their number; as before, where a file does not bring them all."""
        if outcome.current is not None and (outcome.header is None or mode == "delta"):
            return outcome.current.graph
        return "full" if outcome.verdict.features <= self._settings.graph_limit else "metadata"

    def _keep_bytes(self, attempt: _Attempt) -> None:
        """Keep the files as they came, and make sure that they are what was judged."""
        request = attempt.request
        for path, digest in ((request.data, attempt.payload), (request.record, attempt.record)):
            if path is not None and self._blobs.put(Path(path)) != digest:
                raise Conflict("the file changed while it was being read", place=Path(path).name, cure="send it again")
        if attempt.token is not None:
            with NamedTemporaryFile() as file:
                file.write(attempt.token)
                file.flush()
                self._blobs.put(Path(file.name))

    # --- what came before --------------------------------------------------------------------------------------------

    def _repeated(self, attempt: _Attempt) -> Submission | None:
        """The first submission of this Idempotency-Key or, where the dataset is named, of this effect."""
        if attempt.request.dry_run:
            return None
        first = None
        if attempt.idempotency is not None:
            first = self._same_key(*attempt.idempotency)
        if first is None and attempt.request.dataset is not None:
            first = self._effect(attempt.effect(attempt.request.dataset))
            if first is not None and attempt.attestation not in (None, first.attestation):
                return None  # the same files under another attestation: that one is judged, too
        return first

    def _same_key(self, party: str, key: str, digest: str) -> Submission | None:
        with self._store.reading() as reader:
            used = reader.idempotency(party, key)
            if used is None:
                return None
            if used[0] != digest:
                raise IdempotencyConflict("this Idempotency-Key came before with another body", cure="use a new key")
            first = reader.submission(used[1])
        return None if first is None else replace(first, repeated=True)

    def _effect(self, effect: str) -> Submission | None:
        with self._store.reading() as reader:
            first = reader.effect(effect)
        return None if first is None else replace(first, repeated=True)


class _Attempt:
    """One call of `publish`: the request, its digests, and the submission it becomes."""

    def __init__(self, charter: Charter, request: Request, party: Party) -> None:
        self.charter = charter
        self.request = request
        self.party = party
        self.payload = intake.digest_of(request.data)
        self.record = intake.digest_of(request.record)
        self.token = intake.attestation_of(request)
        self.attestation = None if self.token is None else sha256(self.token).hexdigest()
        self.idempotency = self._idempotency()

    @property
    def digests(self) -> dict[str, str | None]:
        """What an attestation has to name."""
        return {"data": self.payload, "record": self.record}

    def effect(self, dataset: str) -> str:
        """The digest that makes a repeated submission recognisable: who, what, where, how, and under which charter."""
        return intake.fingerprint({"party": self.party.pseudonym, "dataset": dataset, **self._asked()})

    def submission(self, outcome: Outcome, state: str) -> Submission:
        """The submission as it is kept."""
        return Submission(
            id=f"s-{secrets.token_hex(8)}",
            party=self.party.pseudonym,
            dataset=outcome.dataset,
            state=state,
            verdict=outcome.verdict,
            created=moments.now(),
            payload=self.payload,
            record=self.record,
            effect=self.effect(outcome.dataset),
            collections=tuple(outcome.names.values()),
            report=outcome.report,
            attestation=self.attestation,
        )

    def checked(self, outcome: Outcome) -> Submission:
        """The outcome of a dry run. Raises Refused where the real one would."""
        submission = self.submission(outcome, "checked")
        if not outcome.verdict.accepted:
            raise Refused(submission)
        demand_keepable(outcome, self.charter)
        return submission

    def body(self, submission: Submission, outcome: Outcome) -> dict[str, Any]:
        """The body of the journal entry: pseudonyms, ids and digests, no names."""
        verdict = outcome.verdict
        return {
            "submission": submission.id,
            "party": submission.party,
            "dataset": submission.dataset,
            "collections": list(submission.collections),
            "level": outcome.level,
            "licence": outcome.licence,
            "mode": self.request.mode,
            "payload": self.payload,
            "record": self.record,
            "attestation": self.attestation,
            "effect": submission.effect,
            "charter": verdict.charter,
            "charterVersion": verdict.charter_version,
            "verdict": "accepted" if verdict.accepted else "refused",
            "findings": dict(verdict.counts),
            "features": verdict.features,
        }

    def _asked(self) -> dict[str, Any]:
        request = self.request
        return {
            "collection": naming.Naming(request.collection).as_json(),
            "mode": request.mode,
            "payload": self.payload,
            "record": self.record,
            "charter": f"{self.charter.id} {self.charter.version}",
            "access": request.access,
            "licence": request.licence,
            "crs": request.crs,
            "id": request.id,
            "graph": request.graph,
        }

    def _idempotency(self) -> tuple[str, str, str] | None:
        key = self.request.idempotency_key
        if key is None or self.request.dry_run:
            return None
        body = {"dataset": self.request.dataset, "allowRemoval": self.request.allow_removal, **self._asked()}
        if self.attestation is not None:
            body["attestation"] = self.attestation
        return self.party.pseudonym, key, intake.fingerprint(body)


def check_file(charter: Charter, request: Request, read_record: ReadRecord, settings: Settings) -> Verdict:
    """The verdict on a file under `charter`, with no twin around it and no submitter known; writes nothing."""
    intake.demand_sound(request, settings.max_upload)
    return _checked(Trial(charter, request, None, Surroundings(), read_record))


def _checked(trial: Trial) -> Verdict:
    outcome = _tried(trial)
    if outcome.verdict.accepted:
        demand_keepable(outcome, trial.charter)
    return outcome.verdict


def _tried(trial: Trial) -> Outcome:
    with intake.opened(trial.request) as source:
        return trial.run(source)[0]


def _pairs(laid: list[Laid], outcome: Outcome) -> list[tuple[Collection, Staging]]:
    """Each staging with what is known of its collection, under the id that only the whole file settles."""
    pairs = []
    declared = {layer.id: layer for layer in outcome.header.layers} if outcome.header is not None else {}
    for item in laid:
        layer, survey = declared.get(item.own), outcome.survey.layers.get(item.own, LayerSurvey(item.own))
        collection = Collection(
            id=outcome.names[item.own],
            dataset=outcome.dataset,
            title={UNDETERMINED: (layer.title if layer else None) or item.own},
            geometry_type=layer.geometry_type if layer else None,
            fields=survey.fields(layer),
            three_d=item.three_d,
        )
        item.staging.collection = collection.id
        pairs.append((collection if outcome.crs is None else replace(collection, crs=outcome.crs), item.staging))
    return pairs
