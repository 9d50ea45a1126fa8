"""What every adapter's open file has in common: the header, the report, what is wrong, and closing. Knows no format."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.model.feature import Feature
from gateway.model.finding import Finding, Severity
from gateway.model.report import Report
from gateway.ports import Header

_KEPT = 100


class OpenFile:
    """An open file (`gateway.ports.Reading`): one pass over `features`, counted as they go."""

    def __init__(self, header: Header, features: Callable[[OpenFile], Iterator[Feature]], close: Callable[[], None]) -> None:
        self.header = header
        self.report = Report()
        self.problems: list[Finding] = []
        self._features = features
        self._close = close

    def __iter__(self) -> Iterator[Feature]:
        for feature in self._features(self):
            self.report.read[feature.collection] += 1
            yield feature

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._close()

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def problem(
        self,
        message: tuple[str, str],
        cure: tuple[str, str],
        *,
        feature: str | None = None,
        place: str | None = None,
        found: str | None = None,
        expected: str | None = None,
    ) -> None:
        """Note what is wrong and does not stop the reading; `message` and `cure` in English and French."""
        self.report.changed(f"problem: {message[0]}", "the file is read on; see the findings", place or feature)
        if len(self.problems) < _KEPT:
            self.problems.append(
                Finding(
                    rule="source",
                    severity=Severity.WARN,
                    message={"en": message[0], "fr": message[1]},
                    cure={"en": cure[0], "fr": cure[1]},
                    object_id=feature,
                    place=place,
                    found=found,
                    expected=expected,
                )
            )
