"""IFC: a school made by hand, its georeferencing in every form, and files that must not hurt."""

from __future__ import annotations

import os
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

from gateway.adapters.ifc import ADAPTER
from gateway.adapters.ifc.adapter import IfcAdapter
from gateway.adapters.ifc.place import placement
from gateway.demo import plan, school
from gateway.errors import OutOfTime, TooLarge, Unreadable, Unsupported
from gateway.gates.child import Limits
from gateway.geo.footprint import footprint
from gateway.geo.validity import shell_problem
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.ports import Output, ReadOptions


@pytest.fixture(scope="module")
def ifc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ifc") / "school.ifc"
    school.write(plan.lay_out(), path)
    return path


@pytest.fixture(scope="module")
def features(ifc: Path) -> dict[str, Feature]:
    with ADAPTER.open(ifc, ReadOptions()) as reading:
        return {feature.id: feature for feature in reading}


def of_type(features: dict[str, Feature], kind: str) -> list[Feature]:
    return [feature for feature in features.values() if feature.type == kind]


def test_a_school_has_its_storeys_spaces_and_elements(features: dict[str, Feature]) -> None:
    assert Counter(feature.type for feature in features.values()) == {
        "+IfcSite": 1,
        "Building": 1,
        "BuildingStorey": 2,
        "BuildingRoom": 10,
        "BuildingConstructiveElement": 43,
    }
    assert {feature.collection for feature in of_type(features, "BuildingRoom")} == {"building"}
    assert {feature.collection for feature in of_type(features, "BuildingConstructiveElement")} == {"element"}


def test_a_family_comes_root_first_and_parents_before_children(features: dict[str, Feature]) -> None:
    seen: set[str] = set()
    for feature in features.values():
        assert feature.parent is None or feature.parent in seen
        seen.add(feature.id)
    (building,) = of_type(features, "Building")
    assert [features[child].properties["name"] for child in building.children] == ["Rez-de-chaussée", "1er étage"]


def test_property_and_quantity_sets_come_as_flat_properties(features: dict[str, Feature]) -> None:
    wall = next(feature for feature in features.values() if feature.properties.get("tag") == "wall-south")
    assert wall.properties["Pset_WallCommon.IsExternal"] is True
    assert wall.properties["Pset_WallCommon.ThermalTransmittance"] == 0.17
    room = next(feature for feature in of_type(features, "BuildingRoom") if feature.properties["name"] == "S1")
    area, height = room.properties["Qto_SpaceBaseQuantities.NetFloorArea"], room.properties["Qto_SpaceBaseQuantities.Height"]
    assert room.properties["Qto_SpaceBaseQuantities.NetVolume"] == pytest.approx(area * height, abs=1e-3)


def test_the_building_stands_on_its_plot_in_lv95_with_ln02_heights(ifc: Path, features: dict[str, Feature]) -> None:
    with ADAPTER.open(ifc, ReadOptions()) as reading:
        assert reading.header.crs == Crs("EPSG:2056", "EPSG:5728")
        assert any("IfcMapConversion" in note for note in reading.report.notes)
    plot = next(parcel for parcel in plan.lay_out().parcels if parcel.kind == "school")
    (building,) = of_type(features, "Building")
    shape = footprint(building)
    assert shape is not None
    outline = shapely.from_wkb(shape)
    assert shapely.Polygon(plot.ring()).contains(outline)
    assert outline.area == pytest.approx((school.LENGTH + 1.0) * (school.DEPTH + 1.0), rel=0.01)


def test_a_building_has_a_footprint_a_block_an_outline_and_solid_elements(features: dict[str, Feature]) -> None:
    (building,) = of_type(features, "Building")
    assert [(geometry.type, geometry.lod) for geometry in building.geometries] == [
        ("MultiSurface", "0"),
        ("Solid", "1"),
        ("MultiSurface", "2"),
    ]
    block, outline = building.geometries[1], building.geometries[2]
    assert shell_problem(block) is None
    assert [surface.type for surface in outline.surfaces] == ["GroundSurface", "WallSurface", "RoofSurface"]
    walls = [feature.geometries[0] for feature in of_type(features, "BuildingConstructiveElement")]
    assert all(geometry.type == "Solid" and shell_problem(geometry) is None for geometry in walls)


def test_openings_are_cut_and_reported(ifc: Path, features: dict[str, Feature]) -> None:
    with ADAPTER.open(ifc, ReadOptions()) as reading:
        list(reading)
    lost = {change["what"]: change["count"] for change in reading.report.as_json()["changes"]}
    assert lost == {"IfcOpeningElement": 24}
    wall = next(feature for feature in features.values() if feature.properties.get("tag") == "wall-south")
    assert sum(1 for _ in wall.geometries[0].polygons()) > 12


