"""The graph as a projection of the truth: one named graph a dataset, made anew from the store, published by generation."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

import structlog
from pyoxigraph import Literal, NamedNode, RdfFormat, Store, parse

from gateway.graph.datasets import dataset_iri, dataset_lines
from gateway.graph.features import collection_iri, digest, feature_iri, feature_lines, signature
from gateway.graph.generations import Generations, Pointer
from gateway.graph.homes import Homes
from gateway.graph.terms import Line
from gateway.graph.vocabulary import DIGEST, HAS_PART, term, vocabulary
from gateway.model.access import EVERYTHING
from gateway.model.dataset import Collection, Dataset
from gateway.model.journal import Entry
from gateway.model.query import Query
from gateway.ports import Reader

log = structlog.get_logger(__name__)

_FORM = 1
"""Raised when the code below writes other triples than before; the graph is then made anew."""
_CHUNK = 16_000_000
_SMALL = 2_000
_BATCH = 500
_SAMPLE = 200

_DIGEST = NamedNode(DIGEST)
_HAS_PART = NamedNode(HAS_PART)
_IN_COLLECTION = NamedNode(term("twin:inCollection")[1:-1])


class GraphProjection:
    """Keeps the graph up to date from the journal (`gateway.ports.Projection`).

    Each `apply` clones the current generation by hard links, changes the clone, and makes it the next generation together with
    its cursor: a crash leaves the generation that was. Only features whose digest changed are written anew. A dataset whose
    `graph` is ``metadata`` has no features in it. Callers hold the projector's lock.
    """

    name = "graph"

    def __init__(self, folder: Path, id_base: str) -> None:
        self._generations = Generations(folder)
        self._id_base = id_base

    def cursor(self) -> int:
        """The journal sequence the current generation stands at; 0 where it was made by other rules."""
        return self._current().cursor

    def apply(self, reader: Reader, entries: Sequence[Entry]) -> None:
        """Bring the datasets that `entries` concern to what `reader` sees, then move the cursor."""
        if not entries:
            return
        touched = sorted({str(entry.body["dataset"]) for entry in entries if entry.kind == "publication"})
        current = self._current()
        pointer = self._pointer(entries[-1].sequence, current.generation)
        if not touched and current.generation is not None:
            self._generations.move(pointer)
            return
        self._generations.clear()
        work = self._generations.workplace()
        if current.generation is not None:
            Store.read_only(str(self._generations.path(current.generation))).backup(work)
        for dataset in touched:
            work = self._replace(work, reader, dataset)
        self._publish(work, pointer)

    def rebuild(self, reader: Reader) -> None:
        """Make the graph of every dataset anew."""
        self._generations.clear()
        work = self._generations.workplace()
        version = reader.version()
        store = Store(work)
        for dataset in reader.datasets(EVERYTHING):
            self._fill(store, reader, dataset)
        store.flush()
        del store
        self._publish(work, self._pointer(version, None))

    def _publish(self, work: Path, pointer: Pointer) -> None:
        """Make the store at `work`, flushed and closed, the next generation; where nothing was written yet, an empty one."""
        if not work.exists():
            Store(work).flush()
        self._generations.publish(work, pointer)

    def _current(self) -> Pointer:
        pointer = self._generations.pointer()
        same = pointer.id_base == self._id_base and pointer.mapping == self._mapping()
        return pointer if same else Pointer()

    def _pointer(self, cursor: int, generation: str | None) -> Pointer:
        return Pointer(generation, cursor, self._id_base, self._mapping())

    def _mapping(self) -> str:
        return hashlib.sha256(f"{_FORM} {vocabulary()}".encode()).hexdigest()[:16]

    # --- one dataset -------------------------------------------------------------------------------------------------

    def _replace(self, work: Path, reader: Reader, name: str) -> Path:
        """Bring the graph of one dataset up to date in the store at `work`; gives the path of the store to go on with."""
        store = Store(work)
        graph = NamedNode(dataset_iri(self._id_base, name))
        dataset = reader.dataset(name, EVERYTHING)
        is_there = store.contains_named_graph(graph)
        if dataset is not None and not is_there:
            self._fill(store, reader, dataset)
        elif dataset is not None and dataset.graph != "full" and not _has_features(store, graph):
            _remove_metadata(store, graph)
            _load(store, graph, self._lines(reader, dataset))
        elif dataset is None or dataset.graph != "full" or self._mostly_new(store, graph, reader, dataset):
            del store
            return self._replace_whole(work, graph, reader, dataset)
        else:
            self._update(store, graph, reader, dataset)
        store.flush()
        return work

    def _replace_whole(self, work: Path, graph: NamedNode, reader: Reader, dataset: Dataset | None) -> Path:
        """Copy every other graph to a new store: removing a graph triple by triple takes longer than loading one."""
        target = self._generations.workplace()
        old, new = Store(work), Store(target)
        for other in old.named_graphs():
            if isinstance(other, NamedNode) and other != graph:
                _copy(old, new, other)
        if dataset is not None:
            self._fill(new, reader, dataset)
        new.flush()
        del old, new
        shutil.rmtree(work)
        return target

    def _fill(self, store: Store, reader: Reader, dataset: Dataset) -> None:
        graph = NamedNode(dataset_iri(self._id_base, dataset.id))
        _load(store, graph, self._lines(reader, dataset))

    def _lines(self, reader: Reader, dataset: Dataset) -> Iterator[Line]:
        about = dataset_iri(self._id_base, dataset.id)
        full = dataset.graph == "full"
        homes = Homes(reader, dataset)
        yield from dataset_lines(dataset, self._id_base, full=full)
        for collection in dataset.collections if full else ():
            shape = signature(collection)
            for row in reader.rows(Query(collection.id, EVERYTHING, limit=-1)):
                yield from feature_lines(row, collection, about, self._id_base, shape, homes.of(row, collection))

    # --- differences -------------------------------------------------------------------------------------------------

    def _mostly_new(self, store: Store, graph: NamedNode, reader: Reader, dataset: Dataset) -> bool:
        """Whether more than half of a sample of the dataset's features differ from the graph."""
        seen = changed = 0
        for collection in dataset.collections:
            shape = signature(collection)
            for row in islice(reader.rows(Query(collection.id, EVERYTHING, limit=_SAMPLE)), _SAMPLE):
                subject = NamedNode(feature_iri(self._id_base, collection.id, row.id))
                seen += 1
                changed += _digest(store, graph, subject) != digest(row, shape)
        return seen >= _SAMPLE and changed * 2 > seen

    def _update(self, store: Store, graph: NamedNode, reader: Reader, dataset: Dataset) -> None:
        self._remove_gone(store, graph, reader, dataset)
        _remove_metadata(store, graph)
        _load(store, graph, dataset_lines(dataset, self._id_base, full=True))
        homes = Homes(reader, dataset)
        for collection in dataset.collections:
            _load(store, graph, self._changed(store, graph, reader, collection, homes))

    def _changed(self, store: Store, graph: NamedNode, reader: Reader, collection: Collection, homes: Homes) -> Iterator[Line]:
        """Statements about features that differ from the graph; what it said of them is removed on the way."""
        shape = signature(collection)
        for row in reader.rows(Query(collection.id, EVERYTHING, limit=-1)):
            subject = NamedNode(feature_iri(self._id_base, collection.id, row.id))
            known = _digest(store, graph, subject)
            if known == digest(row, shape):
                continue
            if known is not None:
                _remove_feature(store, graph, subject)
            yield from feature_lines(row, collection, graph.value, self._id_base, shape, homes.of(row, collection))

    def _remove_gone(self, store: Store, graph: NamedNode, reader: Reader, dataset: Dataset) -> None:
        kept = {collection_iri(self._id_base, collection.id): collection.id for collection in dataset.collections}
        parts = [quad.object for quad in store.quads_for_pattern(graph, _HAS_PART, None, graph)]
        for part in parts:
            if not isinstance(part, NamedNode):
                continue
            quads = store.quads_for_pattern(None, _IN_COLLECTION, part, graph)
            members = (quad.subject for quad in quads if isinstance(quad.subject, NamedNode))
            while batch := list(islice(members, _BATCH)):
                ids = {unquote(member.value.rpartition("/")[2]): member for member in batch}
                there = reader.existing(kept[part.value], list(ids)) if part.value in kept else set()
                for gone in ids.keys() - there:
                    _remove_feature(store, graph, ids[gone])


