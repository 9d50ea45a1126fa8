"""`gateway audit verify DIR`: check the journal of a twin, without opening or changing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway import registry
from gateway.cli.console import Json, emit, guarded, out
from gateway.errors import UsageError
from gateway.model.journal import Audit
from gateway.settings import load
from gateway.store import choice
from gateway.store.signing import FILE, JournalKey

app = typer.Typer(help="The journal of a twin.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The journal of a twin."""


@app.command()
@guarded
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The twin's folder.")],
    public_key: Annotated[str | None, typer.Option(help="The journal's public key, 64 hexadecimal digits, from elsewhere.")] = None,
    json: Json = False,
) -> None:
    """Check every entry, every signed head and the file of heads. Exit 0: sound; 1: not, with the first bad entry."""
    found: Audit = registry.get("stores", choice.check(folder).store).audit(str(folder), _key(folder, public_key))
    emit(_document(found), json=json, text=lambda: _print(found))
    if not found.sound:
        raise typer.Exit(1)


def _key(folder: Path, given: str | None) -> bytes | None:
    """The key to check with: the one given, else that of the twin's own private key, else None (what the file names)."""
    if given is not None:
        try:
            key = bytes.fromhex(given.strip())
        except ValueError:
            key = b""
        if len(key) != 32:
            raise UsageError("a public key is 64 hexadecimal digits", place="--public-key")
        return key
    pem = load().journal_key
    if pem is not None or (folder / FILE).is_file():
        return JournalKey.load(folder, pem).public
    return None


def _document(found: Audit) -> dict[str, object]:
    return {
        "sound": found.sound,
        "entries": found.entries,
        "heads": found.heads,
        "badEntry": found.bad_entry,
        "reason": found.reason,
        "notes": list(found.notes),
    }


def _print(found: Audit) -> None:
    if found.sound:
        out.print(f"sound: {found.entries} entries under {found.heads} signed heads", markup=False)
    else:
        out.print(f"NOT SOUND at entry {found.bad_entry}: {found.reason}", markup=False)
    for note in found.notes:
        out.print(f"note: {note}", markup=False)
