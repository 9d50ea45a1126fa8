"""The `gateway` command: one file per verb, imported only when that verb is called."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gateway import __version__

VERBS = {
    "demo": "Build and serve a sample quarter, published by its partners under a charter.",
    "init": "Make a new, empty twin.",
    "serve": "Serve a twin, or files straight away.",
    "work": "Run the jobs of a twin; serve starts it by itself.",
    "check": "Judge a file by a charter before it is sent; writes nothing.",
    "attest": "Sign a file that was checked, to be published.",
    "publish": "Publish a file to a twin.",
    "convert": "Convert a file, with a report of what changed.",
    "snapshot": "Write a GeoPackage of what a reader may see.",
    "rebuild": "Make a projection of the twin anew.",
    "audit": "Verify the journal.",
    "party": "Partners of a twin: add, list, end.",
    "key": "Keys of parties: new, list, revoke.",
    "charter": "Show a charter.",
    "cascade": "Collections that stay with a remote service: add, list, remove.",
    "doctor": "Say what this installation has and lacks.",
    "plugins": "List adapters, stores, checks and other plug-ins.",
}


class _Verbs(TyperGroup):
    """Loads ``gateway.cli.<verb>`` on first use; each has `app`, a typer application of that verb."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        verb: Any = import_module(f"gateway.cli.{cmd_name}").app
        command = typer.main.get_command(verb)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(
    cls=_Verbs,
    name="gateway",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gateway, version {__version__}")
        raise typer.Exit


@app.callback()
def gateway(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """One digital twin, many open doors, one charter."""


def main() -> None:
    """Run the command line."""
    app()
