"""The twin as a provider of pygeoapi: pygeoapi's own functions over it give what our own door gives."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from pygeoapi.provider.base import ProviderInvalidQueryError, ProviderItemNotFoundError
from pygeofilter.parsers.cql2_text import parse

from gateway.web.bridge import TwinProvider
from tests.conftest import Demo


def provider(demo: Demo, collection: str = "trees", **options: Any) -> TwinProvider:
    block = {"type": "feature", "name": "gateway.web.bridge.TwinProvider", "data": str(demo.twin), "id_field": "id"}
    return TwinProvider({**block, "options": {"collection": collection, **options}})


def ours(demo: Demo, query: str) -> Any:
    import httpx

    return httpx.get(f"{demo.url}/collections/trees/items?{query}").json()


def test_pages_of_pygeoapi_hold_what_our_own_door_gives(demo: Demo) -> None:
    whole = ours(demo, "limit=5000")
    first, second = provider(demo).query(limit=10), provider(demo).query(offset=10, limit=10)
    assert first["numberMatched"] == second["numberMatched"] == whole["numberMatched"]
    assert first["features"] + second["features"] == whole["features"][:20]


def test_boxes_properties_order_and_hits_are_answered(demo: Demo) -> None:
    whole = ours(demo, "limit=5000")["features"]
    west, south = whole[0]["geometry"]["coordinates"][:2]
    box = [west - 0.001, south - 0.001, west + 0.001, south + 0.001]
    near = provider(demo).query(bbox=box, limit=5000)
    assert near["numberMatched"] == ours(demo, f"limit=5000&bbox={','.join(map(str, box))}")["numberMatched"]
    name, value = next((name, value) for name, value in whole[0]["properties"].items() if isinstance(value, str))
    some = provider(demo).query(properties=[(name, value)], limit=5000)
    assert len(some["features"]) == sum(feature["properties"].get(name) == value for feature in whole)
    assert provider(demo).query(resulttype="hits")["numberMatched"] == len(whole)
    ordered = provider(demo).query(sortby=[{"property": name, "order": "-"}], limit=5)["features"]
    values = [feature["properties"][name] for feature in ordered]
    assert values == sorted(values, reverse=True)


def test_filters_of_pygeoapi_are_those_of_the_twin(demo: Demo) -> None:
    whole = ours(demo, "limit=5000")["features"]
    name, value = next((name, value) for name, value in whole[0]["properties"].items() if isinstance(value, str))
    expected = sum(feature["properties"].get(name) == value for feature in whole)
    assert provider(demo).query(filterq=parse(f"{name} = '{value}'"), limit=1)["numberMatched"] == expected
    assert provider(demo).query(filterq=parse(f"NOT {name} = '{value}'"), limit=1)["numberMatched"] == len(whole) - expected
    west, south = whole[0]["geometry"]["coordinates"][:2]
    ring = ", ".join(f"{west + x * 1e-6} {south + y * 1e-6}" for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)))
    near = parse(f"S_INTERSECTS(geometry, POLYGON(({ring})))")
    assert whole[0]["id"] in [feature["id"] for feature in provider(demo).query(filterq=near)["features"]]
    with pytest.raises(ProviderInvalidQueryError):
        provider(demo).query(filterq=parse("no_such_property = 1"))


def test_one_feature_and_the_one_that_is_not_there(demo: Demo) -> None:
    wanted = ours(demo, "limit=1")["features"][0]
    assert provider(demo).get(wanted["id"]) == wanted
    with pytest.raises(ProviderItemNotFoundError):
        provider(demo).get("nothing")


def test_a_restricted_collection_needs_the_key_of_who_may_read_it(demo: Demo) -> None:
    from gateway.errors import NotFound

    restricted = "heating-network"
    with pytest.raises(NotFound):
        provider(demo, restricted)
    party = SimpleNamespace(**json.loads((demo.twin / "demo-keys.json").read_text())).__dict__
    assert any(_reads(demo, restricted, key) for key in party.values())


def _reads(demo: Demo, collection: str, key: str) -> bool:
    from gateway.errors import NotFound

    try:
        return bool(provider(demo, collection, key=key).query(limit=1)["features"])
    except NotFound:
        return False


def test_pygeoapi_itself_serves_the_twin(demo: Demo) -> None:
    from pygeoapi.plugin import load_plugin

    block = {
        "type": "feature",
        "name": "gateway.web.bridge.TwinProvider",
        "data": str(demo.twin),
        "options": {"collection": "trees"},
    }
    loaded = load_plugin("provider", block)
    assert loaded.query(limit=3)["numberReturned"] == 3 and loaded.fields
