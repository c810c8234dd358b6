"""How large a picture is, from its first bytes. Pure.

Read are the fixed places in which the formats have it: PNG (RFC 2083, IHDR), GIF89a, WebP (RFC
9649), JPEG (ITU T.81, the start of a frame).
"""

from __future__ import annotations

import math

# A camera writes previews and maps before the frame of the picture itself.
_SEGMENTS_MAX = 1000
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# What a screen shows of a picture that fills it, with two dots a pixel.
SIDE = 2560


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None if they can't be told."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        return _big(data, 16, 4), _big(data, 20, 4)
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return _little(data, 6, 2), _little(data, 8, 2)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp(data)
    return _jpeg(data) if data.startswith(b"\xff\xd8") else None


def fitting(width: int, height: int, size: int, limit: int) -> tuple[int, int]:
    """The size that would do for a picture of so many bytes: no side longer than a screen needs,
    and about as few pixels as `limit` bytes hold at the same quality."""
    scale = min(1.0, SIDE / max(width, height, 1), math.sqrt(limit / max(size, 1)))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _webp(data: bytes) -> tuple[int, int] | None:
    match data[12:16]:
        case b"VP8 ":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
        case b"VP8L":
            bits = _little(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_SEGMENTS_MAX):
        if at + 9 > len(data) or data[at] != 0xFF:
            return None
        if data[at + 1] == 0xFF:  # filling
            at += 1
        elif data[at + 1] in _FRAMES:
            return _big(data, at + 7, 2), _big(data, at + 5, 2)
        else:
            at += 2 + _big(data, at + 2, 2)
    return None


def _big(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _little(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")
