"""What can be asked of a collection, by name."""

from __future__ import annotations

from gateway.model.dataset import Collection
from gateway.model.feature import Field
from gateway.model.members import named
from gateway.services.queryables import queryables, sortables

BOX = (6.0, 46.0, 7.0, 47.0)


def collection(*fields, **members):
    return Collection("trees", "city", {"en": "Trees"}, fields=fields, storage_box=BOX, box=BOX, features=3, **members)


def test_a_collection_is_asked_by_id_geometry_validity_and_its_fields_in_order():
    found = queryables(
        collection(
            Field("height", "number"), Field("planted", "string", "date"), Field("tags", "array"), interval=("2020-01-01", None)
        )
    )
    assert [(one.name, one.kind, one.role) for one in found] == [
        ("id", "string", "id"),
        ("geometry", "geometry", "primary-geometry"),
        ("validFrom", "date-time", "primary-interval-start"),
        ("validTo", "date-time", "primary-interval-end"),
        ("height", "number", None),
        ("planted", "date", None),
        ("tags", "array", None),
    ]


def test_without_validity_or_geometry_there_is_no_name_for_them():
    bare = Collection("rows", "city", {"en": "Rows"}, features=3)
    assert [one.name for one in queryables(bare)] == ["id"]


def test_only_scalars_have_an_order():
    assert [one.name for one in sortables(collection(Field("tags", "array"), Field("height", "number")))] == ["id", "height"]


def test_a_field_keeps_its_name_and_the_member_of_the_same_name_gets_another():
    fields = (Field("id", "integer"), Field("geometry", "string"), Field("feature-geometry", "string"))
    assert named(fields) == {"feature-id": "id", "feature-geometry-": "geometry", "validFrom": "validFrom", "validTo": "validTo"}
    found = {one.name: one for one in queryables(collection(*fields))}
    assert found["id"].field is fields[0]
    assert found["feature-id"].member == "id"
    assert found["feature-geometry-"].kind == "geometry"
