"""The repository that pycsw reads from: the record store under one reader's access, with no SQL anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.catalogue import dublincore, iso19139
from gateway.catalogue.filters import is_box, property_of
from gateway.catalogue.names import CSW2, GMD
from gateway.model.access import Access
from gateway.model.query import RecordQuery
from gateway.model.record import Record
from gateway.model.text import pick
from gateway.ports import Reader


@dataclass(frozen=True, slots=True)
class View:
    """A moment of the store, as one reader may see it; `given` gathers the records that were taken from it."""

    reader: Reader
    access: Access
    given: list[Record] = field(default_factory=list)


class Row:
    """One record with the attributes that pycsw's own serialisers (Atom) look for."""

    def __init__(self, record: Record) -> None:
        languages = (record.language or "en",)
        is_dc = record.source_schema == CSW2
        self.record = record
        self.identifier = record.id
        self.typename = "csw:Record" if is_dc else "gmd:MD_Metadata"
        self.schema = CSW2 if is_dc else GMD
        self.mdsource = "local"
        self.insert_date = record.modified or record.revised or record.published or record.created or ""
        self.title = pick(record.title, languages)
        self.abstract = pick(record.abstract, languages)
        self.type = record.type
        self.language = record.language
        self.keywords = ",".join(pick(word.text, languages).replace(",", " ") for word in record.keywords) or None
        self.creator = next((pick(contact.organisation, languages) for contact in record.contacts), None)
        self.date_modified = record.modified or record.revised
        self.date_publication = record.published
        self.accessconstraints = record.licence
        self.wkt_geometry = _polygon(record)
        self.links = None

    @property
    def xml(self) -> bytes:
        """The record as it came, or as ISO 19139 (GetRepositoryItem)."""
        return dublincore.write(self.record) if self.typename == "csw:Record" else iso19139.write(self.record)


class Repository:
    """pycsw's repository contract (reading half); its constraint's ``where`` is an expression, see `pycsw_shims`."""

    def __init__(self, context: Any, _filter: Any = None) -> None:
        self.context = context
        self.filter = None
        self.fts = False
        self.dbtype = "sqlite"
        self.dataset = Row
        context.server.orm = "sqlalchemy"
        self._view: View = context.server.environ["gateway.view"]
        self.queryables = _queryables(context)

    def query_ids(self, ids: list[str]) -> list[Row]:
        """The visible records with these identifiers."""
        wanted = tuple(dict.fromkeys(identifier for identifier in ids if identifier))
        if not wanted:
            return []
        _, found = self._view.reader.records(RecordQuery(self._view.access, limit=len(wanted), ids=wanted))
        self._view.given.extend(found)
        return [Row(record) for record in found]

    def query_domain(self, domain: str, _typenames: Any, _kind: str, count: bool = False) -> list[tuple[Any, ...]]:
        """The distinct values of a property among the visible records."""
        name = property_of(domain)
        if name is None or name == "anytext":
            return []
        values = self._view.reader.record_values(name, self._view.access)
        return [(value, number) if count else (value,) for value, number in values]

    def query_insert(self, _direction: str = "max") -> str:
        """The time of the newest change among the visible records, from which pycsw makes the update sequence."""
        moments = [str(value) for value, _ in self._view.reader.record_values("modified", self._view.access)]
        newest = max(moments, default="1970-01-01")
        return f"{newest[:19]}Z" if "T" in newest else f"{newest[:10]}T00:00:00Z"

    def query_source(self, _source: str) -> list[Row]:
        """Records harvested from a source: none are."""
        return []

    def query(
        self, constraint: Any, sortby: Any = None, typenames: Any = None, maxrecords: Any = 10, startposition: Any = 0
    ) -> Any:
        """The number of visible records that match, as text, and one page of them."""
        question = RecordQuery(
            access=self._view.access,
            filter=constraint.get("where") if constraint else None,
            limit=int(maxrecords),
            offset=int(startposition),
            sort=_sort(sortby),
        )
        total, found = self._view.reader.records(question)
        self._view.given.extend(found)
        return [str(total), [Row(record) for record in found]]


def _sort(sortby: Any) -> tuple[tuple[str, bool], ...]:
    if not sortby or sortby.get("spatial"):
        return ()
    return ((sortby["propertyname"], sortby.get("order") == "DESC"),)


def _queryables(context: Any) -> dict[str, dict[str, Any]]:
    """pycsw's queryables by typename, cut to those a record has, each with the record property as its column."""
    found: dict[str, dict[str, Any]] = {}
    for model in context.model["typenames"].values():
        for group, names in model["queryables"].items():
            kept = {name: {**entry, "dbcol": _column(name)} for name, entry in names.items() if _column(name)}
            model["queryables"][group] = kept
            found[group] = kept
    every = {name: entry for group in found.values() for name, entry in group.items()}
    core = context.md_core_model["mappings"]
    found["_all"] = every | {name: {"dbcol": column} for name, column in core.items()}
    return found


def _column(name: str) -> str | None:
    return "wkt_geometry" if is_box(name) else property_of(name)


def _polygon(record: Record) -> str | None:
    if record.extent.box is None:
        return None
    west, south, east, north = map(repr, record.extent.box)
    return f"POLYGON(({west} {south}, {west} {north}, {east} {north}, {east} {south}, {west} {south}))"
