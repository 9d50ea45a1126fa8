"""Coordinate reference systems by authority code. Axis order is decided in `gateway.geo.crs` alone.

In the model every coordinate is in *visualisation order*: x (east, longitude), y (north, latitude), z (up).
Adapters turn a file's order into this one when reading, and back when writing.
"""

from __future__ import annotations

from dataclasses import dataclass

CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H_URI = "http://www.opengis.net/def/crs/OGC/0/CRS84h"


@dataclass(frozen=True, slots=True)
class Crs:
    """A CRS: `horizontal` (or 3D geographic) code, and the `vertical` code of a compound one.

    Codes read ``EPSG:2056``, ``ESRI:102100``, ``OGC:CRS84``. ``local`` names an engineering or unknown system as
    the file wrote it; then `horizontal` is empty and nothing can be reprojected.
    """

    horizontal: str
    vertical: str | None = None
    local: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether the system has an authority code."""
        return bool(self.horizontal)

    @property
    def code(self) -> str:
        """``EPSG:2056`` or, compound, ``EPSG:2056+5728``; the local name where there is no code."""
        if not self.horizontal:
            return self.local or "unknown"
        if self.vertical is None:
            return self.horizontal
        authority, _, number = self.vertical.partition(":")
        same = authority == self.horizontal.partition(":")[0]
        return f"{self.horizontal}+{number if same else self.vertical}"

    @property
    def uri(self) -> str:
        """The OGC URI; for a compound system ``http://www.opengis.net/def/crs-compound?1=…&2=…``."""
        if self.vertical is None:
            return _uri(self.horizontal)
        return f"http://www.opengis.net/def/crs-compound?1={_uri(self.horizontal)}&2={_uri(self.vertical)}"


def _uri(code: str) -> str:
    if code == "OGC:CRS84":
        return CRS84_URI
    if code == "OGC:CRS84h":
        return CRS84H_URI
    authority, _, number = code.partition(":")
    return f"http://www.opengis.net/def/crs/{authority}/0/{number}"


CRS84 = Crs("OGC:CRS84")
