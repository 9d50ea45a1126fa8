"""CityJSON text sequences (https://www.cityjson.org/cityjsonseq/): a first line, then one CityJSONFeature a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from gateway.adapters.cityobjects import metadata, terms, vertices
from gateway.adapters.cityobjects.appearance import Palette
from gateway.adapters.cityobjects.decoding import Surroundings
from gateway.adapters.cityobjects.encoding import Encoder, Templates, families
from gateway.adapters.cityobjects.families import Families
from gateway.adapters.cityobjects.vertices import Transform, VertexIndex
from gateway.adapters.reading import OpenFile
from gateway.errors import TooLarge, Unreadable
from gateway.gates.json import loads
from gateway.gates.jsonstream import outline
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Adapter, Output, Reading, ReadOptions

MAX_LINE = 64 << 20

type Line = tuple[int, dict[str, Any]]


class CityJsonSeq:
    """CityJSONSeq: streams a city of any size, one feature with its own vertices a line."""

    name = "cityjsonseq"
    title = "CityJSON text sequence"
    media_type = "application/city+json-seq"
    suffixes: tuple[str, ...] = (".city.jsonl", ".jsonl")
    reads = True
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether the first text is a CityJSONFeature, or a CityJSON that another text follows."""
        members, after = outline(head)
        if members.get("type") == "CityJSONFeature":
            return True
        if members.get("type") != "CityJSON":
            return False
        is_named = name.endswith(".jsonl")
        return is_named if after is None else after == b"{" or (is_named and after == b"" and members.get("CityObjects") == {})

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a sequence: its first line is read now. Raises Unreadable, naming the line."""
        file = path.open("rb")
        try:
            return _Reader(file, options).open()
        except BaseException:
            file.close()
            raise

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write CityJSONSeq 2.0, a line a family, in constant memory."""
        _write(features, sink, output, report)


class _Reader:
    def __init__(self, file: BinaryIO, options: ReadOptions) -> None:
        self._file = file
        self._options = options
        self._lines = _lines(file)
        self._transform = Transform()
        self._north_first: bool | None = None

    def open(self) -> OpenFile:
        """Read the first line, which holds for all that follow."""
        first = next(self._lines, None)
        if first is None:
            raise Unreadable("the sequence is empty", place="line 1", cure="its first line is a CityJSON object")
        number, self._head = first
        if self._head.get("type") != "CityJSON":
            raise Unreadable("the first line is no CityJSON object", place=f"line {number}", cure="put version and transform first")
        version = terms.version_of(self._head.get("version"))
        reading = OpenFile(
            metadata.header("cityjsonseq", version, self._head.get("metadata"), self._options), self._features, self._file.close
        )
        self._take_head(self._head, reading)
        return reading

    def _take_head(self, head: dict[str, Any], reading: OpenFile) -> None:
        self._transform = Transform.read(head.get("transform"))
        self._around = metadata.surroundings(head, reading)

    def _features(self, reading: OpenFile) -> Iterator[Feature]:
        if self._head.get("CityObjects"):
            yield from self._feature((1, self._head), reading)
        for line in self._lines:
            if line[1].get("type") == "CityJSON":
                self._new_head(line, reading)
            else:
                yield from self._feature(line, reading)
        self._file.close()

    def _new_head(self, line: Line, reading: OpenFile) -> None:
        """A later CityJSON line changes transform, appearance and templates; another CRS cannot be followed."""
        number, head = line
        crs = terms.crs_of(head.get("metadata"))
        if crs is not None and crs != reading.header.crs:
            raise Unreadable("the reference system changes in the middle of the sequence", place=f"line {number}")
        reading.report.changed("further CityJSON line", "its transform holds from there on", f"line {number}")
        self._take_head({"transform": self._transform.as_json(), **head}, reading)
        if head.get("CityObjects"):
            raise Unreadable("a CityJSON line in a sequence holds no city objects", place=f"line {number}")

    def _feature(self, line: Line, reading: OpenFile) -> Iterator[Feature]:
        number, value = line
        place = f"line {number}"
        objects = value.get("CityObjects")
        if value.get("type") not in ("CityJSONFeature", "CityJSON") or not isinstance(objects, dict):
            raise Unreadable("the line is no CityJSONFeature", place=place)
        coordinates = vertices.table(value.get("vertices", []), self._transform, f"{place}, /vertices")
        if self._north_first is None and len(coordinates):
            self._north_first = vertices.has_north_first(reading.header.crs, coordinates)
            coordinates = metadata.east_first(coordinates, reading) if self._north_first else coordinates
        elif self._north_first:
            coordinates = coordinates[:, [1, 0, 2]]
        around = Surroundings(
            coordinates,
            value.get("appearance") or self._around.appearance,
            self._around.templates,
        )
        waiting = Families(reading)
        for identifier, one in objects.items():
            if not isinstance(one, dict):
                raise Unreadable("a city object is a JSON object", place=f"{place}, /CityObjects/{identifier}")
            yield from self._decoded(waiting.add(identifier, one), around, reading, place)
        yield from self._decoded(waiting.rest(), around, reading, place)

    def _decoded(self, members: Iterable[Any], around: Surroundings, reading: OpenFile, place: str) -> Iterator[Feature]:
        return metadata.decoded(members, around, reading, f"{place}, /CityObjects", self._options)


