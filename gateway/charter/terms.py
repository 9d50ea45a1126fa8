"""A charter as frozen data: roles, access levels, licences and rules, resolved and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model.crs import Crs
from gateway.model.finding import Severity
from gateway.model.text import Text

PUBLIC_ROLE = "public"
"""The role of everyone, key or not; every charter has it."""

EVENTS = ("submit", "edit")
"""What a rule can be bound to. A rule of an event nothing raises would never be asked, so no other name is taken."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from. `article` is claimed only where its text was read (`evidence` ``V``); `note` says the rest."""

    law: str | None = None
    article: str | None = None
    evidence: str = "I"
    note: str | None = None
    url: str | None = None

    @property
    def citation(self) -> str | None:
        """``OGéo art. 21``, or None where no article is claimed."""
        if self.article is None:
            return None
        return f"{self.law} art. {self.article}" if self.law else self.article


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it is asked, which check asks it with which parameters, what a breach does and how people are told."""

    id: str
    when: tuple[str, ...]
    check: str
    parameters: Mapping[str, Any]
    severity: Severity
    message: Text
    cure: Text
    binds: str
    source: Source = Source()


@dataclass(frozen=True, slots=True)
class AccessLevel:
    """One access level. `read` names the roles that may read; owner, delegates and the competence centre always may.

    `rank` orders levels from open (0) to closed; `federal` is the level of OGéo art. 21 it stands for.
    """

    id: str
    title: Text
    rank: int
    read: tuple[str, ...]
    federal: str | None = None


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms of use: an id, the address where they stand, and the access levels they fit."""

    id: str
    title: Text
    levels: tuple[str, ...]
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Charter:
    """What the partners agreed, ready to be applied. Made by `gateway.charter.language.load` alone."""

    id: str
    version: str
    title: Text
    languages: tuple[str, ...]
    roles: tuple[str, ...]
    centre_role: str
    partner_role: str
    submitters: tuple[str, ...]
    masters: tuple[str, ...]
    access_levels: Mapping[str, AccessLevel]
    default_level: str | None
    licences: Mapping[str, Licence]
    rules: tuple[Rule, ...]
    in_force: tuple[str | None, str | None] = (None, None)
    extends: tuple[str, ...] = ()

    def rules_for(self, event: str) -> tuple[Rule, ...]:
        """The rules asked at `event`, in the charter's order."""
        return tuple(rule for rule in self.rules if event in rule.when)

    def has_check(self, event: str, check: str) -> bool:
        """Whether some rule asks `check` at `event`."""
        return any(rule.check == check for rule in self.rules_for(event))

    def licence(self, name: str | None) -> Licence | None:
        """The licence with this id or address."""
        return next((licence for licence in self.licences.values() if name in (licence.id, licence.uri)), None) if name else None

    def as_json(self) -> dict[str, Any]:
        """The charter resolved, its rules under ``rules``, as ``gateway charter show`` prints it."""
        return {
            "id": self.id,
            "version": self.version,
            "title": dict(self.title),
            "languages": list(self.languages),
            "extends": list(self.extends),
            "inForce": {"from": self.in_force[0], "until": self.in_force[1]},
            "roles": list(self.roles),
            "centreRole": self.centre_role,
            "partnerRole": self.partner_role,
            "submitters": list(self.submitters),
            "masters": list(self.masters),
            "accessLevels": [
                {"id": level.id, "rank": level.rank, "title": dict(level.title), "read": list(level.read), "federal": level.federal}
                for level in self.access_levels.values()
            ],
            "defaultLevel": self.default_level,
            "licences": [
                {"id": licence.id, "title": dict(licence.title), "uri": licence.uri, "levels": list(licence.levels)}
                for licence in self.licences.values()
            ],
            "rules": [_rule_json(rule) for rule in self.rules],
        }


def _rule_json(rule: Rule) -> dict[str, Any]:
    source = rule.source
    return {
        "id": rule.id,
        "when": list(rule.when),
        "check": {"type": rule.check, **{name: _plain(value) for name, value in rule.parameters.items()}},
        "severity": rule.severity.value,
        "binds": rule.binds,
        "article": source.citation,
        "source": {
            "law": source.law,
            "article": source.article,
            "evidence": source.evidence,
            "note": source.note,
            "url": source.url,
        },
        "message": dict(rule.message),
        "howToFix": dict(rule.cure),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Crs):
        return value.code
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@dataclass(slots=True)
class Problems:
    """All that is wrong with a charter, gathered before anything is raised."""

    found: list[str] = field(default_factory=list)

    def add(self, where: str, what: str) -> None:
        """Note one problem and where it stands."""
        self.found.append(f"{where}: {what}")
