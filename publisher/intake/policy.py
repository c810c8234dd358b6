"""What one designer may upload. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from publisher.designers.ownership import Area


@dataclass(frozen=True, slots=True)
class Policy:
    """What one designer may do. `types`: endings beside those of the web."""

    areas: tuple[Area, ...]
    types: frozenset[str] = frozenset()
    charset: Literal["convert", "refuse"] = "convert"
    scripts: Literal["allow", "refuse"] = "allow"
