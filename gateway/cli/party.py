"""``gateway party``: who takes part in a twin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway import wiring
from gateway.cli.console import Json, emit, guarded, out
from gateway.model.party import Party

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Partners of a twin: add, list, end.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The twin.")]
Id = Annotated[str, typer.Argument(metavar="PARTY", help="The party's id.")]


@app.command()
@guarded
def add(
    folder: Folder,
    id: Id,
    name: Annotated[str | None, typer.Option(help="What people call it; else the id.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="A role of the charter; may be given several times.")] = None,
    delegate: Annotated[list[str] | None, typer.Option(help="A dataset it may publish for its owner; several times.")] = None,
    no_adhesion: Annotated[bool, typer.Option("--no-adhesion", help="It has not adhered to the charter.")] = False,
    json: Json = False,
) -> None:
    """Add a party that has adhered to the twin's charter."""
    with wiring.opened(folder) as gateway:
        party = gateway.identity.add_party(id, name or id, roles=role or (), delegates=delegate or (), adheres=not no_adhesion)
    emit(_document(party), json=json, text=lambda: _say(party, "added"))


@app.command(name="list")
@guarded
def list_parties(folder: Folder, json: Json = False) -> None:
    """List the parties, ended ones too."""
    with wiring.opened(folder) as gateway:
        parties = gateway.identity.parties()
    emit([_document(party) for party in parties], json=json, text=lambda: _table(parties))


@app.command()
@guarded
def delegate(
    folder: Folder,
    id: Id,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The dataset it may publish for its owner.")],
    json: Json = False,
) -> None:
    """Let a party publish a dataset for its owner."""
    with wiring.opened(folder) as gateway:
        party = gateway.identity.give_mandate(id, dataset)
    emit(_document(party), json=json, text=lambda: _say(party, f"may publish {dataset}"))


@app.command()
@guarded
def end(
    folder: Folder,
    id: Id,
    on: Annotated[str | None, typer.Option(help="When it ends (a date); else now.")] = None,
    json: Json = False,
) -> None:
    """End a party's adhesion; its keys are worth nothing from then on."""
    with wiring.opened(folder) as gateway:
        party = gateway.identity.end_party(id, on)
    emit(_document(party), json=json, text=lambda: _say(party, f"ends {party.ended}"))


def _document(party: Party) -> dict[str, Any]:
    return {
        "id": party.id,
        "name": party.name,
        "pseudonym": party.pseudonym,
        "roles": list(party.roles),
        "charter": party.charter,
        "charterVersion": party.charter_version,
        "since": party.since,
        "ended": party.ended,
        "delegates": list(party.delegates),
    }


def _say(party: Party, what: str) -> None:
    out.print(f"{party.id} ({party.name}): {what}", markup=False)


def _table(parties: list[Party]) -> None:
    table = Table("id", "name", "roles", "charter", "since", "ended", "delegates")
    for party in parties:
        charter = f"{party.charter} {party.charter_version}" if party.charter else ""
        cells = (party.id, party.name, ", ".join(party.roles), charter, party.since[:10], (party.ended or "")[:10])
        table.add_row(*cells, ", ".join(party.delegates))
    out.print(table)
