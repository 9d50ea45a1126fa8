"""Reading the twin: what one reader sees at one moment, through every door that serves features and records."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType

from gateway.charter import decide
from gateway.charter.language import Charter
from gateway.errors import NotFound
from gateway.geo import crs as systems
from gateway.geo import geojson, transform, wkb
from gateway.geo.region import swapped
from gateway.model.access import Access
from gateway.model.access import Reader as Person
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Collection, Dataset, Version
from gateway.model.feature import Scalar
from gateway.model.query import Query
from gateway.model.row import Row
from gateway.ports import Readable, Reader
from gateway.services.question import ItemsRequest, choose_crs, question
from gateway.services.selection import Selection
from gateway.services.sorting import position
from gateway.settings import Settings

COUNT_CAP = 100_000
"""Counting stops here: above it, a filtered answer has no numberMatched (design, section 9)."""

_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Source:
    """A collection with the dataset it belongs to; `version` is the dataset's version that was asked for, None for the present.

    Of a version asked for, `collection` is the collection as it stood, and `dataset` has its number and time.
    """

    collection: Collection
    dataset: Dataset
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """One page: `body` is the comma-joined GeoJSON Features in `crs`; `matched` is exact, or None above `COUNT_CAP`.

    `last` is the key of the last feature where more follow, and `position` its values of what `sort` names.
    """

    source: Source
    body: bytes
    returned: int
    matched: int | None
    last: int | None
    crs: Crs
    sort: tuple[tuple[str, bool], ...] = ()
    position: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """One page as the store keeps it, for the encodings that are not made of ready bytes; members as those of `Items`."""

    source: Source
    rows: list[Row]
    matched: int | None
    last: int | None
    crs: Crs
    sort: tuple[tuple[str, bool], ...] = ()
    position: tuple[Scalar, ...] = ()
    shown: Selection | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One feature: `body` is its GeoJSON in `crs`; `row` is what the store keeps; `home` is the collection of its parent."""

    source: Source
    body: bytes
    row: Row
    crs: Crs
    home: str


@dataclass(slots=True)
class Cache:
    """Facts that never change, and collections as views last saw them, with the version they were seen at."""

    facts: dict[str, str] = field(default_factory=dict)
    accesses: dict[Person, Access] = field(default_factory=dict)
    sources: dict[tuple[Access, str], tuple[int, Source]] = field(default_factory=dict)
    times: dict[tuple[str, int], str | None] = field(default_factory=dict)


