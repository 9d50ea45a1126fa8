"""S3-compatible object storage for what several gateways share: blobs and ready-made tiles."""

from __future__ import annotations

from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from gateway.errors import Busy, UsageError
from gateway.settings import Settings
from gateway.store.blobs import StoredBlobs, name_of

if TYPE_CHECKING:
    from obstore.store import RetryConfig, S3Config

_PIECES = 8 << 20
_TIMEOUT = timedelta(seconds=60)
_RETRIES: RetryConfig = {"max_retries": 5, "retry_timeout": timedelta(seconds=30)}


def bucket(address: str, settings: Settings, below: str) -> S3Store:
    """The part `below` of the prefix that ``s3://bucket/prefix`` names; endpoint and keys come from the settings.

    Raises UsageError for another kind of address. Nothing is asked of the server yet.
    """
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc:
        raise UsageError("blobs lie in a folder, or in a bucket", place=address, cure="s3://bucket/prefix; keys are settings")
    config: S3Config = {"region": settings.s3_region}
    if settings.s3_endpoint is not None:
        config["endpoint"] = settings.s3_endpoint
    if settings.s3_key is not None:
        config["access_key_id"] = settings.s3_key
    if settings.s3_secret is not None:
        config["secret_access_key"] = settings.s3_secret
    prefix = "/".join(part for part in (parts.path.strip("/"), below) if part)
    is_open = settings.s3_endpoint is not None and settings.s3_endpoint.startswith("http://")
    return S3Store(
        parts.netloc,
        prefix=prefix,
        config=config,
        client_options={"allow_http": is_open, "timeout": _TIMEOUT},
        retry_config=_RETRIES,
    )


class ObjectBlobs(StoredBlobs):
    """Blobs in a bucket; the service has them on its disks when it has answered, so `put` is durable when it returns.

    What the service cannot do now is Busy (503): the same request may succeed later.
    """

    def put(self, path: Path) -> str:
        """Keep a file; gives its digest. Keeping the same bytes again costs one question."""
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        try:
            if not self.has(digest):
                obstore.put(self._store, name_of(digest), path, chunk_size=_PIECES)
        except BaseError as error:
            raise Busy(f"the object storage cannot be written: {type(error).__name__}") from error
        return digest
