"""``gateway attest``: check a file and sign what was checked; the signature goes with the publication."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import settings
from gateway.catalogue.records import read as read_record
from gateway.charter.language import load
from gateway.cli import verdict as printed
from gateway.cli.console import Json, emit, guarded, out
from gateway.errors import ParameterError
from gateway.model.finding import Verdict
from gateway.model.submission import Request
from gateway.services import attest as attesting

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def attest(
    key: Annotated[Path, typer.Option(help="The private key: an Ed25519 key in PEM.")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The file; leave out for a record alone.")] = None,
    report: Annotated[Path | None, typer.Option(help="The report of `gateway check --json`; else the check is made now.")] = None,
    charter: Annotated[str | None, typer.Option(help="The charter to check by; else the one the key was enrolled under.")] = None,
    record: Annotated[Path | None, typer.Option(help="Its metadata record: JSON, ISO 19139 or csw:Record.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The dataset's id; the attestation is then good for no other.")] = None,
    collection: Annotated[str | None, typer.Option(help="A new id for the collection, or own=id,own=id.")] = None,
    access: Annotated[str | None, typer.Option(help="The access level, by the charter's own id.")] = None,
    licence: Annotated[str | None, typer.Option(help="The licence, by code or address.")] = None,
    crs: Annotated[str | None, typer.Option(help="The CRS, where the file says none: EPSG:2056.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="The field that holds the ids.")] = None,
    signatory: Annotated[str | None, typer.Option(help="Who signs; else the party the key was made for.")] = None,
    output: Annotated[Path | None, typer.Option("--out", help="Where the attestation goes; else FILE.jws.")] = None,
    lang: Annotated[str | None, typer.Option(help="Language of the findings: en, fr.")] = None,
    json: Json = False,
) -> None:
    """Sign a file that was checked, with its record. Exit code 1, and no signature, when the charter would refuse it."""
    main = file or record
    if main is None:
        raise ParameterError("file", "there is nothing to attest", cure="name a file, a record, or both")
    request = Request(
        data=None if file is None else str(file),
        data_name=None if file is None else file.name,
        record=None if record is None else str(record),
        record_name=None if record is None else record.name,
        dataset=dataset,
        collection=collection,
        access=access,
        licence=licence,
        crs=crs,
        id=id,
    )
    key_file = attesting.read_key(_content("key", key))
    kept = report or main.with_name(f"{main.name}.report.json")
    if report is None:
        terms = load(charter or key_file.charter or "open")
        content, verdict = attesting.make_report(terms, request, read_record, settings.load())
        _write(kept, content)
        if not verdict.accepted:
            _refuse(verdict, kept, lang, json)
    token, claims = attesting.attest(request, _content("report", kept), key_file, signatory)
    target = output or main.with_name(f"{main.name}.jws")
    _write(target, token + b"\n")
    document = {"attestation": str(target), "report": str(kept), "claims": claims.as_json()}
    emit(document, json=json, text=lambda: _say(target, kept, claims.as_json()))


def _refuse(verdict: Verdict, kept: Path, lang: str | None, json: bool) -> None:
    emit(verdict.as_json(), json=json, text=lambda: printed.show(verdict, printed.language(lang)))
    raise typer.Exit(1)


def _content(parameter: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ParameterError(parameter, f"{path} cannot be read") from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ParameterError("out", f"{path} cannot be written") from error


def _say(target: Path, kept: Path, claims: dict[str, Any]) -> None:
    out.print(f"{target}: {claims['signatory']} attests under {claims['charter']}, report {kept}", markup=False)
