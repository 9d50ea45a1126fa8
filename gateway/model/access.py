"""What one reader may see: the access decision as a value that every door asks for and the store turns into SQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a party (by its pseudonym) with its roles, or nobody (`party` None, role ``public``).

    `mandates` are the datasets he publishes for their owners, and so may see.
    """

    party: str | None = None
    name: str | None = None
    roles: frozenset[str] = frozenset({"public"})
    key: str | None = None
    mandates: frozenset[str] = frozenset()


PUBLIC = Reader()


@dataclass(frozen=True, slots=True)
class Access:
    """The datasets a reader may see: all of them, or those of the open `levels`, those he owns, and those named.

    Decided by the charter (`gateway.charter.decide`); hashable, so it can key a cache. A dataset outside it does not
    exist for this reader, through any door.
    """

    everything: bool = False
    levels: frozenset[str] = frozenset()
    owner: str | None = None
    datasets: frozenset[str] = frozenset()

    def admits(self, dataset: str, level: str, owner: str) -> bool:
        """Whether the dataset with this id, access level and owner (pseudonym) is visible."""
        return (
            self.everything or level in self.levels or (self.owner is not None and owner == self.owner) or dataset in self.datasets
        )


EVERYTHING = Access(everything=True)
