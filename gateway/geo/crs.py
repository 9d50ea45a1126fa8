"""Coordinate reference systems: reads every spelling, and answers what the gateway asks of one. Axis order is decided here alone.

A `Crs` keeps the code it was spelt with: ``EPSG:7415`` (one code for a compound system) stays itself, and `horizontal_of`
and `vertical_of` take it apart into ``EPSG:28992`` and ``EPSG:5709``; `same` compares systems however they were spelt.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyproj
from pyproj.crs import CompoundCRS
from pyproj.enums import WktVersion
from pyproj.exceptions import CRSError

from gateway.errors import InputError, ParameterError
from gateway.geo import crs_names
from gateway.model.crs import Crs
from gateway.model.dataset import Box

_SHOWN = 80
_GEOGRAPHIC_DECIMALS, _PROJECTED_DECIMALS = 9, 4
_CACHED = 512


def parse(text: str) -> Crs:
    """The CRS that `text` spells; an unknown, engineering or geocentric one comes back with its `local` name and no code."""
    if len(text) > crs_names.LONGEST:
        return Crs("", local=f"{text[:_SHOWN]}…")
    return _parse(text.strip())


def known(text: str, parameter: str) -> Crs:
    """The CRS that the request parameter (or option) `parameter` spells. Raises ParameterError when there is none such."""
    crs = parse(text)
    if not crs.is_known:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise ParameterError(
            parameter, f"{shown!r} is not a known reference system", cure="for example EPSG:2056 or EPSG:2056+5728"
        )
    return crs


def reads_as_esri(text: str) -> bool:
    """Whether `text` spells an EPSG code that EPSG lacks and Esri has, so that `parse` read it as ``ESRI:n``."""
    spelt = crs_names.codes(text)
    return any(code.startswith("EPSG:") for code in spelt) and any(
        resolved is not None and resolved.startswith("ESRI:") for resolved in map(_resolve, spelt)
    )


def horizontal_of(crs: Crs) -> Crs:
    """The two-dimensional part of a system: ``EPSG:28992`` of ``EPSG:7415``, ``EPSG:4326`` of ``EPSG:4979``."""
    return _parts(crs.horizontal)[0] if crs.is_known else crs


def vertical_of(crs: Crs) -> str | None:
    """The code of the heights: of the vertical system, or of the 3D geographic system itself (ellipsoidal); None when 2D."""
    return crs.vertical or (_parts(crs.horizontal)[1] if crs.is_known else None)


def same(first: Crs, second: Crs) -> bool:
    """Whether two systems are one, however they were spelt: EPSG:7415 is EPSG:28992+5709."""
    if not (first.is_known and second.is_known):
        return first == second
    return (horizontal_of(first), vertical_of(first)) == (horizontal_of(second), vertical_of(second))


def is_geographic(crs: Crs) -> bool:
    """Whether the horizontal coordinates are degrees of longitude and latitude."""
    return crs.is_known and bool(flat(crs).is_geographic)


def dimensions(crs: Crs) -> int:
    """How many coordinates a position has: 3 when the system has heights (compound or 3D geographic), else 2."""
    return 3 if vertical_of(crs) is not None else 2


def decimals(crs: Crs) -> int:
    """Decimals that keep a tenth of a millimetre: 9 for degrees, 4 for metres or feet."""
    return _GEOGRAPHIC_DECIMALS if is_geographic(crs) else _PROJECTED_DECIMALS


def swaps_axes(crs: Crs) -> bool:
    """Whether the authority writes north (latitude) first, so that x and y change places on the way in and out."""
    return crs.is_known and _swaps(horizontal_of(crs).horizontal)


def area_of_use(crs: Crs) -> Box | None:
    """The area of use in CRS84 (west, south, east, north; west > east across the antimeridian), where the authority states one."""
    area = system(horizontal_of(crs).horizontal).area_of_use if crs.is_known else None
    return None if area is None else (area.west, area.south, area.east, area.north)


def title(crs: Crs) -> str:
    """The name people know the system by: ``CH1903+ / LV95 + LN02 height``."""
    if not crs.is_known:
        return crs.code
    name = str(system(crs.horizontal).name)
    return name if crs.vertical is None else f"{name} + {system(crs.vertical).name}"


def wkt(crs: Crs) -> str:
    """The definition as WKT 1 (the form of GeoPackage 1.3 `gpkg_spatial_ref_sys.definition`), WKT 2 where WKT 1 has none."""
    if not crs.is_known:
        return "undefined"
    return _wkt(crs)


def projjson(crs: Crs) -> dict[str, Any]:
    """The definition as PROJJSON (GeoParquet's `crs`)."""
    base = system(crs.horizontal)
    if crs.vertical is not None:
        base = CompoundCRS(title(crs), [base, system(crs.vertical)])
    return dict(base.to_json_dict())


def epsg_number(crs: Crs) -> int | None:
    """The EPSG number of the horizontal (or single-code) system; 4326 and 4979 for CRS84 and CRS84h, whose coordinates in
    visualisation order are the same; None for another authority's."""
    authority, _, number = crs.horizontal.partition(":")
    if authority == "OGC":
        return {"CRS84": 4326, "CRS84h": 4979, "CRS83": 4269, "CRS27": 4267}.get(number)
    return int(number) if authority == "EPSG" else None


@lru_cache(_CACHED)
def system(code: str) -> pyproj.CRS:
    """PROJ's object for one authority code. Raises InputError for an unknown code."""
    authority, _, number = code.partition(":")
    if authority not in crs_names.AUTHORITIES.values():
        raise InputError(f"{code[:_SHOWN]} is not a code of a known authority")
    try:
        found = pyproj.CRS.from_authority(authority, number)
    except CRSError as error:
        raise InputError(f"{code[:_SHOWN]} is not a known reference system") from error
    if found.to_json_dict().get("id", {}).get("authority") != authority:  # PROJ looks an EPSG number up with Esri, too
        raise InputError(f"{code[:_SHOWN]} is not a known reference system")
    return found


def flat(crs: Crs) -> pyproj.CRS:
    """PROJ's object for the horizontal part alone."""
    return _flat(crs.horizontal)


@lru_cache(_CACHED)
def _parse(text: str) -> Crs:
    spelt = crs_names.codes(text)
    resolved = [_resolve(code) for code in spelt]
    if not resolved or None in resolved:
        return Crs("", local=text or None)
    horizontal, vertical = str(resolved[0]), resolved[1] if len(resolved) == 2 else None
    if not _is_usable(horizontal) or (vertical is not None and not _fits(horizontal, vertical)):
        return Crs("", local=text)
    return Crs(horizontal, vertical)


@lru_cache(_CACHED)
def _resolve(code: str) -> str | None:
    for candidate in (code, code.replace("EPSG:", "ESRI:")):
        try:
            system(candidate)
        except InputError:
            continue
        return candidate
    return None


def _is_usable(code: str) -> bool:
    """Whether a map can be drawn in it: projected or geographic, alone or with heights."""
    base = system(code)
    if base.is_compound:
        base = base.sub_crs_list[0]
    return bool(base.is_projected or base.is_geographic)


def _fits(horizontal: str, vertical: str) -> bool:
    base = system(horizontal)
    return bool(system(vertical).is_vertical) and not base.is_compound and len(base.axis_info) == 2


@lru_cache(_CACHED)
def _parts(code: str) -> tuple[Crs, str | None]:
    whole = system(code)
    if whole.is_compound:
        first, second = (part.to_authority(min_confidence=100) for part in whole.sub_crs_list[:2])
        return Crs(":".join(first) if first else code), ":".join(second) if second else code
    if len(whole.axis_info) < 3:
        return Crs(code), None
    if code == "OGC:CRS84h":
        return Crs("OGC:CRS84"), code
    found = whole.to_2d().to_authority(min_confidence=100)
    return Crs(":".join(found) if found else code), code


@lru_cache(_CACHED)
def _flat(code: str) -> pyproj.CRS:
    whole = system(code)
    base = whole.sub_crs_list[0] if whole.is_compound else whole
    return base if len(base.axis_info) == 2 else base.to_2d()


@lru_cache(_CACHED)
def _swaps(code: str) -> bool:
    first, second = _flat(code).axis_info[:2]
    if (first.direction, second.direction) == ("north", "east"):
        return True
    return first.name.lower().startswith("northing") and second.name.lower().startswith("easting")


@lru_cache(_CACHED)
def _wkt(crs: Crs) -> str:
    number = epsg_number(crs)
    base = system(f"EPSG:{number}") if crs.horizontal.startswith("OGC:") else system(crs.horizontal)
    if crs.vertical is not None:
        base = CompoundCRS(title(crs), [base, system(crs.vertical)])
    try:
        return str(base.to_wkt(WktVersion.WKT1_GDAL))
    except CRSError:
        return str(base.to_wkt(WktVersion.WKT2_2019))
