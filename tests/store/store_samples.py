"""Rows and publications for the tests of stores; also used by the programs that the tests start and kill."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import shapely

from gateway import registry
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Collection, Dataset
from gateway.model.finding import Verdict
from gateway.model.record import Record
from gateway.model.row import Row
from gateway.model.submission import Submission
from gateway.ports import Publication, Store
from gateway.store import choice
from gateway.store.signing import JournalKey

SIZE = 0.0005
_numbers = itertools.count(1)


def row(number: int, *, id: str | None = None, shape: Any = None, crs: Crs = CRS84, **members: Any) -> Row:
    """A feature on a line of squares 0.001 degrees apart from 6 E 46 N; `members` are properties or Row members."""
    kept = {name: members.pop(name) for name in ("parent", "validity", "type", "document") if name in members}
    properties = {"name": f"n{number}", "height": number * 1.5, "storeys": number % 4, "listed": number % 2 == 0, **members}
    if shape is None:
        x = 6 + number * 0.001
        shape = shapely.box(x, 46, x + SIZE, 46 + SIZE)
    identifier = id or f"f{number}"
    geometry = None if shape == "none" else shape
    ready = orjson.dumps(
        {
            "type": "Feature",
            "id": identifier,
            "geometry": None if geometry is None else orjson.loads(shapely.to_geojson(geometry)),
            "properties": properties,
        }
    )
    wkb = None if geometry is None else shapely.to_wkb(geometry, flavor="iso")
    box = None if geometry is None or geometry.is_empty else geometry.bounds
    digest = sha256(ready + repr(sorted(kept.items())).encode()).digest()
    return Row(identifier, properties, wkb, box, ready, digest, **kept)


def verdict(accepted: bool = True) -> Verdict:
    return Verdict("open", "1", accepted, rules=("GE-01",))


def submission(dataset: str, party: str = "p-1", **members: Any) -> Submission:
    number = next(_numbers)
    made = Submission(f"sub-{party}-{number}", party, dataset, "published", verdict(), "2026-01-01T00:00:00Z", effect="")
    return replace(made, **members)


def dataset(id: str = "city", **members: Any) -> Dataset:
    record = Record(f"record-{id}", {"en": f"Title of {id}", "fr": f"Titre de {id}"}, {"en": "An abstract."})
    return replace(Dataset(id, "p-1", "Owner One", "open", record), **members)


def publication(store: Store, content: Mapping[str, Iterable[Row]], *, of: Dataset | None = None, **members: Any) -> Publication:
    """A publication of `content` (collection to rows), staged."""
    owner = of or dataset()
    crs = members.pop("crs", CRS84)
    sent = members.pop("submission", None) or submission(owner.id, owner.owner)
    pairs = []
    for name, rows in content.items():
        collection = Collection(name, owner.id, {"en": name}, crs=crs)
        staging = store.stage(collection)
        staging.add(rows)
        pairs.append((collection, staging))
    return Publication(owner, pairs, sent, members.pop("body", {}), **members)


def publish(store: Store, content: Mapping[str, Iterable[Row]], **members: Any) -> Submission:
    return store.publish(publication(store, content, **members))


def create(folder: Path, name: str = "geopackage", address: str | None = None) -> tuple[Store, JournalKey]:
    folder.mkdir(parents=True, exist_ok=True)
    choice.write(folder, choice.Choice(name, address))
    key = JournalKey.create(folder)
    facts = {"charter": "open", "title": "Test", "public_key": key.public.hex()}
    return registry.get("stores", name).create(str(folder), facts, key.sign), key


def open_again(folder: Path, *, wait: float = 10.0) -> Store:
    store: Store = registry.get("stores", choice.read(folder).store).open(str(folder), JournalKey.load(folder).sign, wait=wait)
    return store
