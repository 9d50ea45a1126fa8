"""Builds the demo twin: files are made, parties join, each delivers with its own key, the charter judges.

A twin is built beside its folder and moved in when it is whole, so that a folder holds a complete demo or none.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from gateway import __version__, wiring
from gateway.catalogue import json_record
from gateway.catalogue.records import read as read_record
from gateway.demo import attributes, buildings, cityfile, kerbs, network, parcels, plan, school, trees
from gateway.demo.partners import Delivery, Partner, deliveries
from gateway.errors import Conflict, GatewayError, Refused
from gateway.model.access import EVERYTHING
from gateway.model.submission import Request, Submission
from gateway.model.text import pick
from gateway.services import attest
from gateway.wiring import Gateway

CHARTER = "sitg"
TITLE = "Quartier de la Source"
KEYS = "demo-keys.json"
MARKER = "demo.json"
FILES = "deliveries"
SIGNING = "demo-signing-keys"


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery and what became of it; `features` is what the twin now holds of its dataset."""

    delivery: Delivery
    submission: Submission
    features: int


def existing(folder: Path) -> dict[str, Any] | None:
    """What the demo in `folder` was built with, or None where there is nothing yet.

    Raises Conflict where there is something else, or a demo of another version of the gateway.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    marker = folder / MARKER
    if not marker.is_file():
        raise Conflict(f"{folder} is there and is no demo", cure="name another folder with --dir")
    found: dict[str, Any] = orjson.loads(marker.read_bytes())
    if found["version"] != __version__:
        raise Conflict(
            f"the demo in {folder} was built by version {found['version']}, this is {__version__}",
            cure=f"remove {folder}, or name another folder with --dir",
        )
    document: dict[str, Any] = found["document"]
    return document


def build(folder: Path, *, id_base: str, begun: Callable[[Delivery], None], judged: Callable[[Step], None]) -> dict[str, Any]:
    """Build the demo in `folder` (absent or empty) and describe it: datasets, refused deliveries, canary.

    `begun` hears of every delivery before it is read, `judged` after its verdict.
    Raises GatewayError where a delivery that should pass does not.
    """
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    site = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        document = _build(site, id_base, begun, judged)
        if folder.exists():
            folder.rmdir()
        site.replace(folder)
    except BaseException:
        shutil.rmtree(site, ignore_errors=True)
        raise
    return document


def _build(site: Path, id_base: str, begun: Callable[[Delivery], None], judged: Callable[[Step], None]) -> dict[str, Any]:
    canary = _word()
    offered = deliveries(canary)
    wiring.create(site, charter=CHARTER, id_base=id_base, title=TITLE)
    _write_files(site / FILES, canary, offered)
    with wiring.opened(site) as gateway:
        keys = _admit(gateway, [delivery.partner for delivery in offered], site / SIGNING)
        _write_private(site / KEYS, _json(keys))
        steps = []
        for delivery in offered:
            begun(delivery)
            steps.append(_deliver(gateway, site, delivery, keys[delivery.partner.id]))
            judged(steps[-1])
        gateway.projector.catch_up()
    document = _document(steps, canary)
    _write_private(site / MARKER, _json({"version": __version__, "document": document}))
    return document


def _word() -> str:
    """A word that nobody else uses, easy to read and to search for."""
    return "".join(secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(6))


def _write_files(target: Path, canary: str, offered: tuple[Delivery, ...]) -> None:
    target.mkdir()
    quarter = plan.lay_out()
    cityfile.write(buildings.build(quarter), target / "buildings.gml")
    trees.write(quarter, target / "trees.geojson")
    school.write(quarter, target / "school.ifc")
    parcels.write(quarter, target / "parcels.json")
    network.write(quarter, target / "network.city.json", canary)
    kerbs.write(quarter, target / "kerbs.geojson")
    for delivery in offered:
        if delivery.record is not None:
            described = replace(delivery.record, attributes=attributes.of(delivery.dataset))
            _record_file(target, delivery).write_bytes(json_record.write(described))


def _record_file(folder: Path, delivery: Delivery) -> Path:
    return folder / f"{delivery.file.partition('.')[0]}.record.json"


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)


def _json(content: Mapping[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _admit(gateway: Gateway, partners: list[Partner], signing: Path) -> dict[str, str]:
    """Each partner becomes a party with an API key, and with a signing key whose private half goes to the folder `signing`."""
    signing.mkdir(mode=0o700)
    keys = {}
    for partner in partners:
        gateway.identity.add_party(partner.id, partner.name, roles=partner.roles)
        keys[partner.id] = gateway.identity.new_key(partner.id)
        made = gateway.signing_keys.make(partner.id)
        _write_private(signing / f"{partner.id}.pem", attest.write_key(made.pem, partner.id, CHARTER, made.key.kid))
    return keys


def _attested(gateway: Gateway, request: Request, key: Path) -> Request:
    """The request with its attestation: the partner checks what he sends and, where the check passes, signs it."""
    data = Path(request.data or "")
    report, verdict = attest.make_report(gateway.charter, request, read_record, gateway.settings)
    data.with_name(f"{data.name}.report.json").write_bytes(report)
    if not verdict.accepted:
        return request
    token, _ = attest.attest(request, report, attest.read_key(key.read_bytes()))
    target = data.with_name(f"{data.name}.jws")
    target.write_bytes(token + b"\n")
    return replace(request, attestation=str(target))


def _deliver(gateway: Gateway, site: Path, delivery: Delivery, key: str) -> Step:
    folder = site / FILES
    record = _record_file(folder, delivery)
    request = Request(
        data=str(folder / delivery.file),
        data_name=delivery.file,
        record=str(record) if delivery.record is not None else None,
        record_name=record.name if delivery.record is not None else None,
        dataset=delivery.dataset,
        collection=delivery.collection,
        access=delivery.access,
        licence=delivery.licence,
        id=delivery.id,
    )
    party = gateway.identity.prove(delivery.partner.id, key)
    request = _attested(gateway, request, site / SIGNING / f"{delivery.partner.id}.pem")
    try:
        submission = gateway.publishing.publish(request, party)
    except Refused as refusal:
        if delivery.record is not None:
            first = refusal.submission.verdict.findings[0]
            raise GatewayError(f"the demo's {delivery.file} was refused: {pick(first.message)}", place=first.place) from refusal
        return Step(delivery, refusal.submission, 0)
    return Step(delivery, submission, _held(gateway, delivery.dataset))


def _held(gateway: Gateway, dataset: str) -> int:
    with gateway.store.reading() as reader:
        found = reader.dataset(dataset, EVERYTHING)
    return sum(collection.features for collection in found.collections) if found is not None else 0


def _document(steps: list[Step], canary: str) -> dict[str, Any]:
    datasets = [
        {
            "id": step.delivery.dataset,
            "collections": list(step.submission.collections),
            "owner": step.delivery.partner.id,
            "access": step.delivery.access,
            "verdict": "accepted",
            "features": step.features,
        }
        for step in steps
        if step.submission.verdict.accepted
    ]
    refused = [
        {
            "dataset": step.delivery.dataset,
            "party": step.delivery.partner.id,
            "submission": step.submission.id,
            "verdict": "refused",
            "counts": dict(step.submission.verdict.counts),
            "findings": [finding.as_json() for finding in step.submission.verdict.findings],
        }
        for step in steps
        if not step.submission.verdict.accepted
    ]
    return {"datasets": datasets, "refused": refused, "canary": canary}
