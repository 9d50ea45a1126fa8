"""The spellings of a CRS: codes, URNs, URIs, CURIEs and the shipped table of names, reduced to authority codes.

Text from a stranger stops here: what leaves is ``AUTHORITY:CODE`` of a listed authority with a short code of plain
characters, or nothing. Nothing is fetched and no text reaches PROJ.
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import parse_qsl, unquote

import yaml

from gateway.settings import data_folder

LONGEST = 400
"""Characters a spelling may have; the longest honest one, a compound URI percent-encoded, has about 150."""

AUTHORITIES = {"EPSG": "EPSG", "ESRI": "ESRI", "OGC": "OGC", "IGNF": "IGNF", "CRS": "OGC"}
_OGC = {"CRS84": "CRS84", "84": "CRS84", "CRS84H": "CRS84h", "CRS83": "CRS83", "83": "CRS83", "CRS27": "CRS27", "27": "CRS27"}
_CODE = r"[A-Za-z0-9]{1,24}"
_VERSION = r"[0-9.]*"
_SINGLE = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        rf"(?P<authority>[a-z]+):(?P<code>{_CODE})",
        rf"\[(?P<authority>[a-z]+):(?P<code>{_CODE})\]",
        rf"urn:(?:x-)?(?:ogc|opengis):def:crs:(?P<authority>[a-z]+):{_VERSION}:(?P<code>{_CODE})",
        rf"urn:(?:x-)?(?:ogc|opengis):def:crs:(?P<authority>[a-z]+):(?P<code>{_CODE})",
        rf"https?://(?:www\.)?opengis\.net/def/crs/(?P<authority>[a-z]+)/{_VERSION}/(?P<code>{_CODE})/?",
        rf"https?://(?:www\.)?opengis\.net/gml/srs/(?P<authority>[a-z]+)\.xml#(?P<code>{_CODE})",
        r"https?://(?P<authority>epsg)\.io/(?P<code>[0-9]{1,6})/?",
    )
)
_COMPOUND_URN = re.compile(r"urn:(?:x-)?(?:ogc|opengis):def:crs,(?P<parts>.+)", re.ASCII | re.IGNORECASE)
_COMPOUND_PART = re.compile(rf"crs:(?P<authority>[a-z]+):{_VERSION}:(?P<code>{_CODE})", re.ASCII | re.IGNORECASE)
_COMPOUND_URI = re.compile(r"https?://(?:www\.)?opengis\.net/def/crs-compound/?\?(?P<query>.+)", re.ASCII | re.IGNORECASE)
_COMPOUND_CODE = re.compile(
    rf"(?P<authority>[a-z]+):(?P<first>{_CODE})[+,](?:(?P<other>[a-z]+):)?(?P<second>{_CODE})", re.ASCII | re.IGNORECASE
)
_ADV = re.compile(r"urn:adv:crs:(?P<names>[A-Za-z0-9_*+.-]+)", re.ASCII | re.IGNORECASE)


def codes(text: str) -> tuple[str, ...]:
    """The one or two authority codes that `text` spells (horizontal, vertical); empty when it spells none."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return ()
    found = _single(text)
    if found is not None:
        return (found,)
    return _compound_urn(text) or _compound_uri(text) or _compound_code(text) or _adv(text)


def _single(text: str) -> str | None:
    if text.upper() in ("CRS84", "CRS84H"):
        return f"OGC:{_OGC[text.upper()]}"
    for pattern in _SINGLE:
        match = pattern.fullmatch(text)
        if match:
            return _join(match["authority"], match["code"])
    return None


def _join(authority: str, code: str) -> str | None:
    listed = AUTHORITIES.get(authority.upper())
    if listed is None:
        return None
    if listed == "OGC":
        name = _OGC.get(code.upper())
        return None if name is None else f"OGC:{name}"
    if listed in ("EPSG", "ESRI"):
        return f"{listed}:{code.lstrip('0')}" if code.isdigit() else None
    return f"{listed}:{code.upper()}"


def _all(found: list[str | None]) -> tuple[str, ...]:
    known = tuple(code for code in found if code is not None)
    return known if len(known) == len(found) and 1 <= len(known) <= 2 else ()


def _compound_urn(text: str) -> tuple[str, ...]:
    match = _COMPOUND_URN.fullmatch(text)
    if match is None:
        return ()
    parts = [_COMPOUND_PART.fullmatch(part.strip()) for part in match["parts"].split(",")]
    return _all([None if part is None else _join(part["authority"], part["code"]) for part in parts])


def _compound_uri(text: str) -> tuple[str, ...]:
    match = _COMPOUND_URI.fullmatch(text if "?" in text else unquote(text))
    if match is None:
        return ()
    pairs = dict(parse_qsl(match["query"], keep_blank_values=True, max_num_fields=8))
    if set(pairs) not in ({"1"}, {"1", "2"}):
        return ()
    return _all([_single(pairs[key]) for key in sorted(pairs)])


def _compound_code(text: str) -> tuple[str, ...]:
    match = _COMPOUND_CODE.fullmatch(text)
    if match is None:
        return ()
    first = _join(match["authority"], match["first"])
    return _all([first, _join(match["other"] or match["authority"], match["second"])])


def _adv(text: str) -> tuple[str, ...]:
    match = _ADV.fullmatch(text)
    if match is None:
        return ()
    names = re.split(r"[*+]", match["names"])
    tables = [_table("horizontal"), _table("vertical")]
    if len(names) > len(tables):
        return ()
    return _all([table.get(name.upper()) for name, table in zip(names, tables, strict=False)])


@cache
def _table(part: str) -> dict[str, str]:
    content = yaml.safe_load((data_folder("mappings") / "crs-names.yaml").read_text("utf-8"))
    return {name.upper(): code for name, code in content["adv"][part].items()}
