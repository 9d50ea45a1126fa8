"""The conformance classes this twin declares: each stands here only where tests/web proves its requirements."""

from __future__ import annotations

_OGC = "http://www.opengis.net/spec"

CLASSES = (
    f"{_OGC}/ogcapi-common-1/1.0/conf/core",
    f"{_OGC}/ogcapi-common-1/1.0/conf/landing-page",
    f"{_OGC}/ogcapi-common-1/1.0/conf/json",
    f"{_OGC}/ogcapi-common-1/1.0/conf/html",
    f"{_OGC}/ogcapi-common-1/1.0/conf/oas30",
    f"{_OGC}/ogcapi-common-2/1.0/conf/collections",
    f"{_OGC}/ogcapi-common-2/1.0/conf/json",
    f"{_OGC}/ogcapi-common-2/1.0/conf/html",
    f"{_OGC}/ogcapi-features-1/1.0/conf/core",
    f"{_OGC}/ogcapi-features-1/1.0/conf/oas30",
    f"{_OGC}/ogcapi-features-1/1.0/conf/html",
    f"{_OGC}/ogcapi-features-1/1.0/conf/geojson",
    f"{_OGC}/ogcapi-features-2/1.0/conf/crs",
    f"{_OGC}/ogcapi-processes-1/1.0/conf/core",
    f"{_OGC}/ogcapi-processes-1/1.0/conf/ogc-process-description",
    f"{_OGC}/ogcapi-processes-1/1.0/conf/json",
    f"{_OGC}/ogcapi-processes-1/1.0/conf/html",
    f"{_OGC}/ogcapi-processes-1/1.0/conf/oas30",
    f"{_OGC}/ogcapi-processes-1/1.0/conf/job-list",
    f"{_OGC}/ogcapi-processes-1/1.0/conf/dismiss",
    f"{_OGC}/ogcapi-processes-1/1.0/conf/callback",
)
