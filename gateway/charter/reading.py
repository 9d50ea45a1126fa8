"""Turns a charter's document into a `Charter`, noting every word it does not know."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from gateway import registry
from gateway.charter import enforcement, parameters
from gateway.charter.terms import EVENTS, PUBLIC_ROLE, AccessLevel, Charter, Licence, Problems, Rule, Source
from gateway.errors import UsageError
from gateway.model.finding import Severity
from gateway.model.text import Text

_KEYS = {
    "version": True,
    "title": True,
    "languages": True,
    "in_force": False,
    "roles": True,
    "centre_role": True,
    "partner_role": True,
    "submitters": True,
    "masters": True,
    "access_levels": True,
    "default_level": False,
    "licences": False,
    "rules": True,
}
_PLACEHOLDERS = frozenset({"found", "expected", "object"})
_EVIDENCE = ("V", "S", "I", "M")


def resolve(id: str, document: Mapping[str, Any], lineage: tuple[str, ...], problems: Problems) -> Charter | None:
    """The charter of `document`; with problems noted the result is not to be used, and None where too little is there."""
    where = f"{id}.yaml"
    _keys(document, _KEYS, problems, where)
    languages = _names(document.get("languages"), problems, f"{where} languages")
    roles = _names(document.get("roles"), problems, f"{where} roles")
    if roles and PUBLIC_ROLE not in roles:
        problems.add(f"{where} roles", f"the role {PUBLIC_ROLE} is missing")
    if not languages or not roles:
        return None
    levels = _levels(document.get("access_levels"), languages, roles, problems, f"{where} access_levels")
    default = document.get("default_level")
    if default is not None and default not in levels:
        problems.add(where, f"default_level {default} is no access level")
    return Charter(
        id=id,
        version=_text(document.get("version"), problems, f"{where} version"),
        title=_words(document.get("title"), languages, problems, f"{where} title"),
        languages=languages,
        roles=roles,
        centre_role=_role(document.get("centre_role"), roles, problems, f"{where} centre_role"),
        partner_role=_role(document.get("partner_role"), roles, problems, f"{where} partner_role"),
        submitters=_known(document.get("submitters"), roles, "role", problems, f"{where} submitters"),
        masters=_known(document.get("masters"), roles, "role", problems, f"{where} masters"),
        access_levels=levels,
        default_level=default,
        licences=_licences(document.get("licences", {}), languages, tuple(levels), problems, f"{where} licences"),
        rules=_rules(document.get("rules"), languages, roles, problems, where),
        in_force=_in_force(document.get("in_force", {}), problems, f"{where} in_force"),
        extends=lineage,
    )


def _keys(given: Mapping[str, Any], declared: Mapping[str, bool], problems: Problems, where: str) -> None:
    for key in given:
        if key not in declared:
            problems.add(where, f"the key {key} is unknown")
    for key, required in declared.items():
        if required and key not in given:
            problems.add(where, f"the key {key} is missing")


def _text(value: Any, problems: Problems, where: str) -> str:
    if isinstance(value, str) and value.strip():
        return value
    if value is not None:
        problems.add(where, "must be text (put it in quotes)")
    return ""


def _optional(value: Any, problems: Problems, where: str) -> str | None:
    return None if value is None else _text(value, problems, where)


def _names(value: Any, problems: Problems, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        problems.add(where, "must be a list of names")
        return ()
    if len(set(value)) != len(value):
        problems.add(where, "names something twice")
    return tuple(value)


def _known(value: Any, among: tuple[str, ...], word: str, problems: Problems, where: str) -> tuple[str, ...]:
    names = _names(value, problems, where)
    for name in names:
        if name not in among:
            problems.add(where, f"the {word} {name} is unknown (known: {', '.join(among)})")
    return names


def _role(value: Any, roles: tuple[str, ...], problems: Problems, where: str) -> str:
    role = _text(value, problems, where)
    if role and role not in roles:
        problems.add(where, f"the role {role} is unknown (known: {', '.join(roles)})")
    return role


def _words(value: Any, languages: tuple[str, ...], problems: Problems, where: str) -> Text:
    """Text in every declared language; a template may hold {found}, {expected} and {object} and no other placeholder."""
    if not isinstance(value, dict):
        problems.add(where, f"must be text in {', '.join(languages)}")
        return {}
    for language in languages:
        if not value.get(language):
            problems.add(where, f"is missing in {language}")
    for language, text in value.items():
        if not isinstance(text, str):
            problems.add(where, f"{language} must be text")
        elif wrong := _strange_placeholders(text):
            problems.add(where, f"{language} has a placeholder that is never filled: {wrong}")
    return dict(value)


def _strange_placeholders(template: str) -> str | None:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        return str(error)
    fields = [(name, form or conversion) for _, name, form, conversion in parts if name is not None]
    return ", ".join(f"{{{name}}}" for name, extra in fields if extra or name not in _PLACEHOLDERS) or None


def _in_force(value: Any, problems: Problems, where: str) -> tuple[str | None, str | None]:
    if not isinstance(value, dict):
        problems.add(where, "must have from and until")
        return None, None
    _keys(value, {"from": False, "until": False}, problems, where)
    return _optional(value.get("from"), problems, f"{where} from"), _optional(value.get("until"), problems, f"{where} until")


def _entries(value: Any, problems: Problems, where: str) -> dict[str, Mapping[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(entry, dict) for entry in value.values()):
        problems.add(where, "must be a mapping from id to its description")
        return {}
    return value


def _levels(
    value: Any, languages: tuple[str, ...], roles: tuple[str, ...], problems: Problems, where: str
) -> dict[str, AccessLevel]:
    levels = {}
    for id, entry in _entries(value, problems, where).items():
        place = f"{where} {id}"
        _keys(entry, {"title": True, "rank": True, "read": True, "federal": False}, problems, place)
        rank = entry.get("rank")
        if isinstance(rank, bool) or not isinstance(rank, int):
            problems.add(place, "rank must be a whole number")
            rank = 0
        levels[id] = AccessLevel(
            id=id,
            title=_words(entry.get("title"), languages, problems, f"{place} title"),
            rank=rank,
            read=_known(entry.get("read"), roles, "role", problems, f"{place} read"),
            federal=_optional(entry.get("federal"), problems, f"{place} federal"),
        )
    if not levels:
        problems.add(where, "names no access level")
    return levels


def _licences(
    value: Any, languages: tuple[str, ...], levels: tuple[str, ...], problems: Problems, where: str
) -> dict[str, Licence]:
    licences = {}
    for id, entry in _entries(value, problems, where).items():
        place = f"{where} {id}"
        _keys(entry, {"title": True, "levels": True, "uri": False}, problems, place)
        licences[id] = Licence(
            id=id,
            title=_words(entry.get("title"), languages, problems, f"{place} title"),
            levels=_known(entry.get("levels"), levels, "access level", problems, f"{place} levels"),
            uri=_optional(entry.get("uri"), problems, f"{place} uri"),
        )
    return licences


def _rules(value: Any, languages: tuple[str, ...], roles: tuple[str, ...], problems: Problems, where: str) -> tuple[Rule, ...]:
    if not isinstance(value, list):
        problems.add(f"{where} rules", "must be a list")
        return ()
    rules = []
    for number, entry in enumerate(value, 1):
        if not isinstance(entry, dict):
            problems.add(f"{where} rule {number}", "must be a mapping")
            continue
        rules.append(_rule(entry, languages, roles, problems, f"{where} rule {entry.get('id', number)}"))
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            problems.add(f"{where} rule {rule.id}", "stands twice")
        seen.add(rule.id)
    return tuple(rules)


def _rule(entry: Mapping[str, Any], languages: tuple[str, ...], roles: tuple[str, ...], problems: Problems, where: str) -> Rule:
    declared = {"id": True, "when": True, "check": True, "severity": True, "message": True, "cure": True, "binds": True}
    _keys(entry, {**declared, "source": False}, problems, where)
    when = _known(entry.get("when"), EVENTS, "event", problems, f"{where} when")
    if not when:
        problems.add(where, "has no event, so it would never be asked")
    check, values = _check(entry.get("check"), problems, where)
    severity = entry.get("severity")
    if severity not in tuple(Severity):
        problems.add(where, f"the severity {severity} is unknown (known: {', '.join(Severity)})")
        severity = Severity.BLOCK
    return Rule(
        id=_text(entry.get("id"), problems, f"{where} id"),
        when=when,
        check=check,
        parameters=values,
        severity=Severity(severity),
        message=_words(entry.get("message"), languages, problems, f"{where} message"),
        cure=_words(entry.get("cure"), languages, problems, f"{where} cure"),
        binds=_role(entry.get("binds"), roles, problems, f"{where} binds"),
        source=_source(entry.get("source"), problems, f"{where} source"),
    )


def _check(value: Any, problems: Problems, where: str) -> tuple[str, dict[str, Any]]:
    """The name of a check and its parameters: ``{type: geom.crs, allow: […]}``, or the bare name."""
    given = {"type": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
    name = given.pop("type", None)
    if not isinstance(name, str):
        problems.add(where, "names no check")
        return "", {}
    try:
        kind = registry.get("checks", name)
    except UsageError as error:
        problems.add(where, f"the check {name} is unknown ({error.cure})")
        return name, {}
    values = parameters.read(given, kind.parameters, problems.found, where)
    for problem in (*kind.problems(values), *enforcement.problems(kind)):
        problems.add(where, problem)
    return name, values


def _source(value: Any, problems: Problems, where: str) -> Source:
    if value is None:
        return Source()
    if not isinstance(value, dict):
        problems.add(where, "must have law, article, evidence, note or url")
        return Source()
    _keys(value, {"law": False, "article": False, "evidence": True, "note": False, "url": False}, problems, where)
    texts = {key: _optional(value.get(key), problems, f"{where} {key}") for key in ("law", "article", "note", "url")}
    evidence = value.get("evidence", "I")
    if evidence not in _EVIDENCE:
        problems.add(where, f"evidence must be one of {', '.join(_EVIDENCE)}")
    if texts["article"] and evidence != "V":
        problems.add(where, "claims an article although its text was not read (evidence V)")
    return Source(evidence=str(evidence), **texts)
