"""Puts the objects of a CityJSON text into family order: a root, then all below it, parents before children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from gateway.adapters.cityobjects.terms import GROUP
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable

type Member = tuple[str, dict[str, Any], str | None, tuple[str, ...]]
"""Id, the parsed object, the id of its parent, the ids of its children; parent and children exist in the family."""


class Families:
    """Takes objects in any order, and gives each family when it is complete. Objects that wait are kept as bytes."""

    def __init__(self, reading: OpenFile) -> None:
        self._reading = reading
        self._waiting: dict[str, bytes] = {}
        self._parent: dict[str, str] = {}
        self._children: dict[str, list[str]] = {}
        self._missing: dict[str, set[str]] = {}
        self._given: set[str] = set()

    def add(self, identifier: str, value: dict[str, Any]) -> Iterator[Member]:
        """Take one object; yields the families this completes."""
        if identifier in self._given:
            raise Unreadable(f"the key {identifier!r} stands twice", place="/CityObjects", cure="keep one of the two")
        parent, children = self._relations(identifier, value)
        self._given.add(identifier)
        if parent is None and not children:
            yield identifier, value, None, ()
            return
        self._waiting[identifier] = orjson.dumps(value)
        self._children[identifier] = children
        if parent is not None:
            self._parent[identifier] = parent
        root = self._root(identifier)
        if root is not None and self._is_complete(root, identifier):
            yield from self._family(root)

    def rest(self) -> Iterator[Member]:
        """Families that never became whole: each break is a finding."""
        for identifier in [one for one in self._waiting if one not in self._parent]:
            yield from self._family(identifier)
        while self._waiting:
            orphan = next((one for one in self._waiting if self._parent.get(one) not in self._waiting), next(iter(self._waiting)))
            self._problem(
                "its parent is not in the file", "son parent manque dans le fichier", orphan, self._parent.pop(orphan, "")
            )
            yield from self._family(orphan)

    def _relations(self, identifier: str, value: dict[str, Any]) -> tuple[str | None, list[str]]:
        parents, children = value.get("parents"), value.get("children")
        parents = [one for one in parents if isinstance(one, str)] if isinstance(parents, list) else []
        children = [one for one in children if isinstance(one, str)] if isinstance(children, list) else []
        if len(parents) > 1:
            self._reading.report.lost("second parent of a city object", "an object has one parent in the twin", identifier)
        return (parents[0] if parents else None), ([] if value.get("type") == GROUP else list(dict.fromkeys(children)))

    def _root(self, identifier: str) -> str | None:
        seen = {identifier}
        while identifier in self._parent:
            identifier = self._parent[identifier]
            if identifier in seen or identifier not in self._waiting:
                return None
            seen.add(identifier)
        return identifier

    def _is_complete(self, root: str, newest: str) -> bool:
        """Whether all below `root` are there. What is missing is remembered; only what is below `newest` is looked at anew."""
        missing = self._missing.get(root)
        stack = [newest]
        if missing is None:
            missing = self._missing[root] = set()
            stack = [root]
        missing.discard(newest)
        while stack:
            identifier = stack.pop()
            for child in self._children[identifier]:
                if self._parent.get(child) == identifier and child in self._waiting:
                    stack.append(child)
                elif child not in self._given:
                    missing.add(child)
        return not missing

    def _family(self, root: str) -> Iterator[Member]:
        self._missing.pop(root, None)
        stack = [root]
        while stack:
            identifier = stack.pop()
            raw = self._waiting.pop(identifier, None)
            if raw is None:
                continue
            children = [child for child in self._children.pop(identifier) if self._belongs(child, identifier)]
            yield identifier, orjson.loads(raw), self._parent.pop(identifier, None), tuple(children)
            stack.extend(reversed(children))

    def _belongs(self, child: str, parent: str) -> bool:
        if child not in self._given:
            self._problem("a child is not in the file", "un enfant manque dans le fichier", parent, child)
            return False
        if child not in self._waiting or self._parent.get(child) != parent:
            self._problem("a child does not name it as parent", "un enfant ne le nomme pas comme parent", parent, child)
            return False
        return True

    def _problem(self, english: str, french: str, identifier: str, found: str) -> None:
        self._reading.problem(
            (f"broken family: {english}", f"famille incomplète : {french}"),
            ("parents and children name one another", "parents et enfants se nomment mutuellement"),
            feature=identifier,
            place=f"/CityObjects/{identifier}",
            found=found,
        )
