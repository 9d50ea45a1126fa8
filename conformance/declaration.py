"""Lints a declaration of conformance: URIs nobody published, /req/ for /conf/, and classes whose foundation is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.site import Site
from conformance.verdict import AbstractTest, Skipped, require

SPEC = "http://www.opengis.net/spec/"
LINT = "urn:conformance:declaration"

PUBLISHED: dict[str, str] = {
    "ogcapi-common-1/1.0": "core landing-page json html oas30",
    "ogcapi-common-2/1.0": "collections json html uad-collections",
    "ogcapi-common-3/1.0": "schemas queryables sortables returnables-and-receivables advanced-property-roles references "
    "profile-parameter profile-references profile-codelists profile-domains",
    "ogcapi-features-1/1.0": "core oas30 html geojson gmlsf0 gmlsf2",
    "ogcapi-features-2/1.0": "crs",
    "ogcapi-features-3/1.0": "queryables queryables-query-parameters filter features-filter",
    "ogcapi-features-4/1.0": "create-replace-delete update features optimistic-locking-etags optimistic-locking-timestamps",
    "ogcapi-processes-1/1.0": "core json html oas30 ogc-process-description job-list callback dismiss",
    "ogcapi-records-1/1.0": "record-core record-collection record-core-query-parameters record-api autodiscovery crawlable-catalog "
    "searchable-catalog searchable-catalog-filtering searchable-catalog-sorting local-resources-catalog "
    "local-resources-catalog-query-parameters local-resources-catalog-filtering local-resources-catalog-sorting filtering sorting "
    "query-param-profile json html oas30",
    "ogcapi-tiles-1/1.0": "core tileset tilesets-list dataset-tilesets geodata-tilesets collections-selection collection-selection "
    "datetime geojson mvt png jpeg tiff netcdf oas30 xml",
    "cql2/1.0": "cql2-text cql2-json basic-cql2 advanced-comparison-operators case-insensitive-comparison "
    "accent-insensitive-comparison basic-spatial-functions basic-spatial-functions-plus spatial-functions temporal-functions "
    "array-functions property-property "
    "functions arithmetic",
}
"""Published classes by standard, as its own document spells them."""

NEEDS: dict[str, tuple[str, ...]] = {
    "ogcapi-features-1/1.0/conf/oas30": ("ogcapi-features-1/1.0/conf/core",),
    "ogcapi-features-1/1.0/conf/html": ("ogcapi-features-1/1.0/conf/core",),
    "ogcapi-features-1/1.0/conf/geojson": ("ogcapi-features-1/1.0/conf/core",),
    "ogcapi-features-1/1.0/conf/gmlsf0": ("ogcapi-features-1/1.0/conf/core",),
    "ogcapi-features-1/1.0/conf/gmlsf2": ("ogcapi-features-1/1.0/conf/core",),
    "ogcapi-features-2/1.0/conf/crs": ("ogcapi-features-1/1.0/conf/core",),
    "ogcapi-features-3/1.0/conf/queryables-query-parameters": ("ogcapi-features-3/1.0/conf/queryables",),
    "ogcapi-features-3/1.0/conf/features-filter": ("ogcapi-features-3/1.0/conf/filter", "ogcapi-features-1/1.0/conf/core"),
    "ogcapi-features-3/1.0/conf/filter": ("ogcapi-features-3/1.0/conf/queryables", "cql2/1.0/conf/basic-cql2"),
    "ogcapi-features-4/1.0/conf/features": ("ogcapi-features-4/1.0/conf/create-replace-delete", "ogcapi-features-1/1.0/conf/core"),
    "ogcapi-common-3/1.0/conf/advanced-property-roles": ("ogcapi-common-3/1.0/conf/schemas",),
    "ogcapi-common-3/1.0/conf/references": ("ogcapi-common-3/1.0/conf/schemas",),
    "ogcapi-common-3/1.0/conf/queryables": ("ogcapi-common-3/1.0/conf/schemas",),
    "ogcapi-common-3/1.0/conf/sortables": ("ogcapi-common-3/1.0/conf/schemas",),
    "ogcapi-common-3/1.0/conf/returnables-and-receivables": ("ogcapi-common-3/1.0/conf/schemas",),
    "ogcapi-common-3/1.0/conf/profile-references": (
        "ogcapi-common-3/1.0/conf/references",
        "ogcapi-common-3/1.0/conf/returnables-and-receivables",
        "ogcapi-common-3/1.0/conf/profile-parameter",
    ),
    "ogcapi-common-2/1.0/conf/collections": ("ogcapi-common-1/1.0/conf/core",),
    "ogcapi-processes-1/1.0/conf/callback": ("ogcapi-processes-1/1.0/conf/core",),
    "ogcapi-processes-1/1.0/conf/job-list": ("ogcapi-processes-1/1.0/conf/core",),
    "ogcapi-processes-1/1.0/conf/dismiss": ("ogcapi-processes-1/1.0/conf/core",),
    "cql2/1.0/conf/advanced-comparison-operators": ("cql2/1.0/conf/basic-cql2",),
    "cql2/1.0/conf/arithmetic": ("cql2/1.0/conf/property-property",),
    "cql2/1.0/conf/basic-spatial-functions-plus": ("cql2/1.0/conf/basic-spatial-functions",),
    "cql2/1.0/conf/spatial-functions": ("cql2/1.0/conf/basic-spatial-functions",),
}


def unknown(declared: Iterable[str]) -> list[str]:
    """URIs of a standard listed here that the standard did not publish."""
    found = []
    for uri in declared:
        match = re.fullmatch(rf"{re.escape(SPEC)}(.+)/conf/(.+)", uri)
        if match and match[1] in PUBLISHED and match[2] not in PUBLISHED[match[1]].split():
            found.append(uri)
    return found


def requirements(declared: Iterable[str]) -> list[str]:
    """URIs of requirements classes where conformance classes belong."""
    return [uri for uri in declared if re.match(rf"{re.escape(SPEC)}.+/req/", uri)]


def missing(declared: Iterable[str]) -> list[str]:
    """``class needs class`` for each foundation that is not declared."""
    uris = set(declared)
    return [
        f"{uri} needs {SPEC}{need}"
        for uri in sorted(uris)
        for need in NEEDS.get(uri.removeprefix(SPEC), ())
        if f"{SPEC}{need}" not in uris
    ]


def _declared(site: Site) -> list[str]:
    found = site.conformance.get("conformsTo")
    if not isinstance(found, list) or not found:
        raise Skipped("nothing is declared")
    return [str(uri) for uri in found]


def known(site: Site) -> None:
    """Every class was published under the name declared."""
    require(not unknown(_declared(site)), f"never published: {', '.join(unknown(_declared(site)))}")


def classes_not_requirements(site: Site) -> None:
    """Conformance classes are declared, not requirements classes."""
    require(not requirements(_declared(site)), f"/req/ where /conf/ belongs: {', '.join(requirements(_declared(site)))}")


def founded(site: Site) -> None:
    """What a class stands on is declared too."""
    require(not missing(_declared(site)), "; ".join(missing(_declared(site))))


def unique(site: Site) -> None:
    """No class is declared twice."""
    declared = _declared(site)
    twice = sorted({uri for uri in declared if declared.count(uri) > 1})
    require(not twice, f"declared twice: {', '.join(twice)}")


TESTS = (
    AbstractTest(f"{LINT}/known", known),
    AbstractTest(f"{LINT}/classes-not-requirements", classes_not_requirements),
    AbstractTest(f"{LINT}/founded", founded),
    AbstractTest(f"{LINT}/unique", unique),
)
