"""Editing single features: each change goes before the charter as the event ``edit`` and becomes a publication of its own.

OGC 20-002 (draft). What GeoJSON cannot show of a feature stays, and a footprint that is sent back unchanged keeps the geometry
behind it (design, section 9).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import UUID, uuid4

from gateway.charter import decide
from gateway.charter.engine import judge
from gateway.charter.language import Charter
from gateway.errors import (
    Conflict,
    Forbidden,
    IdempotencyConflict,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Refused,
)
from gateway.model.access import EVERYTHING
from gateway.model.dataset import Collection, Dataset
from gateway.model.feature import Feature
from gateway.model.finding import Verdict
from gateway.model.party import Party
from gateway.model.record import Record
from gateway.model.row import Row
from gateway.model.submission import Submission
from gateway.ports import Blobs, Header, Publication, Reader, Staging, Store, Subject
from gateway.services import document, draft, edit_body, edit_shape, intake, moments
from gateway.services.conditions import UNCONDITIONAL, Conditions
from gateway.services.edit_change import Change, Scene, as_stored, kind_of, names_of, over, row_of, untold
from gateway.services.edit_json_fg import from_json_fg
from gateway.services.identity import reader_of
from gateway.services.projections import Projector
from gateway.services.question import choose_crs
from gateway.services.rows import kept
from gateway.services.surroundings import Surroundings
from gateway.settings import Settings

EVENT = "edit"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Edit:
    """One change as it is asked for. `action` is create, replace, update or delete; `crs` is as written in Content-Crs.

    `feature` is the id in the address (None for create). With `strict` nothing is taken that the collection does not declare.
    """

    action: str
    collection: str
    feature: str | None = None
    body: bytes = b""
    crs: str | None = None
    conditions: Conditions = UNCONDITIONAL
    idempotency_key: str | None = None
    attestation: bytes | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an edit: the feature's id, the submission (None where nothing had to change), whether it is new."""

    feature: str
    submission: Submission | None
    is_new: bool