class View:
    """What one reader sees at one moment: everything asked of one view comes from the same committed version."""

    def __init__(self, reader: Reader, access: Access, cache: Cache) -> None:
        self.reader = reader
        self.access = access
        self.version = reader.version()
        self._cache = cache

    @property
    def twin(self) -> str:
        """What tells this twin from every other: the public key of its journal."""
        return self.fact("public_key")

    @property
    def title(self) -> str:
        """What the twin is called."""
        return self.fact("title") or "twin"

    def fact(self, name: str) -> str:
        """A fact fixed when the twin was made."""
        if name not in self._cache.facts:
            self._cache.facts[name] = self.reader.setting(name) or ""
        return self._cache.facts[name]

    def datasets(self) -> list[Dataset]:
        """All visible datasets, by id."""
        return self.reader.datasets(self.access)

    def dataset(self, dataset: str) -> Dataset:
        """A visible dataset. Raises NotFound, the same for absent and hidden."""
        found = self.reader.dataset(dataset, self.access)
        if found is None:
            raise NotFound("there is no such dataset", place=dataset)
        return found

    def sources(self) -> list[Source]:
        """All visible collections with their datasets, in the order of datasets and layers."""
        return [Source(collection, dataset) for dataset in self.datasets() for collection in dataset.collections]

    def versions(self, dataset: Dataset) -> list[Version]:
        """The published versions of a visible dataset, oldest first."""
        return self.reader.versions(dataset.id, self.access)

    def source(self, collection: str, version: int | None = None, as_of: str | None = None) -> Source:
        """A visible collection with its dataset, as it stands, or as it stood in a version or at a time (RFC 3339 UTC).

        Raises NotFound, the same for absent and hidden. Today's access decision governs earlier versions, too.
        """
        if version is not None or as_of is not None:
            return self._earlier(collection, version, as_of)
        known = self._cache.sources.get((self.access, collection))
        if known is not None and known[0] == self.version:
            return known[1]
        found = self.reader.collection(collection, self.access)
        dataset = None if found is None else self.reader.dataset(found.dataset, self.access)
        if found is None or dataset is None:
            raise NotFound("there is no such collection", place=collection)
        if len(self._cache.sources) >= _CACHED:
            self._cache.sources.clear()
        source = Source(found, dataset)
        self._cache.sources[self.access, collection] = (self.version, source)
        return source

    def predecessor(self, source: Source) -> int | None:
        """The dataset's version before the one in which the collection last changed, where the collection was there."""
        found = source.collection
        before = found.version - 1
        return None if self.reader.collection(found.id, self.access, version=before) is None else before

    def _earlier(self, collection: str, version: int | None, as_of: str | None) -> Source:
        found = self.reader.collection(collection, self.access, version=version, as_of=as_of)
        dataset = None if found is None else self.reader.dataset(found.dataset, self.access)
        if found is None or dataset is None:
            raise NotFound("there is no such collection, or it was not there then", place=collection)
        moment = None if as_of is None else datetime.fromisoformat(as_of)
        meant = [one for one in self.versions(dataset) if _is_meant(one, version, moment)][-1]
        return Source(found, replace(dataset, version=meant.number, updated=meant.published), meant.number)

    def items(self, source: Source, request: ItemsRequest) -> Items:
        """One page of features. Raises ParameterError for what the collection cannot answer."""
        crs = choose_crs(source.collection, request.crs, "crs")
        query = self._begun(question(source.collection, self.access, request, source.version), request.offset)
        if query is None:
            return Items(source, b"", 0, self._counted(source, request), None, crs)
        if crs == CRS84:
            page = self.reader.page(query)
            body, returned, last, place = page.body, page.returned, page.last, page.position
        else:
            rows, last, place = self._rows(source, query)
            body, returned = b",".join(in_crs(rows, source.collection.crs, crs)), len(rows)
        if request.shown is not None:
            body = request.shown.body(body)
        return Items(source, body, returned, self._matched(source, query, request, returned, last), last, crs, query.sort, place)

    def _rows(self, source: Source, query: Query) -> tuple[list[Row], int | None, tuple[Scalar, ...]]:
        """The rows of a page, and where it ended when more follow."""
        found = list(self.reader.rows(replace(query, limit=query.limit + 1)))
        page = found[: query.limit]
        if len(found) <= query.limit:
            return page, None, ()
        return page, page[-1].key, position(source.collection, query.sort, page[-1])

    def rows(self, source: Source, request: ItemsRequest) -> Rows:
        """The same page as `items`, as rows. Raises ParameterError for what the collection cannot answer."""
        crs = choose_crs(source.collection, request.crs, "crs")
        query = self._begun(question(source.collection, self.access, request, source.version), request.offset)
        if query is None:
            return Rows(source, [], self._counted(source, request), None, crs, shown=request.shown)
        page, last, place = self._rows(source, query)
        matched = self._matched(source, query, request, len(page), last)
        return Rows(source, page, matched, last, crs, query.sort, place, request.shown)

    def _matched(self, source: Source, query: Query, request: ItemsRequest, returned: int, last: int | None) -> int | None:
        if request.is_unfiltered and not source.collection.remote:
            return source.collection.features
        if query.after is None and last is None:
            return returned
        return self.reader.count(query, COUNT_CAP)

    def _begun(self, query: Query, offset: int) -> Query | None:
        """The question from behind its first `offset` features; None where there are no more."""
        if offset == 0:
            return query
        passed = self.reader.page(replace(query, limit=offset))
        return None if passed.last is None else replace(query, after=passed.last, position=passed.position)

    def _counted(self, source: Source, request: ItemsRequest) -> int | None:
        """What a page behind the last feature says of how many there are."""
        if request.is_unfiltered and not source.collection.remote:
            return source.collection.features
        return self.reader.count(question(source.collection, self.access, request, source.version), COUNT_CAP)

    def item(self, source: Source, feature: str, crs: str | None = None, shown: Selection | None = None) -> Item:
        """One feature. Raises NotFound, ParameterError."""
        target = choose_crs(source.collection, crs, "crs")
        row = self.reader.item(source.collection.id, feature, self.access, version=source.version)
        if row is None:
            raise NotFound("there is no such feature", place=feature)
        body = row.ready if target == CRS84 else in_crs([row], source.collection.crs, target)[0]
        if shown is not None:
            body = shown.body(body)
        home = source.collection.id if row.parent is None else self.homes(source, [row.parent])[row.parent]
        return Item(source, body, row, target, home)

    def published(self, dataset: Dataset, version: int) -> str | None:
        """When a version of a dataset was published: what Last-Modified says of the features that it brought."""
        key = (dataset.id, version)
        if key not in self._cache.times:
            if len(self._cache.times) >= _CACHED:
                self._cache.times.clear()
            self._cache.times[key] = self.reader.published(dataset.id, version)
        return self._cache.times[key]

    def homes(self, source: Source, features: Sequence[str]) -> dict[str, str]:
        """In which collection of the dataset each of `features` lives; the source's own where it lives in none or in several."""
        own = source.collection.id
        found = dict.fromkeys(features, own)
        if len(source.dataset.collections) < 2:
            return found
        missing = set(features) - self.reader.existing(own, features)
        for collection in source.dataset.collections:
            there = self.reader.existing(collection.id, sorted(missing))
            found |= dict.fromkeys(there, collection.id)
            missing -= there
        return found


