"""``gateway serve``: a twin, or files straight away from a temporary one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import wiring
from gateway.cli.console import Json, emit, err, guarded, out, progress
from gateway.errors import IdNotAvailable, NotFound, UsageError
from gateway.model.access import EVERYTHING, PUBLIC
from gateway.model.naming import collection_id, stem
from gateway.model.party import Party
from gateway.model.submission import Request

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def serve(
    what: Annotated[list[Path], typer.Argument(metavar="DIR | FILE…", help="A twin's folder, or files.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes answer.")] = 1,
    json: Json = False,
) -> None:
    """Serve a twin, or files straight away, until interrupted."""
    from gateway.web import server

    for path in what:
        if not path.exists():
            raise NotFound(f"there is no {path}", cure="a twin's folder, or files")
    if len(what) > 1 and any(path.is_dir() for path in what):
        raise UsageError("either one twin or files", cure="gateway serve DIR, or gateway serve FILE FILE")
    sock = server.listen(host, port)
    with _twin(what) as folder:
        with wiring.opened(folder) as gateway:
            document = _document(gateway, host, sock.getsockname()[1])
        emit(document, json=json, text=lambda: _say(document))
        server.serve_on(sock, folder, workers=workers)


@contextmanager
def _twin(what: Sequence[Path]) -> Iterator[Path]:
    """The twin's folder, or a temporary twin with the files published into it, gone at the end."""
    if what[0].is_dir():
        yield what[0]
        return
    with tempfile.TemporaryDirectory(prefix="gateway-") as place:
        folder = Path(place) / "twin"
        wiring.create(folder, title=", ".join(path.name for path in what))
        with wiring.opened(folder) as gateway:
            party = wiring.acting_party(gateway, None, None)
            for path, name in _named(what):
                with progress(f"reading {path.name}"):
                    _publish(gateway, path, name, party)
        yield folder


def _named(what: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """The files, each with a name of its own: its stem, or with a number where another file has that already."""
    seen: dict[Path, str] = {}
    for path in what:
        if path.resolve() in seen:
            raise UsageError("the same file is given twice", place=str(path))
        bare = collection_id(stem(path.name))
        name = next(name for number in count(1) if (name := bare if number == 1 else f"{bare}-{number}") not in seen.values())
        seen[path.resolve()] = name
        yield path, name


def _publish(gateway: wiring.Gateway, path: Path, name: str, party: Party) -> None:
    """Publish one file; where another file has a collection of the same id, this one's collections are named after the file."""
    request = Request(data=str(path), data_name=path.name, dataset=name)
    try:
        gateway.publishing.publish(request, party)
    except IdNotAvailable:
        found = gateway.publishing.publish(replace(request, collection=name), party)
        called = ", ".join(found.collections)
        err.print(f"{path}: another file has a collection of that name, so this one is called {called}", markup=False)


def _document(gateway: wiring.Gateway, host: str, port: int) -> dict[str, Any]:
    """What is served, as one document."""
    public = gateway.queries.access(PUBLIC)
    seen = gateway.queries.datasets(public)
    hidden = len(gateway.queries.datasets(EVERYTHING)) - len(seen)
    names = gateway.settings.allowed_hosts
    base = gateway.settings.base_url or f"http://{_reachable(host, names)}:{port}"
    collections = [{"id": found.id, "features": found.features} for dataset in seen for found in dataset.collections]
    return {"url": f"{base}/", "title": gateway.queries.title, "collections": collections, "restricted": hidden, "host": host}


def _reachable(host: str, names: Sequence[str]) -> str:
    """A name a browser can use: the first that the server answers to."""
    if host in ("127.0.0.1", "::1", "localhost") and host in names:
        return f"[{host}]" if ":" in host else host
    return names[0] if names else "localhost"


def _say(document: dict[str, Any]) -> None:
    url = document["url"]
    out.print(f"{document['title']} is served at {url}", markup=False)
    for found in document["collections"]:
        out.print(f"  {found['id']}: {found['features']} features", markup=False)
    if document["restricted"]:
        datasets = "dataset" if document["restricted"] == 1 else "datasets"
        out.print(f"  and {document['restricted']} {datasets} for holders of a key", markup=False)
    out.print(f"\nIn a browser  {url}", markup=False)
    out.print(f"In QGIS       Add WFS / OGC API – Features Layer, address {url}", markup=False)
    example = document["collections"][0]["id"] if document["collections"] else None
    if example is not None:
        out.print(f'With curl     curl "{url}collections/{example}/items?limit=5"', markup=False)
    if document["host"] not in ("127.0.0.1", "::1", "localhost"):
        err.print(
            "It listens beyond this machine: set GATEWAY_ALLOWED_HOSTS (and GATEWAY_BASE_URL) to the names people use.",
            markup=False,
        )
    out.print("\nCtrl+C ends it.", markup=False)