def _lines(file: BinaryIO) -> Iterator[Line]:
    for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), 1):
        if len(line) > MAX_LINE:
            raise TooLarge(f"one line is longer than {MAX_LINE >> 20} MB", place=f"line {number}")
        text = line.strip(b" \t\r\n\x1e")
        if text and text != b"\xef\xbb\xbf":
            value = loads(text, line=number)
            if not isinstance(value, dict):
                raise Unreadable("each line is a JSON object", place=f"line {number}")
            yield number, value


def _write(features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
    transform: Transform | None = None
    encoder = Encoder(Palette(), Templates(allowed=False), report)
    waiting: list[list[Feature]] = []
    for family in families(features):
        if transform is None:
            first = metadata.first_point(family)
            if first is None and output.box is None and len(waiting) < 1000:
                waiting.append(family)
                continue
            transform = vertices.transform_for(output.crs, first or (0.0, 0.0, 0.0), output.box)
            _write_first_line(transform, sink, output, report)
            for earlier in waiting:
                _write_family(earlier, encoder, transform, sink, report)
            waiting = []
        _write_family(family, encoder, transform, sink, report)
    if transform is None:
        transform = vertices.transform_for(output.crs, (0.0, 0.0, 0.0), output.box)
        _write_first_line(transform, sink, output, report)
        for earlier in waiting:
            _write_family(earlier, encoder, transform, sink, report)


def _write_first_line(transform: Transform, sink: BinaryIO, output: Output, report: Report) -> None:
    head: dict[str, Any] = {"type": "CityJSON", "version": "2.0", "transform": transform.as_json()}
    about = metadata.written(output, None, report)
    if about:
        head["metadata"] = about
    sink.write(orjson.dumps({**head, "CityObjects": {}, "vertices": []}, option=orjson.OPT_APPEND_NEWLINE))


def _write_family(family: list[Feature], encoder: Encoder, transform: Transform, sink: BinaryIO, report: Report) -> None:
    encoder.index = VertexIndex(transform)
    encoder.palette = Palette()
    line: dict[str, Any] = {"type": "CityJSONFeature", "id": family[0].id, "CityObjects": {}, "vertices": encoder.index.new}
    for feature in family:
        line["CityObjects"][feature.id] = encoder.city_object(feature)
        report.written[feature.collection] += 1
    palette = encoder.palette
    if palette.materials or palette.textures:
        line["appearance"] = {"materials": palette.materials, "textures": palette.textures, "vertices-texture": palette.spots}
    sink.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))


ADAPTER: Adapter = CityJsonSeq()
