"""``gateway key``: the API keys of a twin's parties."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway import wiring
from gateway.cli.console import Json, emit, guarded, out
from gateway.model.party import Key

app = typer.Typer(add_completion=False, no_args_is_help=True, help="API keys: new, list, revoke.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The twin.")]
PartyId = Annotated[str, typer.Argument(metavar="PARTY", help="The party's id.")]


@app.command()
@guarded
def new(
    folder: Folder,
    party: PartyId,
    expires: Annotated[str | None, typer.Option(help="When it expires: a date, or a number of days (90d).")] = None,
    json: Json = False,
) -> None:
    """Make a key. It is shown once; only its digest is kept."""
    with wiring.opened(folder) as gateway:
        issued = gateway.identity.issue_key(party, expires)
    document = {**_document(issued.key), "party": party, "key": issued.secret}
    emit(document, json=json, text=lambda: out.print(issued.secret, markup=False))


@app.command(name="list")
@guarded
def list_keys(folder: Folder, party: PartyId, json: Json = False) -> None:
    """List a party's keys, without their secrets."""
    with wiring.opened(folder) as gateway:
        keys = gateway.identity.keys(party)
    emit([_document(key) for key in keys], json=json, text=lambda: _table(keys))


@app.command()
@guarded
def revoke(
    folder: Folder,
    party: PartyId,
    kid: Annotated[str, typer.Argument(metavar="KID", help="The key's public id.")],
    json: Json = False,
) -> None:
    """Revoke a key at once."""
    with wiring.opened(folder) as gateway:
        key = gateway.identity.revoke_key(kid, party)
    emit(_document(key), json=json, text=lambda: out.print(f"{key.kid}: revoked {key.revoked}", markup=False))


def _document(key: Key) -> dict[str, Any]:
    return {"kid": key.kid, "created": key.created, "expires": key.expires, "revoked": key.revoked}


def _table(keys: list[Key]) -> None:
    table = Table("kid", "created", "expires", "revoked")
    for key in keys:
        table.add_row(key.kid, key.created, key.expires or "", key.revoked or "")
    out.print(table)
