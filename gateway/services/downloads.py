"""Downloads: a whole collection as one file, made once for each version, format and outcome of the access decision, then kept.

A file lies at ``downloads/{collection}/{version}/{format}/{SHA-256}.made`` beside the twin: complete from the moment its name is
there. It is a projection of the store; taking the folder away costs nothing but making it anew.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from gateway import __version__
from gateway.model.access import Access
from gateway.services import making
from gateway.services.making import Content, Made, Making, Superseded
from gateway.services.query import QueryService, Source, View
from gateway.services.whole import content

AT_ONCE = 2
"""Files one process makes at the same time; the next ones wait."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format of downloads: the word of `f`, the adapter that writes it, and whether it can be sent while it is made."""

    name: str
    title: str
    media_type: str
    suffix: str
    streams: bool


GML = 'application/gml+xml;version=3.2;profile="http://www.opengis.net/def/profile/ogc/2.0/gml-sf0"'

FORMATS = (
    Format("geojson", "GeoJSON", "application/geo+json", ".geojson", streams=True),
    Format("cityjson", "CityJSON", "application/city+json", ".city.json", streams=False),
    Format("cityjsonseq", "CityJSONSeq", "application/city+json-seq", ".city.jsonl", streams=True),
    Format("citygml", "CityGML 2.0", "application/gml+xml", ".gml", streams=False),
    Format("geopackage", "GeoPackage", "application/geopackage+sqlite3", ".gpkg", streams=False),
    Format("jsonfg", "JSON-FG", "application/vnd.ogc.fg+json", ".fg.json", streams=True),
    Format("flatgeobuf", "FlatGeobuf", "application/flatgeobuf", ".fgb", streams=False),
    Format("geoparquet", "GeoParquet", "application/vnd.apache.parquet", ".parquet", streams=False),
    Format("gml", "GML 3.2", GML, ".sf.gml", streams=False),
    Format("csv", "CSV", "text/csv; charset=utf-8; header=present", ".csv", streams=False),
)


class DownloadService:
    """Finds, makes and sweeps the files. Threads and processes may use it at once: one of them makes a file, the others follow."""

    def __init__(self, folder: Path, queries: QueryService) -> None:
        self._folder = folder
        self._queries = queries
        self._guard = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._going: dict[Path, Making] = {}
        self._stop = threading.Event()

    def made(self, source: Source, access: Access, format: Format) -> Made | None:
        """The file of this version, where it has been made."""
        return making.find(self._place(source, access, format))

    def get(self, source: Source, access: Access, format: Format) -> Made | Making:
        """The file, or its making: begun now, or joined where it goes on already."""
        place = self._place(source, access, format)
        with self._guard:
            found = making.find(place)
            if found is not None:
                return found
            going = self._going.get(place)
            if going is None:
                going = self._going[place] = Making(place, self._content(source, access, format), self._turns, self._stop)
                going.start(lambda: self._ended(place, source))
            return going

    def sweep(self, sources: Iterator[Source] | list[Source]) -> list[Path]:
        """Take away what belongs to no version in `sources`, all collections there are; gives the folders that went.

        A file someone still reads stays readable to him until he closes it; a version that is being made stays.
        """
        current = {self._version(source): True for source in sources}
        gone = []
        for version in self._folder.glob("*/*"):
            if version not in current and not self._is_busy(version):
                shutil.rmtree(version, ignore_errors=True)
                gone.append(version)
        for collection in self._folder.glob("*"):
            with suppress(OSError):
                collection.rmdir()
        return gone

    def close(self) -> None:
        """Stop what is being made; nothing half made stays."""
        self._stop.set()
        for going in list(self._going.values()):
            going.wait(10)

    def _ended(self, place: Path, source: Source) -> None:
        with self._guard:
            self._going.pop(place, None)
        for version in self._folder.joinpath(source.collection.id).glob("*"):
            if version != place.parent and not self._is_busy(version):
                shutil.rmtree(version, ignore_errors=True)

    def _is_busy(self, version: Path) -> bool:
        return any(making.is_locked(place) for place in version.glob("*"))

    def _content(self, source: Source, access: Access, format: Format) -> Content:
        def write(path: Path, say: making.Say) -> str:
            with self._queries.view(access) as view:
                return content(self._unchanged(view, source), view, format.name, path, say)

        return write

    def _unchanged(self, view: View, source: Source) -> Source:
        """The collection as this moment has it. Raises Superseded when that is another version than the file is for."""
        found = view.source(source.collection.id)
        if self._version(found) != self._version(source):
            raise Superseded("a newer version came in between")
        return found

    def _place(self, source: Source, access: Access, format: Format) -> Path:
        return self._version(source) / f"{format.name}-{_outcome(access)}"

    def _version(self, source: Source) -> Path:
        dataset = source.dataset
        facts = (__version__, dataset.id, dataset.version, dataset.updated, source.collection)
        digest = blake2b(repr(facts).encode(), digest_size=6).hexdigest()
        return self._folder / source.collection.id / f"{dataset.version}-{digest}"


def _outcome(_: Access) -> str:
    """What the access decision leaves of a collection a reader may see. Today that is the whole: a decision admits or hides
    datasets, it has no row filters and no masks. Were it to get them, each distinct one would be an outcome of its own."""
    return "whole"