def _is_meant(one: Version, version: int | None, moment: datetime | None) -> bool:
    return one.number == version if moment is None else datetime.fromisoformat(one.published) <= moment


def in_crs(rows: list[Row], storage: Crs, target: Crs) -> list[bytes]:
    """The GeoJSON of rows with their geometry in `target`, in the axis order of its authority (OGC 18-058r1, /req/crs/geojson).

    In the storage CRS itself the geometry keeps its heights; every other CRS is two-dimensional.
    """
    geometries = [row.geometry for row in rows]
    if target != storage:
        flat = [None if geometry is None else wkb.to_2d(geometry) for geometry in geometries]
        geometries = transform.wkb(flat, systems.horizontal_of(storage), systems.horizontal_of(target))
    geometries = wkb.oriented(geometries)  # as the ready bytes are, so that vertices answer one another in every system
    if systems.swaps_axes(target):
        geometries = swapped(geometries)
    there = [geometry for geometry in geometries if geometry is not None]
    encoded = iter(geojson.encode(there, systems.decimals(target)))
    return [
        _replace(row.ready, b"null" if geometry is None else next(encoded)) for row, geometry in zip(rows, geometries, strict=True)
    ]


def _replace(ready: bytes, geometry: bytes) -> bytes:
    """A ready feature with another geometry. Its members come in the order type, id, geometry, properties, and a quotation mark
    inside a JSON string is escaped, so both marks are found where the members begin."""
    begin = ready.index(b',"geometry":') + len(b',"geometry":')
    end = ready.index(b',"properties":', begin)
    return ready[:begin] + geometry + ready[end:]


class Opened:
    """A view for the length of a `with`."""

    __slots__ = ("_access", "_cache", "_moment")

    def __init__(self, moment: AbstractContextManager[Reader], access: Access, cache: Cache) -> None:
        self._moment = moment
        self._access = access
        self._cache = cache

    def __enter__(self) -> View:
        reader = self._moment.__enter__()
        try:
            return View(reader, self._access, self._cache)
        except BaseException as error:
            self._moment.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        return self._moment.__exit__(kind, error, trace)


class QueryService:
    """Opens views of the store under the charter's one access decision."""

    def __init__(self, store: Readable, charter: Charter, settings: Settings) -> None:
        self._store = store
        self._charter = charter
        self.settings = settings
        self._cache = Cache()

    def access(self, reader: Person) -> Access:
        """What this reader may see, decided by the charter, which stands as long as the twin is open."""
        found = self._cache.accesses.get(reader)
        if found is None:
            if len(self._cache.accesses) >= _CACHED:
                self._cache.accesses.clear()
            found = self._cache.accesses[reader] = decide.access(self._charter, reader)
        return found

    def view(self, access: Access) -> Opened:
        """One consistent moment of the store, for one reader."""
        return Opened(self._store.reading(), access, self._cache)

    @property
    def title(self) -> str:
        """What the twin is called."""
        if "title" not in self._cache.facts:
            with self.view(Access()) as view:
                return view.title
        return self._cache.facts["title"] or "twin"

    def recent(self, access: Access, collection: str) -> Collection | None:
        """The collection as this reader last saw it, if he did: for guesses of what a question costs, never for an answer."""
        known = self._cache.sources.get((access, collection))
        return None if known is None else known[1].collection

    def datasets(self, access: Access) -> list[Dataset]:
        """All visible datasets, by id."""
        with self.view(access) as view:
            return view.datasets()

    def dataset(self, access: Access, dataset: str) -> Dataset:
        """A visible dataset. Raises NotFound."""
        with self.view(access) as view:
            return view.dataset(dataset)

    def collection(self, access: Access, collection: str) -> Collection:
        """A visible collection. Raises NotFound."""
        with self.view(access) as view:
            return view.source(collection).collection
