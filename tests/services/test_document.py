"""The full document of a feature comes back exactly."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputError, IntegrityError
from gateway.model.feature import Feature
from gateway.model.geometry import DEPTH, BoundarySurface, Geometry
from gateway.services import document

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
number = st.floats(allow_nan=False, allow_infinity=False)
scalar = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | number | text
value = st.recursive(scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6)
properties = st.dictionaries(text, value, max_size=5)
point = st.tuples(number, number, number)


def nested(levels):
    found = st.lists(point, max_size=4)
    for _ in range(levels):
        found = st.lists(found, min_size=1, max_size=2)
    return found


surface = st.builds(
    BoundarySurface,
    type=text,
    id=st.none() | text,
    attributes=properties,
    parent=st.none() | st.integers(0, 5),
    children=st.lists(st.integers(0, 5), max_size=2).map(tuple),
)


@st.composite
def geometry(draw):
    kind = draw(st.sampled_from(sorted(DEPTH)))
    return Geometry(
        kind,
        draw(st.sampled_from(["0", "1", "2.2", "3"])),
        draw(nested(DEPTH[kind])),
        surfaces=draw(st.lists(surface, max_size=2)),
        values=draw(st.none() | st.lists(st.none() | st.integers(0, 3), max_size=3)),
        appearance=draw(st.none() | properties),
    )


instance = st.builds(
    lambda template, anchor, matrix: Geometry("GeometryInstance", "1", [anchor], template=template, matrix=matrix),
    geometry(),
    point,
    st.tuples(*[number] * 16),
)
feature = st.builds(
    Feature,
    id=text,
    type=text,
    collection=text,
    properties=properties,
    shape=st.none() | st.binary(max_size=30),
    geometries=st.lists(geometry() | instance, max_size=2),
    parent=st.none() | text,
    children=st.lists(text, max_size=2).map(tuple),
    validity=st.none() | st.tuples(st.none() | text, st.none() | text),
    addresses=st.lists(properties, max_size=2),
    opaque=st.lists(text, max_size=2),
)


@given(feature)
def test_every_feature_comes_back_as_it_was(item):
    found = document.decode(document.encode(item))
    assert found == item
    assert list(found.properties) == list(item.properties)


def test_signs_of_zero_and_kinds_of_numbers_survive():
    item = Feature("a", properties={"f": 1.0, "i": 1, "z": -0.0, "small": 5e-324, "large": 1.7976931348623157e308})
    found = document.decode(document.encode(item)).properties
    assert isinstance(found["f"], float)
    assert isinstance(found["i"], int)
    assert math.copysign(1, found["z"]) == -1
    assert (found["small"], found["large"]) == (5e-324, 1.7976931348623157e308)


NAN = float("nan")


@pytest.mark.parametrize(
    "item",
    [
        Feature("bad", properties={"a": NAN}),
        Feature("bad", properties={"a": [1, {"b": float("inf")}]}),
        Feature("bad", properties={"a": "\ud800"}),
        Feature("bad", properties={"\udfff": 1}),
        Feature("bad", properties={"a": 2**63}),
        Feature("bad", properties={"a": object()}),
        Feature("bad", properties={"a": {1: 2}}),
        Feature("bad", addresses=[{"x": NAN}]),
        Feature("bad", opaque=["\ud800"]),
        Feature("bad", geometries=[Geometry("MultiPoint", "1", [(1.0, 2.0, NAN)])]),
        Feature("bad", geometries=[Geometry("MultiPoint", "1", [], [BoundarySurface("x", attributes={"a": NAN})])]),
        Feature("bad", geometries=[Geometry("MultiPoint", "1", [], appearance={"a": float("-inf")})]),
        Feature(
            "bad",
            geometries=[
                Geometry("GeometryInstance", "1", [(0.0, 0.0, 0.0)], template=Geometry("MultiPoint", "1", [(NAN, 0.0, 0.0)]))
            ],
        ),
    ],
)
def test_what_json_cannot_say_is_refused_by_the_features_id(item):
    with pytest.raises(InputError) as caught:
        document.encode(item)
    assert caught.value.place == "bad"


@pytest.mark.parametrize("matrix", [(NAN,) * 16])
def test_a_matrix_that_is_no_number_is_refused(matrix):
    item = Feature("bad", geometries=[Geometry("GeometryInstance", "1", [(0.0, 0.0, 0.0)], matrix=matrix)])
    with pytest.raises(InputError):
        document.encode(item)


def test_properties_nested_without_end_are_refused():
    deep = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InputError, match="nested"):
        document.encode(Feature("bad", properties={"a": deep}))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02\x00[]", b"\x01\x05[]", b"\x01\x01abc", b"\x01\x00[", b"\x01\x00[{},[1]]"])
def test_damaged_documents_are_named_as_such(data):
    with pytest.raises(IntegrityError):
        document.decode(data)
