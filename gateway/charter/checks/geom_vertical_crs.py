"""``geom.vertical_crs``: where coordinates have heights, the system of the heights is declared, and one the charter allows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.parameters import Parameters
from gateway.charter.terms import Rule
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.ports import Subject

_CODE = re.compile(r"[A-Z]+:\d{1,6}")


class GeomVerticalCrs(QuietCheck):
    """Heights come with a vertical system of `allow`; a geographic 3D system (ellipsoidal heights) is none of them.

    One finding a file, at the first feature with heights: the system is declared once.
    """

    type = "geom.vertical_crs"
    parameters: ClassVar[Parameters] = {"allow": ("texts", True)}
    needs = frozenset({"features", "crs"})

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._declared: str | None = None
        self._settled = False

    @classmethod
    def problems(cls, parameters: Mapping[str, Any]) -> Iterable[str]:
        """Vertical systems are named by authority and number."""
        for name in parameters.get("allow", ()):
            if not _CODE.fullmatch(name):
                yield f"{name} is no code of a vertical system (EPSG:5728)"

    def start(self, subject: Subject) -> Iterable[Finding]:
        """See what is declared; nothing is wrong before a height comes."""
        crs = subject.crs
        self._declared = None if crs is None else crs.vertical
        self._settled = self._declared in self.rule.parameters["allow"]
        return ()

    def feature(self, feature: Feature, subject: Subject) -> Iterable[Finding]:
        """A finding for the first feature that has heights in an undeclared or another system."""
        if self._settled or not _has_heights(feature):
            return ()
        self._settled = True
        return (observed(self._declared, ", ".join(self.rule.parameters["allow"]), feature=feature),)


def _has_heights(feature: Feature) -> bool:
    """Whether its plain geometry is of a kind with Z (ISO WKB: 1001 to 1017, 3001 to 3017), or it has 3D geometry."""
    if feature.geometries:
        return True
    shape = feature.shape
    if shape is None or len(shape) < 5:
        return False
    kind = int.from_bytes(shape[1:5], "little" if shape[0] else "big")
    return kind // 1000 in (1, 3) or kind >= 0x80000000
