"""What every test shares: a header that names the native libraries, and the mark `service` in the JUnit report."""

from __future__ import annotations

import platform

import apsw
import pyproj
import pytest
import shapely


def pytest_report_header() -> str:
    return (
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}, "
        f"PROJ {pyproj.proj_version_str}, GEOS {shapely.geos_version_string}"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("service"):
            item.user_properties.append(("service", "needed"))
