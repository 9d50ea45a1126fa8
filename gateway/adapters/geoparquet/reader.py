"""GeoParquet in: the gateway's side. The bytes are looked at in a limited child process (`source`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from gateway.adapters.geoparquet import source
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable, UsageError
from gateway.gates.child import Limits, stream
from gateway.geo import crs as crs_rules
from gateway.geo import wkb as wkbs
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature, Field, Layer
from gateway.model.naming import collection_id, stem
from gateway.ports import Header, ReadOptions

LIMITS = Limits(memory=2 << 30, cpu=3600, seconds=120)
_IDS = ("gw_id", "id")


def open_geoparquet(path: Path, options: ReadOptions) -> OpenFile:
    """Open a file: the child has read its metadata. Raises Unreadable, UsageError for an unknown id field."""
    frames = stream(source.read, str(path.resolve()), limits=LIMITS)
    try:
        return _Reader(frames, options, options.name or path.name).open()
    except BaseException:
        frames.close()  # type: ignore[attr-defined]
        raise


class _Reader:
    def __init__(self, frames: Iterator[Any], options: ReadOptions, name: str) -> None:
        head = next(frames)
        self._frames = frames
        self._options = options
        self._collection = collection_id(stem(name))
        self._geometry, self._about = _geometry(head["geo"])
        kinds = dict(head["columns"])
        boxes = {path[0] for path in self._about.get("covering", {}).get("bbox", {}).values() if isinstance(path, list) and path}
        self._kinds = {name: kind for name, kind in kinds.items() if name != self._geometry and name not in boxes}
        field = options.id_field
        if field is not None and field not in self._kinds:
            raise UsageError(f"there is no column {field}", place="id", cure=f"one of {', '.join(list(self._kinds)[:40])}")
        self._id = field or next((name for name in _IDS if name in self._kinds), None)

    def open(self) -> OpenFile:
        """The open file, its header filled."""
        fields = tuple(Field(name, kind) for name, kind in self._kinds.items() if name != self._id)
        header = Header(
            format="geoparquet",
            version="1.1",
            crs=_crs(self._about, self._options.crs),
            layers=(Layer(self._collection, fields=fields),),
            ids="order" if self._id is None else "source" if self._options.id_field is None else "field",
        )
        return OpenFile(header, self._features, self._frames.close)  # type: ignore[attr-defined]

    def _features(self, reading: OpenFile) -> Iterator[Feature]:
        number = 0
        for batch in self._frames:
            names = [name for name in self._kinds if name != self._id]
            shapes = _shapes(batch[self._geometry], f"row {number + 1}")
            ids = [None] * len(shapes) if self._id is None else batch[self._id]
            rows = zip(*(batch[name] for name in names), strict=True) if names else iter([()] * len(shapes))
            for id, shape, values in zip(ids, shapes, rows, strict=True):
                number += 1
                properties = {name: value for name, value in zip(names, values, strict=True) if not isinstance(value, bytes)}
                if len(properties) < len(names):
                    reading.report.lost("binary column", "a property is text, number or truth")
                yield Feature(
                    self._named(id, number, reading), "Feature", self._collection, properties, shape, place=f"row {number}"
                )

    def _named(self, id: Any, number: int, reading: OpenFile) -> str:
        if self._id is None:
            return str(number)
        if id is None or id == "":
            reading.problem(
                ("a row has no id", "une ligne est sans identifiant"),
                ("give every row an id, or --id FIELD", "donner un identifiant à chaque ligne, ou --id CHAMP"),
                place=f"row {number}",
            )
            return f"no-id-{number}"
        return str(id)


def _geometry(metadata: bytes | None) -> tuple[str, dict[str, Any]]:
    """The primary geometry column and what is said of it. Raises Unreadable."""
    try:
        geo = orjson.loads(metadata or b"null")
        name = geo["primary_column"]
        about = geo["columns"][name]
        encoding = about["encoding"]
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise Unreadable("the Parquet file says nothing of geometry", cure="write it as GeoParquet 1.0 or 1.1") from error
    if encoding != "WKB" or not isinstance(name, str):
        raise Unreadable(f"the geometry is encoded as {encoding!r}"[:120], cure="write it with the encoding WKB")
    return name, about


def _crs(about: dict[str, Any], given: Crs | None) -> Crs | None:
    """The CRS as PROJJSON names it; absent means CRS84, null unknown."""
    if "crs" not in about:
        return CRS84
    found = about["crs"]
    if not isinstance(found, dict):
        return given
    parts = found.get("components") if "id" not in found else None
    codes = [_code(part) for part in parts] if isinstance(parts, list) else [_code(found)]
    if None in codes:
        return given or Crs("", local=str(found.get("name"))[:80])
    return crs_rules.parse("+".join(str(code) for code in codes))


def _code(part: Any) -> str | None:
    found = part.get("id") if isinstance(part, dict) else None
    return f"{found.get('authority')}:{found.get('code')}" if isinstance(found, dict) else None


def _shapes(values: list[Any], place: str) -> list[bytes | None]:
    if any(value is not None and not isinstance(value, bytes) for value in values):
        raise Unreadable("the geometry column does not hold WKB", place=place)
    return wkbs.write(wkbs.normal(values, place))
