"""Builds a Gateway from a twin's folder and the settings: the only place that constructs things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway import registry
from gateway.catalogue.records import read as read_record
from gateway.charter.language import Charter, load
from gateway.errors import IntegrityError
from gateway.federation import cascades
from gateway.federation.reading import CascadedStore
from gateway.graph.broker import SparqlBroker
from gateway.graph.projection import GraphProjection
from gateway.model.party import Party
from gateway.ports import Blobs, Store
from gateway.services.downloads import DownloadService
from gateway.services.edit import EditService
from gateway.services.identity import IdentityService
from gateway.services.jobs import JobService
from gateway.services.projections import Projector
from gateway.services.publish import PublishService
from gateway.services.query import QueryService
from gateway.services.signing_keys import SigningKeys
from gateway.services.tiles import IN_MEMORY, TileService
from gateway.settings import Settings
from gateway.settings import load as load_settings
from gateway.store import choice
from gateway.store.blobs import FolderBlobs
from gateway.store.jobs import JobTable, folder_of
from gateway.store.objects import ObjectBlobs, bucket
from gateway.store.signing import JournalKey
from gateway.tiles.cache import StoredTiles
from gateway.tiles.projection import TilesProjection

OPERATOR = "operator"


@dataclass(slots=True)
class Gateway:
    """One open twin: its store, its charter and the services over them. Close it when done."""

    folder: Path
    settings: Settings
    store: Store
    blobs: Blobs
    charter: Charter
    id_base: str
    identity: IdentityService
    signing_keys: SigningKeys
    publishing: PublishService
    editing: EditService
    queries: QueryService
    downloads: DownloadService
    jobs: JobService
    projector: Projector
    sparql: SparqlBroker
    cascaded: CascadedStore
    tiles: TileService

    def close(self) -> None:
        """Stop child processes and what is being made, and close the store."""
        self.downloads.close()
        self.sparql.close()
        self.jobs.close()
        self.cascaded.close()
        self.store.close()


def create(
    folder: Path,
    *,
    charter: str = "open",
    id_base: str = "http://localhost:8000/id/",
    title: str | None = None,
    address: str | None = None,
    blobs: str | None = None,
) -> None:
    """Make a new, empty twin in `folder` with its journal key and its operator; at `address` (``postgresql://…``), if given,
    and with blobs and tiles in the bucket `blobs` (``s3://…``).

    A database that has this twin already, told by its journal key, is joined: `folder` becomes another door to it.
    Raises Conflict where there is a twin already, CharterError or NotFound for a charter that cannot be loaded.
    """
    settings = load_settings()
    terms = load(charter)
    folder.mkdir(parents=True, exist_ok=True)
    if blobs is not None:
        bucket(blobs, settings, "blobs")
    chosen = choice.Choice(choice.EMBEDDED if address is None else "postgis", address, blobs)
    choice.write(folder, chosen)
    try:
        _fill(folder, chosen, settings, terms, (id_base, title))
    except BaseException:
        choice.forget(folder, chosen)
        raise


def _fill(folder: Path, chosen: choice.Choice, settings: Settings, terms: Charter, told: tuple[str, str | None]) -> None:
    id_base, title = told
    key = JournalKey.create(folder, settings.journal_key)
    facts = {
        "charter": terms.id,
        "id_base": id_base if id_base.endswith("/") else f"{id_base}/",
        "title": title or folder.resolve().name,
        "public_key": key.public.hex(),
    }
    store: Store = registry.get("stores", chosen.store).create(str(folder), facts, key.sign)
    try:
        with store.reading() as reader:
            is_joined = reader.party(OPERATOR) is not None
        if not is_joined:
            IdentityService(store, terms).add_party(OPERATOR, "Operator", roles=(terms.centre_role,))
    finally:
        store.close()


def open_gateway(folder: Path, settings: Settings | None = None) -> Gateway:
    """Open the twin in `folder`. Raises NotFound where there is none."""
    settings = settings or load_settings()
    chosen = choice.check(folder)
    key = JournalKey.load(folder, settings.journal_key)
    store: Store = registry.get("stores", chosen.store).open(str(folder), key.sign, wait=settings.writer_wait)
    jobs = JobTable(folder_of(folder), wait=settings.writer_wait)
    with store.reading() as reader:
        facts = {name: reader.setting(name) or "" for name in ("charter", "id_base", "public_key")}
    if facts["public_key"] != key.public.hex():
        store.close()
        raise IntegrityError("the journal's key is not the one of this twin", cure="restore it, or set GATEWAY_JOURNAL_KEY")
    charter = load(facts["charter"])
    blobs, made = _objects(folder, chosen.blobs, settings)
    graph = GraphProjection(folder / "graph", facts["id_base"])
    projector = Projector(store, (graph, TilesProjection(made)), folder / "projector.lock", wait=settings.projection_wait)
    identity = IdentityService(store, charter)
    cascaded = CascadedStore(store, cascades.load(folder), settings)
    queries = QueryService(cascaded if cascaded.ids else store, charter, settings)
    return Gateway(
        folder=folder,
        settings=settings,
        store=store,
        blobs=blobs,
        charter=charter,
        id_base=facts["id_base"],
        identity=identity,
        signing_keys=SigningKeys(store, identity),
        publishing=PublishService(store, blobs, charter, projector, settings, read_record=read_record, reserved=cascaded.ids),
        editing=EditService(store, blobs, charter, projector, settings),
        queries=queries,
        downloads=DownloadService(folder / "downloads", queries),
        jobs=JobService(store, jobs, charter, settings),
        projector=projector,
        sparql=SparqlBroker(folder / "graph", settings),
        cascaded=cascaded,
        tiles=TileService(made, cascaded.ids, in_memory=min(IN_MEMORY, settings.tile_bytes)),
    )


def _objects(folder: Path, address: str | None, settings: Settings) -> tuple[Blobs, StoredTiles]:
    """Blobs and ready-made tiles: in the twin's folder, or in a bucket."""
    if address is None:
        return FolderBlobs(folder / "blobs"), StoredTiles.in_folder(folder / "tiles", settings.tile_bytes)
    tiles = StoredTiles(bucket(address, settings, "tiles"), settings.tile_bytes)
    return ObjectBlobs(bucket(address, settings, "blobs")), tiles


@contextmanager
def opened(folder: Path) -> Iterator[Gateway]:
    """An open twin for the length of a `with`."""
    gateway = open_gateway(folder)
    try:
        yield gateway
    finally:
        gateway.close()


def acting_party(gateway: Gateway, name: str | None, key: str | None) -> Party:
    """The party a command acts as: the operator, or `name` proven by `key` (GATEWAY_KEY, --key-file or demo-keys.json)."""
    if name is None or name == OPERATOR:
        return gateway.identity.party(OPERATOR)
    return gateway.identity.prove(name, key or gateway.settings.key or _demo_key(gateway.folder, name))


def _demo_key(folder: Path, name: str) -> str | None:
    import orjson

    path = folder / "demo-keys.json"
    if not path.is_file():
        return None
    found = orjson.loads(path.read_bytes()).get(name)
    return found if isinstance(found, str) else None
