"""Rasters as cascaded coverages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Client, client, definition, make

rasterio = pytest.importorskip("rasterio")


@pytest.fixture(scope="module")
def covered(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    block = {"type": "coverage", "format": {"name": "GTiff", "mimetype": "application/image+tiff"}}
    heights = definition("heights", str(raster), "rasterio", provider=block)
    hidden = definition("hidden-heights", str(raster), "rasterio", provider=block, dataset="secret")
    with client(make(tmp_path_factory.mktemp("covered") / "twin", heights, hidden)) as found:
        yield found


def test_a_coverage_is_a_collection_with_the_extent_of_its_raster(covered: Client) -> None:
    found = covered.get("/collections/heights").json()
    west, south, east, north = found["extent"]["spatial"]["bbox"][0]
    assert 5.9 < west < east < 6.3 and 46.1 < south < north < 46.3
    assert found["storageCrs"] == "http://www.opengis.net/def/crs/EPSG/0/2056"
    assert found["itemType"] == "coverage"
    assert [link["rel"] for link in found["links"] if link["href"].endswith("/coverage")]
    assert covered.get("/collections/heights/items").status_code == 404


def test_a_part_of_a_raster_has_the_cells_of_the_raster(covered: Client, tmp_path: Path) -> None:
    box = "2500100,1117800,2500200,1117900"
    answer = covered.get(
        "/collections/heights/coverage",
        params={"f": "tif", "bbox": box, "bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/2056"},
    )
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/tiff")
    (tmp_path / "part.tif").write_bytes(answer.content)
    with rasterio.open(tmp_path / "part.tif") as part:
        values = part.read(1)
        assert part.bounds.left == 2_500_100 and part.bounds.top == 1_117_900
    assert values[0, 0] == 10 * 100 + 10 and values[9, 9] == 19 * 100 + 19


def test_the_whole_raster_comes_as_it_is_and_as_coverage_json(covered: Client, raster: Path) -> None:
    assert covered.get("/collections/heights/coverage", params={"f": "tif"}).content == raster.read_bytes()
    document = covered.get("/collections/heights/coverage", params={"f": "covjson"}).json()
    (values,) = document["ranges"].values()
    assert document["type"] == "Coverage" and values["shape"] == [30, 40] and values["values"][-1] == 2939.0


def test_what_a_coverage_has_not_is_refused_with_the_parameter(covered: Client) -> None:
    for parameters, name in (
        ({"bbox": "10,50,11,51"}, "bbox"),
        ({"properties": "7"}, "properties"),
        ({"bbox-crs": "EPSG:99999", "bbox": "1,2,3,4"}, "bbox-crs"),
        ({"subset": "x(1:2)"}, "subset"),
    ):
        problem = covered.get("/collections/heights/coverage", params=parameters)
        assert problem.status_code == 400 and problem.json()["parameter"] == name


def test_a_hidden_coverage_does_not_exist(covered: Client) -> None:
    assert covered.get("/collections/hidden-heights/coverage").status_code == 404
    assert covered.get("/collections/nothing/coverage").status_code == 404


def test_the_api_definition_names_the_coverage_and_what_it_takes(covered: Client) -> None:
    paths = covered.get("/api").json()["paths"]
    assert "/collections/hidden-heights/coverage" not in paths and "/collections/heights/items" not in paths
    names = {entry["$ref"].rsplit("/", 1)[1] for entry in paths["/collections/heights/coverage"]["get"]["parameters"]}
    assert {"bbox", "bbox-crs", "bands"} <= names