def test_a_window_comes_in_its_wall_s_storey(features: dict[str, Feature]) -> None:
    window = next(feature for feature in features.values() if feature.properties["ifcClass"] == "IfcWindow")
    assert window.properties["overallWidth"] == 3.0
    ancestors = []
    parent = window.parent
    while parent is not None:
        ancestors.append(features[parent].type)
        parent = features[parent].parent
    assert ancestors[-2:] == ["BuildingStorey", "Building"]


def test_an_ifczip_reads_like_its_file(ifc: Path, tmp_path: Path) -> None:
    path = tmp_path / "school.ifczip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(ifc, "school.ifc")
    assert ADAPTER.sniff(path.read_bytes()[:65536], "x.bin")
    with ADAPTER.open(path, ReadOptions()) as reading:
        assert sum(1 for _ in reading) == 57


def test_the_bytes_decide_what_is_ifc(ifc: Path) -> None:
    assert ADAPTER.sniff(ifc.read_bytes()[:65536], "drawing.png")
    assert not ADAPTER.sniff(b"\x89PNG\r\n\x1a\n" + bytes(100), "house.ifc")
    assert not ADAPTER.sniff(b"ISO-10303-21;HEADER;FILE_SCHEMA(('AP214'));", "part.ifc")


def test_ifc_is_not_written(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as sink, pytest.raises(Unsupported):
        ADAPTER.write([], sink, Output(None), None)  # type: ignore[arg-type]


# --- where a model stands ------------------------------------------------------------------------------------------


def facts(**changes: Any) -> dict[str, Any]:
    return {"unit": 1.0, "map": None, "site": None, "north": [0.0, 1.0], **changes}


def conversion(**changes: Any) -> dict[str, Any]:
    numbers = {"Eastings": 2498000.0, "Northings": 1116000.0, "OrthogonalHeight": 400.0, "XAxisAbscissa": 0.0, "XAxisOrdinate": 1.0}
    return {"form": "IfcMapConversion", "numbers": numbers, "name": "EPSG:2056", "vertical": "LN02", "unit": 1.0, **changes}


def moved(where: Any, *point: float) -> tuple[float, ...]:
    (found,) = where.nested([tuple(point)])
    return tuple(found)


def test_a_map_conversion_turns_then_shifts() -> None:
    where = placement(facts(map=conversion()))
    assert moved(where, 10.0, 0.0, 3.0) == pytest.approx((2498000.0, 1116010.0, 403.0))


def test_a_scale_left_at_one_between_millimetres_and_metres_is_read_as_meant_and_said() -> None:
    stated = conversion()
    stated["numbers"]["Scale"] = 1.0
    where = placement(facts(map=stated, unit=0.001))
    assert moved(where, 10.0, 0.0, 0.0) == pytest.approx((2498000.0, 1116010.0, 400.0))
    assert any("Scale is 1" in note for note in where.notes)


def test_a_scale_that_leads_from_millimetres_to_metres_changes_nothing() -> None:
    stated = conversion()
    stated["numbers"]["Scale"] = 0.001
    where = placement(facts(map=stated, unit=0.001))
    assert moved(where, 10.0, 0.0, 0.0) == pytest.approx((2498000.0, 1116010.0, 400.0))


def test_a_site_s_latitude_and_longitude_place_a_model_in_utm() -> None:
    where = placement(facts(site={"latitude": 46.19, "longitude": 6.12, "elevation": 410.0}))
    assert where.crs == Crs("EPSG:32632")
    here, north = moved(where, 0.0, 0.0, 0.0), moved(where, 0.0, 100.0, 0.0)
    assert here[2] == 410.0
    assert ((north[0] - here[0]) ** 2 + (north[1] - here[1]) ** 2) ** 0.5 == pytest.approx(100.0, abs=0.1)
    assert any("IfcSite" in note for note in where.notes)


def test_true_north_turns_the_model() -> None:
    straight = placement(facts(site={"latitude": 0.0001, "longitude": 9.0, "elevation": 0.0}))
    turned = placement(facts(site={"latitude": 0.0001, "longitude": 9.0, "elevation": 0.0}, north=[1.0, 0.0]))
    x, y, _ = moved(straight, 0.0, 10.0, 0.0)
    assert moved(turned, 10.0, 0.0, 0.0)[:2] == pytest.approx((x, y), abs=1e-6)


def test_a_model_that_says_nothing_stays_local_and_names_the_cure() -> None:
    where = placement(facts())
    assert where.crs is None
    assert "--crs" in where.notes[0]


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\n#12f4=IFCWALL($);\nENDSEC;\nEND-ISO-10303-21;\n",
        "ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC9'));\nENDSEC;\nDATA;\nENDSEC;\nEND-ISO-10303-21;\n",
        "ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n#1=IFCWALL(" + "(" * 200_000,
    ],
    ids=["empty", "no schema", "unknown schema", "a million brackets"],
)
def test_broken_step_is_unreadable_or_empty_and_never_kills_us(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.ifc"
    path.write_text(text)
    try:
        with ADAPTER.open(path, ReadOptions()) as reading:
            assert list(reading) == []
    except Unreadable:
        pass


def test_a_placement_that_leads_to_itself_costs_that_product_its_geometry(ifc: Path, tmp_path: Path) -> None:
    lines = ifc.read_text().splitlines()
    wall = next(line for line in lines if "=IFCWALL(" in line)
    reference = wall.split("$,$,")[-1].split(",")[0]
    looped = [
        f"{reference}=IFCLOCALPLACEMENT({reference},{line.split(',')[-1]}" if line.startswith(f"{reference}=") else line
        for line in lines
    ]
    path = tmp_path / "loop.ifc"
    path.write_text("\n".join(looped))
    with ADAPTER.open(path, ReadOptions()) as reading:
        found = list(reading)
    assert len(found) == 57
    assert len(reading.problems) == 1


def dying(path: str, what: str, skipped: list[int]) -> Iterator[dict[str, Any]]:
    """Stands for a kernel that dies at product 7, and at nothing else."""
    if what == "facts":
        yield {"schema": "IFC4", "project": "p", "title": None, "description": None, "notes": [], **facts()}
        return
    if 7 not in skipped and what == "all":
        yield {"kind": "at", "step": 7, "id": "g7", "class": "IfcWall", "place": "#7"}
        os.abort()
    yield {"kind": "made"}
    yield {
        "kind": "feature",
        "id": "g8",
        "type": "Building",
        "collection": "building",
        "properties": {},
        "geometries": [],
        "parent": None,
        "children": [],
        "addresses": [],
        "place": "#8",
    }


def hanging(path: str, what: str, skipped: list[int]) -> Iterator[dict[str, Any]]:
    """Stands for a kernel that never answers."""
    if what == "facts":
        yield {"schema": "IFC4", "project": "p", "title": None, "description": None, "notes": [], **facts()}
        return
    time.sleep(60)


def test_a_kernel_that_dies_loses_one_geometry_and_says_which(tmp_path: Path) -> None:
    path = tmp_path / "x.ifc"
    path.write_bytes(b"ISO-10303-21;")
    with IfcAdapter(worker=dying).open(path, ReadOptions()) as reading:
        assert [feature.id for feature in reading] == ["g8"]
    (problem,) = reading.problems
    assert (problem.object_id, problem.place) == ("g7", "#7")


def test_a_kernel_that_hangs_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "x.ifc"
    path.write_bytes(b"ISO-10303-21;")
    limits = Limits(memory=1 << 30, seconds=2.0)
    with IfcAdapter(limits, hanging).open(path, ReadOptions()) as reading, pytest.raises(OutOfTime):
        list(reading)


def test_an_archive_with_two_models_or_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.ifczip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.ifc", "ISO-10303-21;")
        archive.writestr("b.ifc", "ISO-10303-21;")
    with pytest.raises(Unreadable, match="2 IFC files"):
        ADAPTER.open(path, ReadOptions())


def test_an_archive_that_unpacks_without_end_is_stopped_by_counted_bytes(tmp_path: Path) -> None:
    path = tmp_path / "bomb.ifczip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ifc", bytes(30_000_000))
    with pytest.raises(TooLarge):
        ADAPTER.open(path, ReadOptions())


def test_a_member_s_name_leads_nowhere(ifc: Path, tmp_path: Path) -> None:
    path = tmp_path / "slip.ifczip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../outside.ifc", ifc.read_bytes())
    with ADAPTER.open(path, ReadOptions()) as reading:
        assert reading.header.version == "IFC4"
    assert not (tmp_path.parent.parent / "outside.ifc").exists()


@pytest.mark.corpus
def test_other_people_s_models_are_read() -> None:
    folder = os.environ.get("GATEWAY_CORPUS")
    if folder is None:
        pytest.skip("GATEWAY_CORPUS is not set: no files of others to read")
    counts = {}
    for path in sorted((Path(folder) / "ifc").iterdir()):
        with ADAPTER.open(path, ReadOptions()) as reading:
            counts[path.name] = sum(1 for _ in reading)
    assert counts["AC14-FZK-Haus.ifc"] == 120
    assert counts["TallBuilding.ifc"] == 66
    assert all(count > 0 for count in counts.values())


def test_a_path_relative_to_where_we_stand_is_read(ifc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ifc.parent)
    with ADAPTER.open(Path(ifc.name), ReadOptions()) as reading:
        assert reading.header.version == "IFC4"
