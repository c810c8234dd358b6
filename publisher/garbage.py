"""Python's search for garbage, made rare: an export leaves hardly any, and has much to search."""

from __future__ import annotations

import gc

# So many objects more than before are a reason to look.
_MORE = 20_000


def rarely_sought() -> None:
    """From now on. What has been imported is never looked through again: that would also copy it
    for each process that shares it."""
    gc.freeze()
    gc.set_threshold(_MORE)
