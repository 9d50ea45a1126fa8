"""``publish.atomic``: metadata become public in the same transaction as the data. Kept by the store, not by looking."""

from __future__ import annotations

from typing import ClassVar

from gateway.charter.check import QuietCheck


class PublishAtomic(QuietCheck):
    """Nothing to look at in a submission: the store's publication makes record and features visible at once, or neither.

    A charter with this rule is refused where no such publication is wired (`gateway.charter.enforcement`).
    """

    type = "publish.atomic"
    point: ClassVar[str | None] = "publish.atomic"