class EditService:
    """Takes edits in; each ends published, refused with reasons, or with an error and nothing changed."""

    def __init__(self, store: Store, blobs: Blobs, charter: Charter, projector: Projector, settings: Settings) -> None:
        self._store = store
        self._blobs = blobs
        self._charter = charter
        self._projector = projector
        self._settings = settings
        self._surroundings = Surroundings(store)

    def edit(self, edit: Edit, party: Party, *, wait: bool = False) -> Done:
        """Judge and publish one change; with `wait` it is visible through every door.

        Raises NotFound, Forbidden, InputError with a JSON pointer, Conflict, PreconditionFailed, PreconditionRequired, Refused
        with the kept submission, IdempotencyConflict, Busy.
        """
        for _ in range(_TRIES):
            try:
                return self._once(edit, party, wait)
            except PreconditionFailed:
                if edit.conditions.are_given:
                    raise
        raise Conflict("the feature is changed by others all the time", cure="send If-Match")

    def _once(self, edit: Edit, party: Party, wait: bool) -> Done:
        key = _idempotency(edit, party)
        first = None if key is None else self._repeated(edit, key)
        if first is not None:
            return first
        scene = self._scene(edit, party)
        self._demand_right(party, scene.dataset)
        self._demand_state(edit, scene)
        change = self._change(edit, scene, key)
        verdict, record, time = self._judged(edit, party, scene, change)
        submission = self._submission(edit, party, scene, verdict)
        if not verdict.accepted:
            raise Refused(self._store.refuse(submission, _body(edit, submission)))
        if change.row is not None and scene.standing is not None and change.row.digest == scene.standing.digest:
            return Done(change.id, None, False)
        self._keep_bytes(edit)
        dataset = replace(scene.dataset, record=record, updated=time)
        done = self._store.publish(self._publication(edit, scene, change, replace(submission, state="published"), dataset, key))
        done = replace(done, projections=self._projector.catch_up(wait))
        return Done(change.id, done, scene.standing is None)

    # --- what it meets -----------------------------------------------------------------------------------------------

    def _scene(self, edit: Edit, party: Party) -> Scene:
        access = decide.access(self._charter, reader_of(party))
        with self._store.reading() as view:
            collection = view.collection(edit.collection, access)
            dataset = None if collection is None else view.dataset(collection.dataset, EVERYTHING)
            if collection is None or dataset is None:
                raise NotFound("there is no such collection", place=edit.collection)
            standing = self._standing(view, edit, collection)
            published = None if standing is None else view.published(dataset.id, standing.since)
        return Scene(collection, dataset, standing, published)

    def _standing(self, view: Reader, edit: Edit, collection: Collection) -> Row | None:
        return None if edit.feature is None else view.item(collection.id, edit.feature, EVERYTHING)

    def _demand_right(self, party: Party, dataset: Dataset) -> None:
        """Raise Forbidden for a dataset that is another's, unless the charter has a rule that says so with its reasons."""
        if not decide.is_owner_or_delegate(party, dataset) and not self._charter.has_check(EVENT, "party.owner_or_delegate"):
            raise Forbidden(
                "only its owner and its delegates change a dataset", place=dataset.id, cure="ask the owner for a mandate"
            )

    def _demand_state(self, edit: Edit, scene: Scene) -> None:
        if scene.standing is None and edit.action in ("update", "delete"):
            raise NotFound("there is no such feature", place=edit.feature)
        if scene.standing is not None and self._settings.edit_conditions and not edit.conditions.are_given:
            cure = "read the feature and send its ETag as If-Match"
            raise PreconditionRequired("a change says of which state of the feature it is made", place=edit.feature, cure=cure)
        edit.conditions.demand(scene.standing, scene.published)

    # --- what it makes -----------------------------------------------------------------------------------------------

    def _change(self, edit: Edit, scene: Scene, key: tuple[str, str, str] | None) -> Change:
        standing, collection = scene.standing, scene.collection
        if edit.action == "delete":
            if standing is None:
                raise NotFound("there is no such feature", place=edit.feature)
            return Change(standing.id, None, None, self._left_behind(scene, standing))
        crs = choose_crs(collection, edit.crs, "Content-Crs")
        body = edit_body.parsed(edit.body)
        if edit.action != "update" and edit_body.is_json_fg(body):
            return self._in_json_fg(edit, scene, body, key)
        known = names_of(scene) if edit.strict else None
        if edit.action == "update" and standing is not None:
            shown = edit_shape.shown(standing, collection.crs, crs)
            said = edit_body.patched(shown, edit_body.patch(body), standing.id)
        else:
            said = edit_body.feature(body, edit.feature)
        properties = edit_body.check_values(said, collection, known)
        id = edit.feature or said.id or _new_id(key)
        if standing is None:
            self._demand_free(edit, collection, id)
            shape = edit_shape.stored(said.geometry, collection, crs)
            made = Feature(id, collection=collection.id, properties=properties, shape=shape)
            return Change(id, made, row_of(made, collection.crs))
        return over(standing, collection, properties, said, crs)

    def _in_json_fg(self, edit: Edit, scene: Scene, body: Mapping[str, Any], key: tuple[str, str, str] | None) -> Change:
        said = edit_body.feature(body, edit.feature)
        properties = edit_body.check_values(said, scene.collection, names_of(scene) if edit.strict else None)
        id = edit.feature or said.id or _new_id(key)
        made = from_json_fg(edit.body, id, scene.collection, edit.crs)
        if scene.standing is None:
            self._demand_free(edit, scene.collection, id)
            made.properties = properties
            return Change(id, made, row_of(made, scene.collection.crs))
        before = as_stored(scene.standing, scene.collection)
        made.properties = untold(properties, before)
        made.type, made.parent, made.children = before.type, before.parent, before.children
        made.addresses, made.opaque, made.collection = before.addresses, before.opaque, before.collection
        made.validity = made.validity if body.get("time") is not None else before.validity
        return Change(id, made, row_of(made, scene.collection.crs))

    def _demand_free(self, edit: Edit, collection: Collection, id: str) -> None:
        if edit.action == "create" and self._surroundings.existing(collection.id, [id]):
            raise Conflict("there is a feature with this id already", place="/id", cure="PUT replaces it")

    def _left_behind(self, scene: Scene, standing: Row) -> tuple[Collection, Row] | None:
        """The parent of a part that goes, without it. Raises Conflict for a feature that still has parts."""
        going = as_stored(standing, scene.collection)
        for collection in scene.dataset.collections:
            parts = self._surroundings.existing(collection.id, going.children)
            if parts:
                raise Conflict(
                    f"the feature has parts: {', '.join(sorted(parts)[:10])}", place=standing.id, cure="delete them first"
                )
        if standing.parent is None:
            return None
        with self._store.reading() as view:
            for collection in scene.dataset.collections:
                above = view.item(collection.id, standing.parent, EVERYTHING)
                if above is not None and above.document is not None:
                    feature = document.decode(above.document)
                    feature.children = tuple(child for child in feature.children if child != standing.id)
                    return collection, kept(feature, above, collection.crs)
        return None

    # --- the charter -------------------------------------------------------------------------------------------------

    def _judged(self, edit: Edit, party: Party, scene: Scene, change: Change) -> tuple[Verdict, Record, str]:
        """The verdict, and the record of the dataset as it will be after the change."""
        current, collection, time = scene.dataset, scene.collection, moments.now()
        survey = draft.Survey()
        header = None if change.feature is None else Header("geojson", None, collection.crs)
        subject = Subject(
            event=EVENT,
            party=party,
            dataset=current.id,
            header=header,
            crs=collection.crs,
            record=current.record,
            level=current.level,
            licence=current.licence,
            current=current,
            charter=self._charter,
        )
        self._attest(edit, subject)
        judgement = judge(self._charter, subject)
        for _ in survey.through(judgement.through([] if change.feature is None else [change.feature]), subject.extra):
            pass
        record = _record(current, collection, survey, time)
        subject.record = record
        subject.extra |= {"names": {collection.id: collection.id}, "staying": current.collections, "undeclared": {}}
        return judgement.finish(), record, time

    def _attest(self, edit: Edit, subject: Subject) -> None:
        """Lay the attestation of the body before the checks."""
        subject.extra["attestation"] = edit.attestation
        if edit.attestation is not None:
            subject.extra["digests"] = {"data": sha256(edit.body).hexdigest(), "record": None}
            subject.extra["signing_key"] = self._surroundings.signing_key
            subject.extra["attested"] = self._surroundings.attested(sha256(edit.attestation).hexdigest())

    # --- what is kept ------------------------------------------------------------------------------------------------

    def _submission(self, edit: Edit, party: Party, scene: Scene, verdict: Verdict) -> Submission:
        return Submission(
            id=f"s-{secrets.token_hex(8)}",
            party=party.pseudonym,
            dataset=scene.dataset.id,
            state="refused",
            verdict=verdict,
            created=moments.now(),
            payload=sha256(edit.body).hexdigest() if edit.body else None,
            collections=(scene.collection.id,),
            attestation=None if edit.attestation is None else sha256(edit.attestation).hexdigest(),
        )

    def _publication(
        self,
        edit: Edit,
        scene: Scene,
        change: Change,
        submission: Submission,
        dataset: Dataset,
        key: tuple[str, str, str] | None,
    ) -> Publication:
        collection, standing = scene.collection, scene.standing
        stagings: list[tuple[Collection, Staging]] = []
        if change.row is not None:
            stagings.append(self._staged(collection, change.row))
        if change.parent is not None:
            stagings.append(self._staged(*change.parent))
        return Publication(
            dataset=dataset,
            collections=stagings,
            submission=submission,
            body=_body(edit, submission),
            mode="delta",
            idempotency=key,
            deletions={collection.id: [change.id]} if change.row is None else {},
            expected={(collection.id, change.id): None if standing is None else standing.digest},
        )

    def _staged(self, collection: Collection, row: Row) -> tuple[Collection, Staging]:
        staging = self._store.stage(collection)
        staging.add([row])
        return replace(collection, geometry_type=kind_of(collection, row)), staging

    def _keep_bytes(self, edit: Edit) -> None:
        for content in (edit.body, edit.attestation):
            if content:
                with NamedTemporaryFile() as file:
                    file.write(content)
                    file.flush()
                    self._blobs.put(Path(file.name))

    def _repeated(self, edit: Edit, key: tuple[str, str, str]) -> Done | None:
        """What became of the same edit under the same Idempotency-Key. Raises IdempotencyConflict for another one."""
        party, name, digest = key
        with self._store.reading() as view:
            used = view.idempotency(party, name)
            first = None if used is None else view.submission(used[1])
        if used is not None and used[0] != digest:
            raise IdempotencyConflict("this Idempotency-Key came before with another edit", cure="use a new key")
        if first is None:
            return None
        body = edit_body.parsed(edit.body) if edit.action == "create" else {}
        own = body.get("id")
        is_new = any(counts.get("added") for counts in first.changes.values())
        return Done(edit.feature or (str(own) if own is not None else _new_id(key)), replace(first, repeated=True), is_new)


