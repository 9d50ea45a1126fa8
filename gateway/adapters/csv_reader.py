"""CSV in: the separator, the column of ids, the columns of geometry and the types of the others, found in the file itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
import orjson
import shapely

from gateway.adapters.reading import OpenFile
from gateway.errors import InputError, TooLarge, Unreadable, UsageError
from gateway.geo import crs as crs_rules
from gateway.geo import wkb as wkbs
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature, Field, Layer, Scalar
from gateway.model.naming import collection_id, stem
from gateway.ports import Header, ReadOptions

LONGEST = 16 << 20
"""Characters one record may have."""
_MOST_COLUMNS = 5_000
_DEEPEST = 40
_DEGREES = (("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat"))
_TEXT = frozenset(("wkt", "_wkt", "geometry", "geom", "the_geom", "shape"))
_PAIRS = (
    ("longitude", "latitude"),
    ("lon", "lat"),
    ("lng", "lat"),
    ("long", "lat"),
    ("x", "y"),
    ("easting", "northing"),
    ("e", "n"),
)
_HEIGHTS = ("z", "height", "elevation", "altitude")
_IDS = ("gw_id", "id", "fid", "ogc_fid")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_SRID = re.compile(r"\s*SRID\s*=\s*([0-9]{1,6})\s*;", re.ASCII | re.IGNORECASE)
_WORDS = re.compile(
    r"\s*(?:SRID\s*=\s*[0-9]{1,6}\s*;\s*)?(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b", re.IGNORECASE
)

type Cell = tuple[str, bool]
"""The text between two separators, and whether it was quoted."""


def has_geometry(head: bytes, *, by_name: bool) -> bool:
    """Whether the first line of `head` is a header with columns of geometry; any text with two columns where the name says so."""
    if b"\0" in head or head.lstrip()[:1] in (b"{", b"[", b"<", b""):
        return False
    try:
        line = head.partition(b"\n")[0].decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    separator = _separator(line)
    names = [name.lower() for name, _ in _cells(line.rstrip("\r\n"), separator)]
    return (len(names) > 1 and by_name) or (len(names) > 1 and _find(names) is not None)


def open_csv(path: Path, options: ReadOptions) -> OpenFile:
    """Open a CSV file: a first pass finds the types of its columns. Raises Unreadable, UsageError for an unknown id field."""
    file = path.open(encoding="utf-8-sig", newline="")
    try:
        return _Reader(file, options, options.name or path.name).open()
    except UnicodeDecodeError as error:
        file.close()
        raise Unreadable("the file is not UTF-8", place="line 1 or soon after", cure="save it as CSV UTF-8") from error
    except BaseException:
        file.close()
        raise


def _find(names: Sequence[str]) -> tuple[int, ...] | None:
    """Where the geometry stands: the column of text, or those of x and y and perhaps z."""
    for at, name in enumerate(names):
        if name in _TEXT:
            return (at,)
    for east, north in _PAIRS:
        if east in names and north in names:
            height = next((names.index(name) for name in _HEIGHTS if name in names and east in ("x", "easting", "e")), None)
            return (names.index(east), names.index(north)) + (() if height is None else (height,))
    return None


class _Reader:
    """One file with what its first pass found."""

    def __init__(self, file: TextIO, options: ReadOptions, name: str) -> None:
        self._file = file
        self._collection = collection_id(stem(name))
        first = file.readline(LONGEST)
        self._separator = _separator(first)
        file.seek(0)
        records = self._records()
        _, header = next(records, (0, []))
        self._names = [text.strip() for text, _ in header]
        if len(self._names) < 2 or len(set(self._names)) < len(self._names):
            raise Unreadable("the first line is no header of different names", place="line 1", cure="one name a column")
        lower = [name.lower() for name in self._names]
        self._geometry = _find(lower) or ()
        self._id = self._id_column(options.id_field, lower)
        self._given = options.crs
        self._types, self._srid = self._survey(records)

    def _id_column(self, field: str | None, lower: list[str]) -> int | None:
        if field is not None:
            if field not in self._names:
                raise UsageError(f"there is no column {field}", place="id", cure=f"one of {', '.join(self._names[:40])}")
            return self._names.index(field)
        return next((lower.index(name) for name in _IDS if name in lower), None)

    def open(self) -> OpenFile:
        """The open file, its header filled."""
        fields = tuple(Field(self._names[at], kind) for at, kind in self._types.items())
        header = Header(
            format="csv",
            crs=self._crs(),
            layers=(Layer(self._collection, fields=fields),),
            ids="order" if self._id is None else "source" if self._names[self._id].lower() in _IDS else "field",
        )
        return OpenFile(header, self._features, self._file.close)

    def _crs(self) -> Crs | None:
        """What the geometries say (``SRID=2056;…``), else the caller, else CRS84 for longitudes and latitudes."""
        if self._srid is not None:
            return crs_rules.parse(f"EPSG:{self._srid}")
        is_degrees = len(self._geometry) > 1 and self._names[self._geometry[0]].lower() in dict(_DEGREES)
        return self._given or (CRS84 if is_degrees else None)

    def _survey(self, records: Iterator[tuple[int, list[Cell]]]) -> tuple[dict[int, str], str | None]:
        """The types of the plain columns, and the SRID that the first geometry names."""
        plain = [at for at in range(len(self._names)) if at not in self._geometry and at != self._id]
        open_to = {at: {"boolean", "integer", "number"} for at in plain}
        filled: set[int] = set()
        srid: str | None = None
        for place, cells in records:
            if len(cells) != len(self._names):
                raise Unreadable(f"{len(cells)} values under {len(self._names)} names", place=f"line {place}")
            for at in plain:
                text, quoted = cells[at]
                if text or quoted:
                    filled.add(at)
                    if open_to[at]:
                        open_to[at] &= set() if quoted else _kinds(text)
            if srid is None and len(self._geometry) == 1 and (found := _SRID.match(cells[self._geometry[0]][0])):
                srid = found[1]
        order = ("integer", "number", "boolean")
        return {at: next((kind for kind in order if at in filled and kind in open_to[at]), "string") for at in plain}, srid

    def _features(self, reading: OpenFile) -> Iterator[Feature]:
        self._file.seek(0)
        records = self._records()
        next(records)
        for number, (place, cells) in enumerate(records, 1):
            id = str(number) if self._id is None else cells[self._id][0]
            if not id:
                reading.problem(
                    ("a row has no id", "une ligne est sans identifiant"),
                    ("give every row an id, or --id FIELD", "donner un identifiant à chaque ligne, ou --id CHAMP"),
                    place=f"line {place}",
                )
                id = f"no-id-{number}"
            properties = {self._names[at]: _typed(cells[at], kind) for at, kind in self._types.items()}
            shape = self._shape(cells, f"line {place}")
            yield Feature(id, "Feature", self._collection, properties, shape, place=f"line {place}")

    def _shape(self, cells: list[Cell], place: str) -> bytes | None:
        texts = [cells[at][0].strip() for at in self._geometry]
        if not texts or not texts[0]:
            return None
        if len(texts) == 1:
            return _from_text(texts[0], place)
        try:
            position = [float(text) for text in texts if text]
            found = wkbs.write(wkbs.normal(wkbs.write(shapely.Point(position)), place))[0]
        except ValueError as error:
            raise Unreadable(f"{', '.join(texts)[:80]!r} is no position", place=place) from error
        return found

    def _records(self) -> Iterator[tuple[int, list[Cell]]]:
        """Records with the line they begin at; a quoted text may go over several lines."""
        begin, record = 0, ""
        try:
            for number, line in enumerate(iter(lambda: self._file.readline(LONGEST + 1), ""), 1):
                begin = begin if record else number
                record += line
                if len(record) > LONGEST:
                    raise TooLarge(f"one record is longer than {LONGEST >> 20} MB", place=f"line {begin}")
                if record.count('"') % 2:
                    continue
                if record.strip("\r\n"):
                    yield begin, _cells(record.rstrip("\r\n"), self._separator)
                record = ""
        except UnicodeDecodeError as error:
            raise Unreadable("the file is not UTF-8", place=f"after line {begin}", cure="save it as CSV UTF-8") from error
        if record:
            raise Unreadable("a quotation mark is not closed", place=f"line {begin}")


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def _cells(record: str, separator: str) -> list[Cell]:
    """The cells of one record."""
    if '"' not in record:
        return [(text, False) for text in record.split(separator)]
    found: list[Cell] = []
    for part in record.split(separator):
        if found and _is_open(found[-1][0]):
            found[-1] = (f"{found[-1][0]}{separator}{part}", True)
        else:
            found.append((part, part.lstrip()[:1] == '"'))
        if len(found) > _MOST_COLUMNS:
            raise TooLarge(f"more than {_MOST_COLUMNS} columns", place="line 1")
    return [(_bare(text), True) if quoted else (text, False) for text, quoted in found]


def _is_open(text: str) -> bool:
    return text.lstrip()[:1] == '"' and text.count('"') % 2 == 1


def _bare(text: str) -> str:
    return text.strip()[1:-1].replace('""', '"')


def _kinds(text: str) -> set[str]:
    if text in ("true", "false"):
        return {"boolean"}
    if _INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**63:
        return {"integer", "number"}
    return {"number"} if _NUMBER.fullmatch(text) and np.isfinite(float(text)) else set()


def _typed(cell: Cell, kind: str) -> Scalar:
    text, quoted = cell
    if not text and not quoted:
        return None
    if kind == "boolean":
        return text == "true"
    if kind == "integer":
        return int(text)
    return float(orjson.loads(text)) if kind == "number" else text


def _from_text(text: str, place: str) -> bytes | None:
    """WKB of well-known text, gated: GEOS dies of absurd nesting. Raises Unreadable."""
    if _WORDS.match(text) is None:
        raise Unreadable(f"{text[:60]!r} is no geometry as well-known text", place=place, cure="POINT (2600000 1200000)")
    depth = deepest = 0
    for mark in re.findall(r"[()]", text):
        depth += 1 if mark == "(" else -1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        raise Unreadable(f"a geometry is nested more than {_DEEPEST} deep", place=place)
    try:
        found = shapely.from_wkt(text.partition(";")[2] if _SRID.match(text) else text)
        return wkbs.write(wkbs.normal(wkbs.write(found), place))[0]
    except (shapely.errors.GEOSException, InputError) as error:
        raise Unreadable(f"not well-known text: {str(error).partition(chr(10))[0][:120]}", place=place) from error
