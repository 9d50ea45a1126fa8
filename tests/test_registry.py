"""Plug-ins are found by entry point, loaded on first use, and never by guesswork."""

import pytest

from gateway import registry
from gateway.errors import UsageError


def test_our_own_formats_are_registered_like_a_strangers() -> None:
    assert {"citygml", "cityjson", "cityjsonseq", "geojson", "geopackage"} <= set(registry.names("adapters"))


def test_an_unknown_plug_in_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(UsageError, match="geojson"):
        registry.get("adapters", "floppy")


@pytest.mark.parametrize("group", registry.GROUPS)
def test_every_registered_plug_in_loads(group: str) -> None:
    for name in registry.names(group):
        assert registry.get(group, name) is not None
        assert "(" in registry.origin(group, name)
