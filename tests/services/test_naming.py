"""Ids of collections and datasets."""

from __future__ import annotations

import pytest

from gateway.errors import IdNotAvailable, ParameterError
from gateway.services import naming
from gateway.services.naming import Naming


@pytest.mark.parametrize(
    ("name", "id"),
    [("Building", "Building"), ("Wärme netz/2", "W-rme-netz-2"), ("", "features"), ("---", "features"), ("été", "t-")],
)
def test_a_layers_name_becomes_an_id_with_its_case(name: str, id: str) -> None:
    assert naming.clean(name) == id


def test_the_stem_drops_folders_and_all_suffixes() -> None:
    assert naming.stem("/tmp/My quarter.city.json") == "My-quarter"


def test_one_wish_renames_the_only_collection() -> None:
    assert Naming("trees").all(["layer 1"]) == {"layer 1": "trees"}


def test_one_wish_prefixes_several_collections() -> None:
    assert Naming("school").all(["building", "element"]) == {"building": "school-building", "element": "school-element"}


def test_a_mapping_renames_one_by_one_and_leaves_the_rest() -> None:
    names = Naming("building=school, element=school-elements").all(["building", "element", "road"])
    assert names == {"building": "school", "element": "school-elements", "road": "road"}


@pytest.mark.parametrize("wish", ["a b", "x=", "=y", "a=b,a=c", "é", "", "-a", "x" * 101])
def test_a_wish_that_makes_no_id_is_refused(wish: str) -> None:
    with pytest.raises(ParameterError):
        Naming(wish)


def test_a_mapping_of_a_collection_the_file_lacks_is_refused() -> None:
    with pytest.raises(ParameterError, match="no collection school"):
        Naming({"school": "x"}).all(["building"])


def test_two_collections_cannot_get_one_id() -> None:
    with pytest.raises(ParameterError, match="one id"):
        Naming(None).all(["a b", "a/b"])


@pytest.mark.parametrize("name", ["csw", "Collections", "ID"])
def test_the_names_of_doors_are_reserved(name: str) -> None:
    with pytest.raises(IdNotAvailable):
        naming.demand_free(name)
