"""``crs.agrees``: the CRS a submitter states is the one the file states; the file's is kept either way."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.model.crs import Crs
from gateway.model.finding import Finding
from gateway.ports import Subject


class CrsAgrees(QuietCheck):
    """`crs` of a submission fills a gap and never overrides; a stated CRS without heights agrees with a compound of it."""

    type = "crs.agrees"
    needs = frozenset({"features"})

    def start(self, subject: Subject) -> Iterable[Finding]:
        """One finding where both are stated and differ."""
        stated: Crs | None = subject.extra.get("stated_crs")
        crs = subject.crs
        if stated is None or crs is None or stated == crs:
            return
        if stated.horizontal != crs.horizontal or stated.vertical is not None:
            yield observed(stated.code, crs.code)
