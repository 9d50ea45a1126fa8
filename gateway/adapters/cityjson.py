"""CityJSON 1.0, 1.1 and 2.0 in, 2.0 out: one JSON object for a whole city (https://www.cityjson.org/specs/2.0.1/)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from gateway.adapters.cityobjects import metadata, terms, vertices
from gateway.adapters.cityobjects.appearance import Palette
from gateway.adapters.cityobjects.encoding import Encoder, Templates, families
from gateway.adapters.cityobjects.families import Families
from gateway.adapters.cityobjects.vertices import Transform, VertexIndex
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable
from gateway.gates.jsonstream import JsonStream, outline
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Adapter, Header, Output, Reading, ReadOptions

_LARGE = 256 << 20
"""Bytes that the appearance or the templates of one file may have."""
_READ = ("type", "version", "transform", "metadata", "appearance", "geometry-templates")
_KNOWN = frozenset((*_READ, "CityObjects", "vertices", "extensions", "presentLoDs"))


class CityJson:
    """CityJSON: one object with all city objects and a table of vertices."""

    name = "cityjson"
    title = "CityJSON"
    media_type = "application/city+json"
    suffixes: tuple[str, ...] = (".city.json", ".cityjson")
    reads = True
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether the top-level `type` is CityJSON and no second text follows."""
        members, after = outline(head)
        if members.get("type") != "CityJSON":
            return False
        return (
            after == b"" and not _says_sequence(members, name)
            if after is not None
            else not name.endswith((".jsonl", ".city.jsonl"))
        )

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a CityJSON file: everything but the city objects is read now. Raises Unreadable."""
        return _Reader(path, options).open()

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write CityJSON 2.0. City objects go straight to `sink`, vertices wait in a temporary file."""
        _Writer(sink, output, report).write(features)


def _says_sequence(members: dict[str, Any], name: str) -> bool:
    """An empty CityJSON text is also the first line of an empty sequence: the name decides."""
    return name.endswith(".jsonl") and members.get("CityObjects") == {}


class _Reader:
    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path = path
        self._options = options
        self._found: dict[str, Any] = {}
        self._file: BinaryIO | None = None

    def open(self) -> OpenFile:
        """Read all members but the city objects."""
        batches: list[Any] = []
        unknown = []
        with self._path.open("rb") as file:
            stream = JsonStream(file)
            for key in stream.members():
                if key == "vertices":
                    batches = [_batch(batch) for batch in stream.elements(place="/vertices")]
                elif key in _READ:
                    self._found[key] = stream.value(place=f"/{key}", limit=_LARGE)
                elif key == "CityObjects":
                    self._found[key] = stream.kind()
                elif key not in _KNOWN:
                    unknown.append(key)
            stream.finish()
        version = self._check()
        header = metadata.header("cityjson", version, self._found.get("metadata"), self._options)
        reading = OpenFile(header, self._features, self._close)
        self._around = metadata.surroundings(self._found, reading)
        transform = Transform.read(self._found.get("transform"))
        coordinates = np.concatenate(batches) if batches else np.empty((0, 3))
        coordinates = transform.apply(coordinates)
        if vertices.has_north_first(header.crs, coordinates):
            coordinates = metadata.east_first(coordinates, reading)
        self._around.coordinates = coordinates
        for key in unknown:
            reading.report.lost(f"member {key} of the file", "CityJSON 2.0 gives it no meaning", f"/{key}")
        return reading

    def _check(self) -> str:
        if self._found.get("type") != "CityJSON":
            raise Unreadable("the type is not CityJSON", place="/type")
        if self._found.get("CityObjects") != b"{":
            raise Unreadable("CityObjects is missing or no object", place="/CityObjects")
        return terms.version_of(self._found.get("version"))

    def _features(self, reading: OpenFile) -> Iterator[Feature]:
        self._file = self._path.open("rb")
        stream = JsonStream(self._file)
        waiting = Families(reading)
        for key in stream.members():
            if key == "CityObjects":
                for batch in stream.entries(place="/CityObjects"):
                    for identifier, value in batch.items():
                        if not isinstance(value, dict):
                            raise Unreadable("a city object is a JSON object", place=f"/CityObjects/{identifier}")
                        yield from self._decoded(waiting.add(identifier, value), reading)
                break
        yield from self._decoded(waiting.rest(), reading)
        self._close()

    def _decoded(self, members: Iterable[Any], reading: OpenFile) -> Iterator[Feature]:
        return metadata.decoded(members, self._around, reading, "/CityObjects", self._options)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()


