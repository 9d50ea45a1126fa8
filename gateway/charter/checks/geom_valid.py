"""``geom.valid``: geometries are valid (OGC Simple Features), and solids are closed (ISO 19107)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.parameters import Parameters
from gateway.geo import validity
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.ports import Subject


class GeomValid(QuietCheck):
    """Every plain geometry is valid; with `solids`, every solid's shells are closed."""

    type = "geom.valid"
    parameters: ClassVar[Parameters] = {"solids": ("flag", False)}
    needs = frozenset({"features"})

    def feature(self, feature: Feature, subject: Subject) -> Iterable[Finding]:
        """One finding for each geometry that is not sound, with the reason and the point."""
        return () if subject.extra["valid"] and not feature.geometries else self._faults(feature, subject)

    def _faults(self, feature: Feature, subject: Subject) -> Iterator[Finding]:
        if feature.shape is not None and not subject.extra["valid"]:
            reason, position = validity.problem(feature.shape) or ("not valid", None)
            yield observed(reason, feature=feature, position=position)
        if self.rule.parameters.get("solids"):
            for geometry in feature.geometries:
                if (opening := validity.shell_problem(geometry)) is not None:
                    yield observed(f"LoD{geometry.lod} {geometry.type}: {opening}", feature=feature)
