"""What an IFC file says of itself: schema, project, units, and where on earth it stands, in plain data."""

from __future__ import annotations

from typing import Any

import ifcopenshell
import ifcopenshell.util.element
import ifcopenshell.util.placement
import ifcopenshell.util.unit

_CONVERSION = ("Eastings", "Northings", "OrthogonalHeight", "XAxisAbscissa", "XAxisOrdinate", "Scale")


def facts(model: ifcopenshell.file) -> dict[str, Any]:
    """Schema (``IFC4``), title, description, `unit` (metres per project length unit), `map` (conversion and target CRS, from
    IfcMapConversion or the IFC2x3 property sets), `site` (latitude, longitude, elevation), `north` (true north, x and y)."""
    project = next(iter(_by_type(model, "IfcProject")), None)
    unit = float(ifcopenshell.util.unit.calculate_unit_scale(model)) if project is not None else 1.0
    return {
        "schema": model.schema_identifier if hasattr(model, "schema_identifier") else model.schema,
        "project": None if project is None else project.Name,
        "title": None if project is None else getattr(project, "LongName", None),
        "description": None if project is None else project.Description,
        "unit": unit,
        "map": _map_conversion(model) or _property_set_form(model),
        "site": _site(model, unit),
        "north": _true_north(model),
        "notes": [f"quantities and properties are in the units of the project: {_units(model, project)}"],
    }


def _by_type(model: ifcopenshell.file, name: str) -> list[Any]:
    try:
        return list(model.by_type(name))
    except RuntimeError:  # a class this schema does not have
        return []


def _map_conversion(model: ifcopenshell.file) -> dict[str, Any] | None:
    for conversion in [*_by_type(model, "IfcMapConversion"), *_by_type(model, "IfcRigidOperation")]:
        target = conversion.TargetCRS
        if conversion.is_a("IfcRigidOperation"):
            numbers = {
                "Eastings": conversion.FirstCoordinate,
                "Northings": conversion.SecondCoordinate,
                "OrthogonalHeight": conversion.Height,
            }
        else:
            numbers = {name: getattr(conversion, name, None) for name in _CONVERSION}
        return {
            "form": conversion.is_a(),
            "numbers": {name: _number(value) for name, value in numbers.items()},
            "name": getattr(target, "Name", None) or getattr(target, "WellKnownText", None),
            "vertical": getattr(target, "VerticalDatum", None),
            "unit": _map_unit(getattr(target, "MapUnit", None)),
        }
    return None


def _property_set_form(model: ifcopenshell.file) -> dict[str, Any] | None:
    """ePSet_MapConversion and ePSet_ProjectedCRS on project or site (buildingSMART's guide for IFC2x3)."""
    for holder in [*_by_type(model, "IfcSite"), *_by_type(model, "IfcProject")]:
        sets = {name.lower(): values for name, values in ifcopenshell.util.element.get_psets(holder).items()}
        conversion, target = sets.get("epset_mapconversion"), sets.get("epset_projectedcrs", {})
        if conversion:
            return {
                "form": "ePSet_MapConversion",
                "numbers": {name: _number(conversion.get(name)) for name in _CONVERSION},
                "name": target.get("Name"),
                "vertical": target.get("VerticalDatum"),
                "unit": 1.0,
            }
    return None


def _map_unit(unit: Any) -> float | None:
    if unit is None:
        return None
    try:
        return float(ifcopenshell.util.unit.convert(1.0, getattr(unit, "Prefix", None), unit.Name, None, "METRE"))
    except (AttributeError, KeyError, TypeError):
        return None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _site(model: ifcopenshell.file, unit: float) -> dict[str, float] | None:
    for site in _by_type(model, "IfcSite"):
        latitude, longitude = _degrees(site.RefLatitude), _degrees(site.RefLongitude)
        if latitude is not None and longitude is not None and (latitude, longitude) != (0.0, 0.0):
            return {"latitude": latitude, "longitude": longitude, "elevation": float(site.RefElevation or 0.0) * unit}
    return None


def _degrees(parts: Any) -> float | None:
    """IfcCompoundPlaneAngleMeasure: degrees, minutes, seconds, millionths of a second, all of one sign."""
    if not parts:
        return None
    return sum(float(part) / scale for part, scale in zip(parts, (1, 60, 3600, 3_600_000_000), strict=False))


def _true_north(model: ifcopenshell.file) -> list[float]:
    for context in _by_type(model, "IfcGeometricRepresentationContext"):
        north = None if context.is_a("IfcGeometricRepresentationSubContext") else context.TrueNorth
        if north is not None:
            ratios = [float(ratio) for ratio in north.DirectionRatios]
            return ratios[:2]
    return [0.0, 1.0]


def _units(model: ifcopenshell.file, project: Any) -> str:
    if project is None or project.UnitsInContext is None:
        return "not stated"
    named = []
    for unit in project.UnitsInContext.Units:
        kind, name = getattr(unit, "UnitType", None), getattr(unit, "Name", None)
        if kind in ("LENGTHUNIT", "AREAUNIT", "VOLUMEUNIT") and name:
            named.append(f"{kind[:-4].lower()} {(getattr(unit, 'Prefix', None) or '').lower()}{name.lower()}")
    return ", ".join(named) or "not stated"
