"""``gateway key``: the API keys of a twin's parties, and the public keys that their attestations are verified with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway import wiring
from gateway.cli.console import Json, emit, guarded, out
from gateway.errors import Conflict, ParameterError
from gateway.model.party import Key, SigningKey
from gateway.services import attest
from gateway.wiring import Gateway

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Keys of parties: new, list, revoke.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The twin.")]
PartyId = Annotated[str, typer.Argument(metavar="PARTY", help="The party's id.")]


@app.command()
@guarded
def new(
    folder: Folder,
    party: PartyId,
    expires: Annotated[str | None, typer.Option(help="When it expires: a date, or a number of days (90d).")] = None,
    signing: Annotated[bool, typer.Option("--signing", help="A key for attestations: its public half is enrolled.")] = False,
    public: Annotated[Path | None, typer.Option(help="Enrol this Ed25519 public key (PEM); else a pair is made.")] = None,
    output: Annotated[Path | None, typer.Option("--out", help="Where a new private key goes; else PARTY-signing.pem.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="From when a signing key is good; else from now.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when a signing key is good: a date, or days (365d).")] = None,
    json: Json = False,
) -> None:
    """Make a key. An API key is shown once; of a signing key the twin learns the public half alone."""
    with wiring.opened(folder) as gateway:
        if signing:
            _enrol(gateway, party, public, output, since, until or expires, json)
            return
        if public or output or since or until:
            raise ParameterError("signing", "these options are of a signing key", cure="--signing")
        issued = gateway.identity.issue_key(party, expires)
    document = {**_document(issued.key), "party": party, "key": issued.secret}
    emit(document, json=json, text=lambda: out.print(issued.secret, markup=False))


@app.command(name="list")
@guarded
def list_keys(folder: Folder, party: PartyId, json: Json = False) -> None:
    """List a party's keys, without their secrets."""
    with wiring.opened(folder) as gateway:
        found = [_document(key) for key in gateway.identity.keys(party)]
        found += [_signing_document(key) for key in gateway.signing_keys.keys(party)]
    emit(found, json=json, text=lambda: _table(found))


@app.command()
@guarded
def revoke(
    folder: Folder,
    party: PartyId,
    kid: Annotated[str, typer.Argument(metavar="KID", help="The key's public id.")],
    since: Annotated[str | None, typer.Option(help="A signing key that was stolen: as of this moment.")] = None,
    json: Json = False,
) -> None:
    """Revoke a key at once. Attestations signed before a signing key was revoked stay valid."""
    with wiring.opened(folder) as gateway:
        if kid.startswith("s-"):
            document = _signing_document(gateway.signing_keys.revoke(kid, party, since))
        elif since is not None:
            raise ParameterError("since", "an API key ends now", cure="leave --since out")
        else:
            document = _document(gateway.identity.revoke_key(kid, party))
    emit(document, json=json, text=lambda: out.print(f"{document['kid']}: revoked {document['revoked']}", markup=False))


def _enrol(
    gateway: Gateway, party: str, public: Path | None, output: Path | None, since: str | None, until: str | None, json: bool
) -> None:
    if public is not None:
        if output is not None:
            raise ParameterError("out", "no private key is made where a public one is given", cure="leave --out out")
        key, target = gateway.signing_keys.enrol(party, _read(public), since=since, until=until), None
    else:
        target = output or Path(f"{party}-signing.pem")
        key = _make(gateway, party, target, since, until)
    document = {**_signing_document(key), "party": party, "private": None if target is None else str(target)}
    told = f"{key.kid}: enrolled for {party}" + ("" if target is None else f"; the private key is in {target}, keep it")
    emit(document, json=json, text=lambda: out.print(told, markup=False))


def _make(gateway: Gateway, party: str, target: Path, since: str | None, until: str | None) -> SigningKey:
    """A new pair: the file for the private half, readable by its owner alone, is there before anything is enrolled."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(f"there is a file {target} already", cure="--out FILE") from error
    except OSError as error:
        raise ParameterError("out", f"{target} cannot be written") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            made = gateway.signing_keys.make(party, since=since, until=until)
            file.write(attest.write_key(made.pem, party, gateway.charter.id, made.key.kid))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return made.key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ParameterError("public", f"{path} cannot be read") from error


def _document(key: Key) -> dict[str, Any]:
    return {"kid": key.kid, "kind": "api", "created": key.created, "expires": key.expires, "revoked": key.revoked}


def _signing_document(key: SigningKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "kind": "signing",
        "created": key.created,
        "from": key.since,
        "until": key.until,
        "revoked": key.revoked,
    }


def _table(keys: list[dict[str, Any]]) -> None:
    table = Table("kid", "kind", "from", "until", "revoked")
    for key in keys:
        until = key.get("until") or key.get("expires") or ""
        table.add_row(key["kid"], key["kind"], key.get("from") or key["created"], until, key["revoked"] or "")
    out.print(table)
