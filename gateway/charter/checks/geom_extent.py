"""``geom.extent``: coordinates lie where they can lie, in a box of the charter or in the domain of their own system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from gateway.charter import domain
from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.parameters import Parameters
from gateway.charter.terms import Rule
from gateway.model.dataset import Box
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.ports import Subject


class GeomExtent(QuietCheck):
    """With `box` (in `crs`, widened by `buffer` units): each feature lies in it whole. Without: in the domain of the CRS.

    The domain is the published area of use, widened by its own size on each side, because good data stand just outside it;
    swapped axes, degrees in a metric system and other units still fall out.
    """

    type = "geom.extent"
    parameters: ClassVar[Parameters] = {"box": ("box", False), "crs": ("crs", False), "buffer": ("number", False)}
    needs = frozenset({"features", "crs"})

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self.boxes: tuple[Box, ...] = ()

    @classmethod
    def problems(cls, parameters: Mapping[str, Any]) -> Iterable[str]:
        """A box needs its CRS."""
        if ("box" in parameters) != ("crs" in parameters):
            yield "box and crs go together"

    def start(self, subject: Subject) -> Iterable[Finding]:
        """Work out the boxes in the CRS in force."""
        if subject.crs is not None:
            given = self.rule.parameters
            box = given.get("box")
            if box is None:
                self.boxes = domain.of(subject.crs)
            else:
                self.boxes = domain.box_in(domain.widened(box, given.get("buffer", 0.0)), given["crs"], subject.crs)
        return ()

    def feature(self, feature: Feature, subject: Subject) -> Iterable[Finding]:
        """One finding for a feature that lies outside, with the corner that does."""
        box: Box | None = subject.extra.get("box")
        if box is None or not self.boxes or any(_within(box, allowed) for allowed in self.boxes):
            return ()
        allowed = self.boxes[0]
        return (observed(_shown(box), _shown(allowed), feature=feature, position=((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)),)


def _within(box: Box, allowed: Box) -> bool:
    return box[0] >= allowed[0] and box[1] >= allowed[1] and box[2] <= allowed[2] and box[3] <= allowed[3]


def _shown(box: Box) -> str:
    return " ".join(f"{value:.10g}" for value in box)
