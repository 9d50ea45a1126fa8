"""``geom.crs``: the coordinates are in a reference system the charter allows, by authority code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.parameters import Parameters
from gateway.model.finding import Finding
from gateway.ports import Subject


class GeomCrs(QuietCheck):
    """A known CRS; with `allow`, one of those. A plain allowed CRS also allows its compounds only where they are named."""

    type = "geom.crs"
    parameters: ClassVar[Parameters] = {"allow": ("systems", False)}
    needs = frozenset({"features"})

    def start(self, subject: Subject) -> Iterable[Finding]:
        """One finding for a missing, unknown or disallowed CRS."""
        allowed = self.rule.parameters.get("allow")
        expected = ", ".join(crs.code for crs in allowed) if allowed else "EPSG:n"
        crs = subject.crs
        if crs is None:
            yield observed(None, expected)
        elif not crs.is_known or (allowed and crs not in allowed):
            yield observed(crs.code, expected)
