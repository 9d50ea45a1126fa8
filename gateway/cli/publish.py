"""``gateway publish``: a file and its record go before the charter and into the twin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway import wiring
from gateway.cli import verdict as printed
from gateway.cli.console import Json, emit, guarded, out
from gateway.errors import ParameterError, Refused
from gateway.model.submission import Request, Submission

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The twin.")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The file; leave out for a record alone.")] = None,
    record: Annotated[Path | None, typer.Option(help="Its metadata record: JSON, ISO 19139 or csw:Record.")] = None,
    attestation: Annotated[Path | None, typer.Option(help="What `gateway attest` made of these files.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The dataset; else the collection's id, or the file's stem.")] = None,
    collection: Annotated[str | None, typer.Option(help="A new id for the collection, or own=id,own=id.")] = None,
    access: Annotated[str | None, typer.Option(help="The access level, by the charter's own id.")] = None,
    licence: Annotated[str | None, typer.Option(help="The licence, by code or address.")] = None,
    crs: Annotated[str | None, typer.Option(help="The CRS, where the file says none: EPSG:2056.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="The field that holds the ids.")] = None,
    mode: Annotated[str, typer.Option(help="replace: the file is the whole collection; delta: it adds and changes.")] = "replace",
    graph: Annotated[str | None, typer.Option(help="What of it the graph holds: full or metadata.")] = None,
    party: Annotated[str | None, typer.Option("--as", metavar="PARTY", help="Act as this party; its key is needed.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="File with the party's key; else GATEWAY_KEY.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")] = False,
    allow_removal: Annotated[bool, typer.Option("--allow-removal", help="Let more than 20 % of a collection go.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for graph and catalogue.")] = False,
    lang: Annotated[str | None, typer.Option(help="Language of the findings: en, fr.")] = None,
    json: Json = False,
) -> None:
    """Publish a file to a twin. Exit code 1 when the charter refuses it."""
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
        mode=mode,
        dry_run=dry_run,
        allow_removal=allow_removal,
        graph=graph,
        attestation=None if attestation is None else str(attestation),
    )
    with wiring.opened(folder) as gateway:
        acting = wiring.acting_party(gateway, party, _key(key_file))
        try:
            submission = gateway.publishing.publish(request, acting, wait=not no_wait)
        except Refused as refusal:
            submission = refusal.submission
    _print(submission, lang, json)
    if not submission.verdict.accepted:
        raise typer.Exit(1)


def _key(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError("key-file", f"{path} cannot be read") from error


def _print(submission: Submission, lang: str | None, json: bool) -> None:
    def text() -> None:
        printed.show(submission.verdict, printed.language(lang))
        if submission.repeated:
            out.print(f"the same as {submission.id} of {submission.created}: nothing changed", markup=False)
        elif submission.state == "published":
            out.print(f"{submission.dataset}, version {submission.version}, submission {submission.id}", markup=False)
            for name, counts in submission.changes.items():
                told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
                out.print(f"  {name}: {told or 'no features'}", markup=False)
            if submission.projections != "done":
                out.print("  graph and catalogue follow", markup=False)

    emit(printed.as_json(submission), json=json, text=text)
