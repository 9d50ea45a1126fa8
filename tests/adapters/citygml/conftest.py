"""Documents of our own making, and short ways to read and write them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.adapters.citygml import ADAPTER
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.model.report import Report
from gateway.ports import Header, Output, ReadOptions

NAMESPACES = {
    "1.0": "http://www.opengis.net/citygml/{}1.0",
    "2.0": "http://www.opengis.net/citygml/{}2.0",
    "3.0": "http://www.opengis.net/citygml/{}3.0",
}
MODULES = {
    "bldg": "building/",
    "brid": "bridge/",
    "tran": "transportation/",
    "veg": "vegetation/",
    "frn": "cityfurniture/",
    "luse": "landuse/",
    "wtr": "waterbody/",
    "dem": "relief/",
    "grp": "cityobjectgroup/",
    "gen": "generics/",
    "app": "appearance/",
    "con": "construction/",
    "core": "",
}


class Read:
    """What came out of one file."""

    def __init__(self, features: list[Feature], header: Header, report: Report, problems: list[Finding]) -> None:
        self.features, self.header, self.report, self.problems = features, header, report, problems

    def __getitem__(self, identifier: str) -> Feature:
        return next(feature for feature in self.features if feature.id == identifier)

    @property
    def what(self) -> list[str]:
        """The kinds of changes in the report."""
        return [change.what for change in self.report.changes.values()]


@pytest.fixture
def document() -> Callable[..., str]:
    """Wraps members into a CityModel of a version."""

    def wrap(*members: str, version: str = "2.0", srs: str | None = "EPSG:2056", prologue: str = "") -> str:
        gml = "http://www.opengis.net/gml/3.2" if version == "3.0" else "http://www.opengis.net/gml"
        xal = "urn:oasis:names:tc:ciq:xal:3" if version == "3.0" else "urn:oasis:names:tc:ciq:xsdschema:xAL:2.0"
        spaces = "".join(f' xmlns:{prefix}="{NAMESPACES[version].format(path)}"' for prefix, path in MODULES.items())
        named = "" if srs is None else f'<gml:boundedBy><gml:Envelope srsName="{srs}" srsDimension="3"/></gml:boundedBy>'
        inner = "\n".join(f"<core:cityObjectMember>{member}</core:cityObjectMember>" for member in members)
        return (
            f'<core:CityModel{spaces} xmlns:gml="{gml}" xmlns:xAL="{xal}" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'xmlns:ade="urn:ade">{prologue}{named}\n{inner}\n</core:CityModel>'
        )

    return wrap


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Reads a text or bytes as a CityGML file."""

    def through(content: str | bytes, *, crs: Crs | None = None, id_field: str | None = None) -> Read:
        path = tmp_path / "file.gml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with ADAPTER.open(path, ReadOptions(crs, id_field)) as reading:
            features = list(reading)
            return Read(features, reading.header, reading.report, reading.problems)

    return through


@pytest.fixture
def written() -> Callable[..., tuple[bytes, Report]]:
    """Writes features as CityGML."""

    def through(
        features: list[Feature], crs: Crs | None = None, title: str | None = None, version: str | None = None
    ) -> tuple[bytes, Report]:
        sink, report = io.BytesIO(), Report()
        ADAPTER.write(iter(features), sink, Output(crs, title, version=version), report)
        return sink.getvalue(), report

    return through


@pytest.fixture
def placeless() -> Callable[[list[Feature]], list[Feature]]:
    """Features without the line they came from."""
    return lambda features: [replace(feature, place=None) for feature in features]


def polygon(points: str, identifier: str | None = None) -> str:
    """A gml:Polygon of a flat list of coordinates."""
    named = "" if identifier is None else f' gml:id="{identifier}"'
    return (
        f"<gml:Polygon{named}><gml:exterior><gml:LinearRing><gml:posList>{points}</gml:posList></gml:LinearRing></gml:exterior>"
        "</gml:Polygon>"
    )


@pytest.fixture(name="polygon")
def polygon_fixture() -> Callable[..., str]:
    """Makes a gml:Polygon."""
    return polygon


@pytest.fixture
def house() -> str:
    """A building of CityGML 2.0 with everything its module has."""
    return (Path(__file__).parent / "files" / "house_v2.gml").read_text()


@pytest.fixture
def house_3() -> str:
    """The outside of the same building in CityGML 3.0."""
    return (Path(__file__).parent / "files" / "house_v3.gml").read_text()
