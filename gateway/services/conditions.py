"""On which state of a feature a change may be made: the conditions of RFC 9110, section 13, over what the store keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.errors import PreconditionFailed
from gateway.model.row import Row

ANY = "*"
_LENGTH = 24


def state(row: Row) -> str:
    """What names the state of a feature: the same for the same content, whatever representation shows it."""
    return row.digest.hex()[:_LENGTH]


@dataclass(frozen=True, slots=True)
class Conditions:
    """`match` and `none_match` are states, or `ANY`; `unmodified_since` is a moment in whole seconds. None: not given.

    Where `match` is given `unmodified_since` is not looked at (RFC 9110, 13.2.2).
    """

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None
    unmodified_since: datetime | None = None

    @property
    def are_given(self) -> bool:
        """Whether the change is bound to a state at all."""
        return self.match is not None or self.none_match is not None or self.unmodified_since is not None

    def demand(self, standing: Row | None, published: str | None) -> None:
        """Raise PreconditionFailed where they do not hold for `standing` (None: no such feature), published at that time."""
        cure = "read the feature again, then make the change anew"
        if self.match is not None:
            if standing is None or not (ANY in self.match or state(standing) in self.match):
                raise PreconditionFailed("the feature is not in the state that If-Match names", place="If-Match", cure=cure)
        elif self.unmodified_since is not None and (standing is None or _seconds(published) > self.unmodified_since):
            raise PreconditionFailed("the feature was changed after that time", place="If-Unmodified-Since", cure=cure)
        if self.none_match is not None and standing is not None:
            if ANY in self.none_match:
                raise PreconditionFailed("there is such a feature already", place="If-None-Match", cure="choose another id")
            if state(standing) in self.none_match:
                raise PreconditionFailed("the feature is in a state that If-None-Match excludes", place="If-None-Match", cure=cure)


def _seconds(moment: str | None) -> datetime:
    """A time of the store without its fraction, as Last-Modified shows it."""
    if not moment:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.fromisoformat(moment).astimezone(UTC).replace(microsecond=0)


UNCONDITIONAL = Conditions()
"""A change that is bound to no state."""
