"""One charter over another: a child adds, and may tighten what it inherits, never loosen it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.charter.terms import Problems

_RULE_KEYS = frozenset({"id", "when", "severity", "message", "cure"})


def merged(base: Mapping[str, Any], child: Mapping[str, Any], problems: Problems, where: str) -> dict[str, Any]:
    """`child` over `base`, both as read from YAML; a child that loosens its parent is a problem."""
    result = dict(base)
    for key, value in child.items():
        combine = _COMBINE.get(key)
        result[key] = combine(base[key], value, problems, where) if combine and key in base else value
    return result


def _roles(base: Any, child: Any, problems: Problems, where: str) -> Any:
    if not isinstance(base, list) or not isinstance(child, list):
        return child
    return base + [role for role in child if role not in base]


def _levels(base: Any, child: Any, problems: Problems, where: str) -> Any:
    return _narrowed(base, child, problems, where, "read", "access level")


def _licences(base: Any, child: Any, problems: Problems, where: str) -> Any:
    return _narrowed(base, child, problems, where, "levels", "licence")


def _narrowed(base: Any, child: Any, problems: Problems, where: str, member: str, word: str) -> Any:
    """Mappings by id; an entry that stands in both may only shorten its list `member`."""
    if not isinstance(base, dict) or not isinstance(child, dict):
        return child
    for id in base.keys() & child.keys():
        before, after = (entry.get(member) if isinstance(entry, dict) else None for entry in (base[id], child[id]))
        if isinstance(before, list) and isinstance(after, list) and (wider := [item for item in after if item not in before]):
            problems.add(where, f"{word} {id} is loosened: {member} gains {', '.join(map(str, wider))}")
    return {**base, **child}


def _rules(base: Any, child: Any, problems: Problems, where: str) -> Any:
    if not isinstance(base, list) or not isinstance(child, list):
        return child
    rules = {rule.get("id"): rule for rule in base if isinstance(rule, dict)}
    added = []
    for rule in child:
        inherited = rules.get(rule.get("id")) if isinstance(rule, dict) else None
        if inherited is None:
            added.append(rule)
        else:
            rules[rule["id"]] = _tightened(inherited, rule, problems, where)
    return [*rules.values(), *added]


def _tightened(base: Mapping[str, Any], child: Mapping[str, Any], problems: Problems, where: str) -> dict[str, Any]:
    place = f"{where} rule {child['id']}"
    for key in sorted(child.keys() - _RULE_KEYS):
        problems.add(place, f"an inherited rule may change its {', '.join(sorted(_RULE_KEYS - {'id'}))} only, not {key}")
    if base.get("severity") == "block" and child.get("severity", "block") != "block":
        problems.add(place, "is loosened: it blocks in the charter it comes from")
    before, after = base.get("when"), child.get("when", base.get("when"))
    if isinstance(before, list) and isinstance(after, list) and (gone := [event for event in before if event not in after]):
        problems.add(place, f"is loosened: no longer asked at {', '.join(map(str, gone))}")
    return {**base, **{key: value for key, value in child.items() if key in _RULE_KEYS}}


_COMBINE: Mapping[str, Callable[[Any, Any, Problems, str], Any]] = {
    "roles": _roles,
    "access_levels": _levels,
    "licences": _licences,
    "rules": _rules,
}
