"""The child's side: opens the file with ifcopenshell, makes every mesh, and yields plain frames. Runs only in `gates.child`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def read(path: str, what: str, skipped: list[int]) -> Iterator[dict[str, Any]]:
    """Yield the header facts (`what` = facts), or all features with geometry (all) or without (bare).

    `skipped` holds step numbers (#n) of products whose geometry is left out.
    """
    import ifcopenshell

    from gateway.adapters.ifc import facts, features
    from gateway.errors import Unreadable

    try:
        model = ifcopenshell.open(path)
    except (OSError, RuntimeError, ifcopenshell.Error, ifcopenshell.SchemaError) as error:
        raise Unreadable(f"no readable IFC: {str(error)[:200]}", cure="export the model again as IFC 4") from error
    if not isinstance(model, ifcopenshell.file):
        raise Unreadable("not an IFC STEP file", cure="export the model as .ifc")
    if what == "facts":
        yield facts.facts(model)
    else:
        yield from features.features(model, frozenset(skipped), with_geometry=what == "all")
