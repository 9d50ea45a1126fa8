"""A small twin on the real store: trees and parcels for everybody, a heating network for its owner, and a record alone.

`CANARY` is in every feature and in the abstract of the restricted dataset, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import shapely

from gateway.charter.language import load
from gateway.model.access import Access
from gateway.model.crs import Crs
from gateway.model.dataset import Collection, Dataset
from gateway.model.feature import Feature
from gateway.model.finding import Verdict
from gateway.model.party import Party
from gateway.model.record import Contact, Extent, Keyword, Record
from gateway.model.submission import Submission
from gateway.ports import Publication, Store
from gateway.services.identity import IdentityService
from gateway.services.rows import rows
from gateway.store.geopackage import GeoPackageStore
from gateway.store.signing import JournalKey

CANARY = "zanzibarquokka"
ID_BASE = "http://localhost:8000/id/"
OPEN = Access(levels=frozenset({"A"}))
LV95 = Crs("EPSG:2056")
VISIBLE = frozenset({"trees", "parcels", "plan"})


class SmallTwin:
    """The store, its parties, and what was published to it."""

    def __init__(self, folder: Path, charter: str = "open") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        key = JournalKey.create(folder, None)
        self.folder = folder
        facts = {"charter": charter, "id_base": ID_BASE, "title": "Small & sound", "public_key": key.public.hex()}
        self.store: Store = GeoPackageStore.create(str(folder), facts, key.sign)
        identity = IdentityService(self.store, load(charter))
        self.city: Party = identity.add_party("city", "City of Samples")
        self.utility: Party = identity.add_party("utility", "Heat & Sons")
        self.key = identity.new_key("utility")
        self._count = 0

    def publish(
        self, name: str, features: Sequence[Feature], *, level: str = "A", graph: str = "full", **told: object
    ) -> Submission:
        """Publish one dataset with one collection of its name; no features means a record alone."""
        owner = self.utility if level != "A" else self.city
        record = replace(record_of(name, level), **told)  # type: ignore[arg-type]
        staged = []
        if features:
            collection = Collection(name, name, {"en": name.title()}, crs=LV95)
            staging = self.store.stage(collection)
            staging.add(rows(iter(features), LV95))
            staged.append((collection, staging))
        self._count += 1
        submission = Submission(f"s{self._count}", owner.pseudonym, name, "published", VERDICT, "2026-01-01T00:00:00Z")
        dataset = Dataset(name, owner.pseudonym, owner.name, level, record, licence=record.licence, graph=graph)
        return self.store.publish(Publication(dataset, staged, submission, {"dataset": name}, allow_removal=True))

    def fill(self, *, heating: bool = True) -> SmallTwin:
        """Publish the four datasets, or all but the restricted one."""
        self.publish("trees", [tree(number) for number in range(20)])
        self.publish("parcels", [parcel(number) for number in range(5)])
        if heating:
            self.publish("heating", [pipe(number) for number in range(3)], level="B")
        self.publish("plan", [])
        return self

    def close(self) -> None:
        """Close the store."""
        self.store.close()


VERDICT = Verdict("open", "1", accepted=True)


def record_of(name: str, level: str) -> Record:
    """The record of a dataset; its box is 40 m wide, so that rounding to 0.01 degree would be seen."""
    secret = level != "A"
    step = {"trees": 0, "parcels": 1, "heating": 2, "plan": 3}.get(name, 4)
    box = (6.1 + step * 0.001, 46.2, 6.1005 + step * 0.001, 46.2005)
    return Record(
        id=f"rec-{name}",
        title={"en": f"The {name}, of the city", "fr": f"{name} de la ville"},
        abstract={"en": CANARY if secret else f"Everything about {name}"},
        language="en",
        contacts=(Contact({"en": "Geodata office"}, "owner", email="geo@city.example"),),
        keywords=(Keyword({"en": f"{name}, mapped", "fr": f"{name} levés"}), Keyword({"en": "quarter"}, thesaurus="Local")),
        topics=("environment", "location"),
        extent=Extent(box=box, interval=("2024-01-01", None)),
        crs=("EPSG:2056",),
        lineage={"en": "Surveyed in the field."},
        licence="https://creativecommons.org/licenses/by/4.0/",
        revised="2026-01-01",
        access_level=level,
        update_frequency="annually",
    )


def tree(number: int, height: float = 4.5) -> Feature:
    """A tree; ids need percent-encoding."""
    point = shapely.Point(2_500_000 + number * 10, 1_118_000)
    facts = {"name": f"Tree {number}", "height": height + number, "alive": True, "girth": 3, "note": 'say "é"\nline'}
    return Feature(f"tree/{number} é", "SolitaryVegetationObject", "trees", facts, point.wkb)


def parcel(number: int) -> Feature:
    """A plain feature with a polygon and a validity."""
    shape = shapely.box(2_500_000 + number * 20, 1_118_100, 2_500_015 + number * 20, 1_118_115)
    facts = {"egrid": f"CH{number:012d}", "area": 225}
    return Feature(f"p{number}", "Feature", "parcels", facts, shape.wkb, validity=("2020-05-01", None))


def pipe(number: int) -> Feature:
    """A line of the restricted network, with the canary."""
    line = shapely.LineString([(2_500_000, 1_118_000 + number), (2_500_100, 1_118_050 + number)])
    parent = None if number == 0 else "pipe0"
    return Feature(f"pipe{number}", "Feature", "heating", {"note": f"{CANARY} {number}"}, line.wkb, parent=parent)