def _record(current: Dataset, collection: Collection, survey: draft.Survey, time: str) -> Record:
    """The dataset's record after the change: an uploaded one as it is, one drawn from the data with its extent and dates."""
    if current.record.source is not None:
        return current.record
    facts = draft.Facts(
        dataset=current.id,
        time=time,
        crs=collection.crs,
        survey=survey,
        names={collection.id: collection.id},
        level=current.level,
        licence=current.licence,
        current=current,
        staying=current.collections,
    )
    return replace(draft.record(facts, None), revised=time, modified=time)


def _body(edit: Edit, submission: Submission) -> dict[str, Any]:
    """The body of the journal entry: what was done where, to how many features, with which bytes; no id and no name."""
    return {
        "event": EVENT,
        "action": edit.action,
        "collection": edit.collection,
        "features": 1,
        "payload": submission.payload,
        "attestation": submission.attestation,
        "verdict": "accepted" if submission.verdict.accepted else "refused",
        "findings": dict(submission.verdict.counts),
    }


def _idempotency(edit: Edit, party: Party) -> tuple[str, str, str] | None:
    if edit.idempotency_key is None:
        return None
    asked = {
        "action": edit.action,
        "collection": edit.collection,
        "feature": edit.feature,
        "crs": edit.crs,
        "body": sha256(edit.body).hexdigest(),
        "attestation": None if edit.attestation is None else sha256(edit.attestation).hexdigest(),
    }
    return party.pseudonym, edit.idempotency_key, intake.fingerprint(asked)


def _new_id(key: tuple[str, str, str] | None) -> str:
    """An id for a new feature: random, but under an Idempotency-Key the same each time."""
    return str(uuid4() if key is None else UUID(bytes=sha256("\0".join(key).encode()).digest()[:16], version=4))
