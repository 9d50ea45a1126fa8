"""Makes the web application over an open twin."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from gateway import __version__
from gateway.model.access import EVERYTHING
from gateway.web import problem, upload
from gateway.web.counting import Counts
from gateway.web.front import Front
from gateway.web.methods import Methods
from gateway.wiring import Gateway

STATIC = Path(__file__).parent / "static"
ROUTERS = (
    "landing",
    "collections",
    "items",
    "filters",
    "edits",
    "downloads",
    "coverages",
    "tiles",
    "datasets",
    "versions",
    "processes",
    "jobs",
    "submissions",
    "health",
    "metrics",
    "sign_in",
    "csw",
    "sparql",
    "identifiers",
)


class Application(FastAPI):
    """FastAPI behind the front: what the front answers itself never enters FastAPI's own layers."""

    front: Front | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if self.front is None or scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await self.front(scope, receive, send)


def create_app(gateway: Gateway, *, use_fast: bool = True, owns: bool = False) -> FastAPI:
    """The application; `use_fast` False leaves the hot reads to FastAPI's routing (tests compare both).

    With `owns` it keeps the projections up to date while it runs and closes the gateway when it ends; otherwise both are the
    caller's.
    """
    app = Application(
        title="twin gateway",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_life(gateway) if owns else None,
    )
    app.state.gateway = gateway
    problem.install(app)
    routes: list[BaseRoute] = []
    for name in ROUTERS:
        router = import_module(f"gateway.web.routers.{name}").router
        app.include_router(router)
        routes += router.routes
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.state.methods = Methods((*routes, app.routes[-1]))
    app.state.counts = Counts(gateway.folder)
    app.front = Front(
        super(Application, app).__call__, gateway, counts=app.state.counts, methods=app.state.methods, use_fast=use_fast
    )
    upload.sweep(gateway.folder)
    with gateway.queries.view(EVERYTHING) as view:
        gateway.downloads.sweep(view.sources())
    return app


def _life(gateway: Gateway) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        follower = threading.Thread(target=gateway.projector.follow, args=(stop,), name="projector", daemon=True)
        follower.start()
        try:
            yield
        finally:
            stop.set()
            follower.join(timeout=10)
            gateway.close()

    return life
