"""The suites of OGC API - Features Parts 1 and 2."""

from __future__ import annotations

from conformance.features import crs, encodings, items, resources
from conformance.suite import Suite

CORE = Suite(resources.CORE, (*resources.TESTS, *items.TESTS))
GEOJSON = Suite(encodings.GEOJSON, encodings.TESTS_GEOJSON)
OAS30 = Suite(resources.OAS30, encodings.TESTS_OAS30)
CRS = Suite(crs.CRS, crs.TESTS)
