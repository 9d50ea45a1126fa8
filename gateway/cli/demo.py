"""`gateway demo`: build the sample quarter, show each verdict, serve it, and say what to open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from gateway.cli import verdict as printed
from gateway.cli.console import Json, emit, guarded, out
from gateway.demo import job
from gateway.demo.build import Step, build, existing
from gateway.demo.partners import Delivery

app = typer.Typer(add_completion=False)
HOST = "127.0.0.1"


@app.command()
@guarded
def demo(
    dir: Annotated[Path, typer.Option("--dir", help="Where the demo's twin goes, or lies already.")] = Path("demo-twin"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the twin when it is built.")] = True,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to serve on; 0 takes a free one.")] = 8000,
    json: Json = False,
) -> None:
    """Build and serve a sample quarter, published by its partners under a charter."""
    from gateway.web import server

    sock = server.listen(HOST, port) if serve else None
    port = sock.getsockname()[1] if sock else port
    document = existing(dir)
    if document is None:
        document = build(
            dir,
            id_base=f"http://localhost:{port or 8000}/id/",
            begun=lambda delivery: None if json else _announce(delivery),
            judged=lambda step: None if json else _show(step),
        )
        _work(dir, quiet=json)
    elif not json:
        out.print(f"The demo in {dir} was built before; nothing was changed.", markup=False)
    emit(document, json=json, text=lambda: _summary(document, dir, port, serving=serve))
    if sock is not None:
        server.serve_on(sock, dir, workers=1)


def _work(folder: Path, *, quiet: bool) -> None:
    done = job.run(folder)
    if not quiet:
        out.print(
            f"\nA job, run to its end by the twin's worker: {job.COLLECTION} as {job.FORMAT}, {done.status.value}", markup=False
        )


def _announce(delivery: Delivery) -> None:
    out.print(f"\n[bold]{escape(delivery.partner.name)}[/] delivers {escape(delivery.file)}")


def _show(step: Step) -> None:
    printed.show(step.submission.verdict, printed.language(None))
    if step.submission.verdict.accepted:
        delivery = step.delivery
        out.print(f"published as {delivery.dataset}, access level {delivery.access}, {step.features} features", markup=False)


def _summary(document: dict[str, Any], folder: Path, port: int, *, serving: bool) -> None:
    address = f"http://localhost:{port}"
    closed = next((entry for entry in document["datasets"] if entry["access"] != "A"), None)
    out.print()
    if not serving:
        out.print(f"The twin is in {folder}. Serve it with: gateway serve {folder} --port {port}", markup=False)
    lines = [
        ("Browser", f"{address}/"),
        ("QGIS", f"Layer > Add Layer > Add WFS / OGC API - Features Layer > New, URL {address}/"),
        ("", f"Web > MetaSearch > Services > New, URL {address}/csw"),
        ("curl", f"curl '{address}/collections/buildings/items?limit=2'"),
        ("", f"curl '{address}/csw?service=CSW&version=2.0.2&request=GetCapabilities'"),
        ("", f"curl {address}/sparql -d 'query=SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o }}'"),
    ]
    if closed is not None:
        lines += [
            ("With a key", f"the keys of the partners are in {folder}/demo-keys.json; only {closed['owner']}'s opens its network:"),
            ("", f'curl -H "Authorization: Bearer KEY" {address}/collections/{closed["collections"][0]}/items'),
        ]
    lines.append(("Try a check", f"gateway check {folder}/deliveries/kerbs.geojson --charter sitg"))
    for heading, text in lines:
        out.print(f"{heading:12}{text}", markup=False)