def _batch(batch: list[Any]) -> Any:
    return vertices.table(batch, Transform(), "/vertices")


class _Writer:
    def __init__(self, sink: BinaryIO, output: Output, report: Report) -> None:
        self._sink = sink
        self._output = output
        self._report = report
        self._palette = Palette()
        self._templates = Templates()
        self._transform: Transform | None = None
        self._count = 0
        self._box: list[int] | None = None

    def write(self, features: Iterable[Feature]) -> None:
        """Write the whole text."""
        sink = self._sink
        sink.write(b'{"type":"CityJSON","version":"2.0","CityObjects":{')
        with tempfile.TemporaryFile() as table, tempfile.TemporaryFile() as spots:
            separator = b"\n"
            encoder = Encoder(self._palette, self._templates, self._report)
            for family in families(features):
                encoder.index = self._index(family)
                for feature in family:
                    value = orjson.dumps(encoder.city_object(feature), option=orjson.OPT_NON_STR_KEYS)
                    sink.write(separator + orjson.dumps(feature.id) + b":" + value)
                    self._report.written[feature.collection] += 1
                    separator = b",\n"
                self._keep(encoder.index, table)
                _spool(self._palette.spots, spots, first=self._palette.first_spot == 0)
                self._palette.start_family()
            sink.write(b'\n},"vertices":[')
            _copy(table, sink)
            sink.write(b"]")
            self._members(spots)
        sink.write(b"}\n")

    def _index(self, family: list[Feature]) -> VertexIndex:
        if self._transform is None:
            first = metadata.first_point(family)
            if first is None:
                return VertexIndex(Transform(), self._count)
            self._transform = vertices.transform_for(self._output.crs, first, self._output.box)
        return VertexIndex(self._transform, self._count)

    def _keep(self, index: VertexIndex, table: BinaryIO) -> None:
        if not index.new:
            return
        _spool(index.new, table, first=self._count == 0)
        self._count += len(index.new)
        columns = list(zip(*index.new, strict=True))
        if self._box is None:
            self._box = [*map(min, columns), *map(max, columns)]
        else:
            low, high = map(min, self._box[:3], map(min, columns)), map(max, self._box[3:], map(max, columns))
            self._box = [*low, *high]

    def _members(self, spots: BinaryIO) -> None:
        transform = self._transform or vertices.transform_for(self._output.crs, (0.0, 0.0, 0.0), self._output.box)
        self._member("transform", transform.as_json())
        box = None if self._box is None else transform.apply(np.array(self._box, dtype=float).reshape(2, 3)).ravel().tolist()
        about = metadata.written(self._output, box, self._report)
        if about:
            self._member("metadata", about)
        if self._templates.objects:
            templates = {"templates": self._templates.objects, "vertices-templates": self._templates.vertices}
            self._member("geometry-templates", templates)
        if self._palette.materials or self._palette.textures:
            self._sink.write(b',"appearance":{"materials":' + orjson.dumps(self._palette.materials))
            self._sink.write(b',"textures":' + orjson.dumps(self._palette.textures) + b',"vertices-texture":[')
            _copy(spots, self._sink)
            self._sink.write(b"]}")

    def _member(self, name: str, value: Any) -> None:
        self._sink.write(b",\n" + orjson.dumps(name) + b":" + orjson.dumps(value))


def _spool(items: list[Any], file: BinaryIO, *, first: bool) -> None:
    if items:
        file.write((b"" if first and file.tell() == 0 else b",") + orjson.dumps(items)[1:-1])


def _copy(file: BinaryIO, sink: BinaryIO) -> None:
    file.seek(0)
    shutil.copyfileobj(file, sink, 1 << 20)


__all__ = ["ADAPTER", "CityJson", "Header"]
ADAPTER: Adapter = CityJson()
