"""``gateway charter``: what the partners agreed."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from gateway.charter import language as charters
from gateway.charter.language import Charter
from gateway.cli import verdict
from gateway.cli.console import Json, emit, guarded, out
from gateway.model.text import pick

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show a charter.")


@app.callback()
def charter() -> None:
    """What the partners agreed."""


@app.command()
@guarded
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="The charter's id.")],
    lang: Annotated[str | None, typer.Option(help="Language of the rules: en, fr.")] = None,
    json: Json = False,
) -> None:
    """Show a charter with all it inherits; `--json` has its rules under `rules`."""
    found = charters.load(id)
    emit(found.as_json(), json=json, text=lambda: _show(found, verdict.language(lang)))


@app.command(name="list")
@guarded
def list_charters(json: Json = False) -> None:
    """List the charters there are."""
    names = charters.known()
    emit(names, json=json, text=lambda: out.print("\n".join(names), markup=False))


def _show(found: Charter, lang: str) -> None:
    out.print(f"[bold]{escape(pick(found.title, (lang,)))}[/] ({found.id} {found.version})")
    table = Table("rule", "when", "check", "severity", "article", "message")
    for rule in found.rules:
        cells = (rule.id, ", ".join(rule.when), rule.check, rule.severity.value, rule.source.citation or "")
        table.add_row(*(escape(cell) for cell in (*cells, pick(rule.message, (lang,)))))
    out.print(table)
