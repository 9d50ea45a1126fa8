"""The time as answers and logs write it; the text of a second is made once, since every request asks for it."""

from __future__ import annotations

import time
from functools import lru_cache


def seconds() -> str:
    """RFC 3339 UTC in whole seconds."""
    return f"{_text(int(time.time()))}Z"


def microseconds() -> str:
    """RFC 3339 UTC with microseconds."""
    whole, part = divmod(time.time_ns() // 1000, 1_000_000)
    return f"{_text(whole)}.{part:06d}Z"


@lru_cache(maxsize=4)
def _text(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