def _digest(store: Store, graph: NamedNode, subject: NamedNode) -> str | None:
    quad = next(store.quads_for_pattern(subject, _DIGEST, None, graph), None)
    return quad.object.value if quad is not None and isinstance(quad.object, Literal) else None


def _has_features(store: Store, graph: NamedNode) -> bool:
    return next(store.quads_for_pattern(None, _IN_COLLECTION, None, graph), None) is not None


def _remove_feature(store: Store, graph: NamedNode, subject: NamedNode) -> None:
    for node in (NamedNode(f"{subject.value}#geometry"), subject):
        for quad in list(store.quads_for_pattern(node, None, None, graph)):
            store.remove(quad)


def _remove_metadata(store: Store, graph: NamedNode) -> None:
    quads = list(store.quads_for_pattern(graph, None, None, graph))
    nodes = {quad.object for quad in quads if isinstance(quad.object, NamedNode)}
    for node in nodes:
        if node.value.startswith(f"{graph.value}#") or NamedNode(HAS_PART) in {q.predicate for q in quads if q.object == node}:
            quads.extend(store.quads_for_pattern(node, None, None, graph))
    for quad in quads:
        store.remove(quad)


def _copy(source: Store, target: Store, graph: NamedNode) -> None:
    quads = (quad.triple for quad in source.quads_for_pattern(None, None, None, graph))
    _load(target, graph, (f"{triple} .\n" for triple in quads))


def _load(store: Store, graph: NamedNode, lines: Iterator[Line]) -> None:
    """Load statements in chunks, so that memory stays flat however many there are."""
    store.add_graph(graph)
    chunk: list[Line] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size > _CHUNK:
            _load_chunk(store, graph, chunk)
            chunk, size = [], 0
    _load_chunk(store, graph, chunk)


def _load_chunk(store: Store, graph: NamedNode, chunk: list[Line]) -> None:
    load = store.load if len(chunk) < _SMALL else store.bulk_load
    try:
        load(input="".join(chunk).encode(), format=RdfFormat.N_TRIPLES, to_graph=graph)
    except SyntaxError:
        store.load(input="".join(filter(_is_sound, chunk)).encode(), format=RdfFormat.N_TRIPLES, to_graph=graph)


def _is_sound(line: Line) -> bool:
    """Whether a statement is RDF; one that is not (a partner's address that is no IRI) is left out, so that the rest goes on."""
    try:
        list(parse(line.encode(), format=RdfFormat.N_TRIPLES))
    except SyntaxError as error:
        log.warning("a statement is no RDF and is left out", statement=line[:300], error=str(error))
        return False
    return True
