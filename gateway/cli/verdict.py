"""A verdict and a submission, printed for people and as JSON; shared by `check`, `publish` and `demo`."""

from __future__ import annotations

import os
from typing import Any

from rich.markup import escape
from rich.table import Table

from gateway.cli.console import out
from gateway.model.finding import Finding, Severity, Verdict
from gateway.model.submission import Submission
from gateway.model.text import pick

_WORDS = {
    "en": {
        "accepted": "accepted",
        "refused": "refused",
        "under": "under the charter",
        "features": "features",
        "rule": "Rule",
        "object": "Object",
        "place": "Place",
        "finding": "What is wrong",
        "cure": "How to mend it",
        "block": "blocks",
        "warn": "warning",
        "more": "{shown} of {count} findings of rule {rule} are shown",
    },
    "fr": {
        "accepted": "accepté",
        "refused": "refusé",
        "under": "sous la charte",
        "features": "objets",
        "rule": "Règle",
        "object": "Objet",
        "place": "Endroit",
        "finding": "Ce qui ne va pas",
        "cure": "Comment corriger",
        "block": "bloque",
        "warn": "avertissement",
        "more": "{shown} constats sur {count} de la règle {rule} sont montrés",
    },
}
_SHOWN = 10


def language(chosen: str | None) -> str:
    """The language to speak: the one chosen, else that of LC_ALL, LC_MESSAGES or LANG."""
    for value in (chosen, *(os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))):
        if value:
            return value.partition(".")[0].partition("_")[0].partition("-")[0].lower()
    return "en"


def show(verdict: Verdict, lang: str) -> None:
    """Print a verdict: one line, then a table of what was found, at most ten of a rule."""
    words = _WORDS.get(lang, _WORDS["en"])
    state = "accepted" if verdict.accepted else "refused"
    colour = "green" if verdict.accepted else "red"
    under = f"{words['under']} {escape(verdict.charter)} {verdict.charter_version}"
    out.print(f"[bold {colour}]{words[state]}[/] {under}, {verdict.features} {words['features']}")
    if not verdict.findings:
        return
    table = Table(show_lines=False, pad_edge=False)
    for column in ("rule", "object", "place", "finding", "cure"):
        table.add_column(words[column], overflow="fold")
    shown: dict[str, int] = {}
    for finding in sorted(verdict.findings, key=lambda finding: finding.severity is Severity.WARN):
        shown[finding.rule] = shown.get(finding.rule, 0) + 1
        if shown[finding.rule] <= _SHOWN:
            table.add_row(*_cells(finding, lang, words))
    out.print(table)
    for rule, count in verdict.counts.items():
        if count > _SHOWN:
            out.print(words["more"].format(shown=min(_SHOWN, count), count=count, rule=rule), markup=False)


def _cells(finding: Finding, lang: str, words: dict[str, str]) -> list[str]:
    blocks = finding.severity is Severity.BLOCK
    rule = f"[{'red' if blocks else 'yellow'}]{escape(finding.rule)} ({words[finding.severity.value]})[/]"
    if finding.article:
        rule += f"\n{escape(finding.article)}"
    texts = (finding.object_id or "", finding.place or "", pick(finding.message, (lang,)), pick(finding.cure, (lang,)))
    return [rule, *(escape(text) for text in texts)]


def as_json(submission: Submission) -> dict[str, Any]:
    """A submission as the command line prints it."""
    return {
        "submission": submission.id,
        "state": submission.state,
        "dataset": submission.dataset,
        "collections": list(submission.collections),
        "version": submission.version,
        "entry": submission.entry,
        "created": submission.created,
        "repeated": submission.repeated,
        "projections": submission.projections,
        "payload": submission.payload,
        "record": submission.record,
        "attestation": submission.attestation,
        "changes": {name: dict(counts) for name, counts in submission.changes.items()},
        "report": submission.report,
        **submission.verdict.as_json(),
    }
