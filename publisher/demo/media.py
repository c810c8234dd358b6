"""The sample site's files, drawn when it starts: no binary has to be shipped.

Pictures are flat shapes in a palette: a few kilobytes each, the same bytes every time, and
any size of a picture is the same scene drawn again.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from publisher.demo.content import MEDIA, Media

Colour = tuple[int, int, int]
Point = tuple[float, float]

_BANDS: Final = 24  # colours of a gradient; sky takes the first 24 of the palette, sea the next
_SUN, _FAR, _NEAR, _DARK, _LIGHT, _ACCENT = range(2 * _BANDS, 2 * _BANDS + 6)


@dataclass(frozen=True)
class Mood:
    """The colours of a picture, and where its sun or moon stands."""

    sky: tuple[Colour, Colour]
    sea: tuple[Colour, Colour]
    flat: tuple[Colour, ...]  # sun, far and near hills, dark, light, accent
    sun: tuple[float, float, float]

    def palette(self) -> list[Colour]:
        """Return all colours, in the order the drawing uses them."""
        return [*_gradient(*self.sky), *_gradient(*self.sea), *self.flat]


class Canvas:
    """Rows of palette indexes. Coordinates are fractions of the width, so it scales."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.rows = [bytearray(width) for _ in range(height)]

    def span(self, y: int, left: float, right: float, colour: int) -> None:
        """Fill one row from left to right, in pixels."""
        first, last = max(0, round(left)), min(self.width, round(right))
        if 0 <= y < self.height and last > first:
            self.rows[y][first:last] = bytes([colour]) * (last - first)

    def polygon(self, points: Sequence[Point], colour: int) -> None:
        """Fill a polygon by scan lines."""
        scaled = [(x * self.width, y * self.width) for x, y in points]
        edges = list(zip(scaled, scaled[1:] + scaled[:1], strict=True))
        top, bottom = min(y for _, y in scaled), max(y for _, y in scaled)
        for row in range(max(0, int(top)), min(self.height, int(bottom) + 1)):
            middle = row + 0.5
            crossings = sorted(
                x0 + (middle - y0) * (x1 - x0) / (y1 - y0)
                for (x0, y0), (x1, y1) in edges
                if (y0 <= middle) != (y1 <= middle)
            )
            for left, right in zip(crossings[::2], crossings[1::2], strict=False):
                self.span(row, left, right, colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: int) -> None:
        """Fill a rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def disc(self, x: float, y: float, radius: float, colour: int) -> None:
        """Fill a circle."""
        for row in range(self.height):
            distance = (row + 0.5) / self.width - y
            if abs(distance) < radius:
                half = math.sqrt(radius**2 - distance**2)
                self.span(row, (x - half) * self.width, (x + half) * self.width, colour)


def _gradient(first: Colour, last: Colour) -> list[Colour]:
    steps = _BANDS - 1
    return [
        (
            first[0] + (last[0] - first[0]) * step // steps,
            first[1] + (last[1] - first[1]) * step // steps,
            first[2] + (last[2] - first[2]) * step // steps,
        )
        for step in range(_BANDS)
    ]


def _harbour(canvas: Canvas, mood: Mood) -> None:
    """Draw what all scenes share: sky, sun, hills, sea and the light on it."""
    horizon = 0.4
    for row in range(canvas.height):
        y = row / canvas.width
        sky = y < horizon
        part = y / horizon if sky else (y - horizon) / (0.625 - horizon)
        band = min(_BANDS - 1, int(part * _BANDS)) + (0 if sky else _BANDS)
        canvas.span(row, 0, canvas.width, band)
    x, y, radius = mood.sun
    canvas.disc(x, y, radius, _SUN)
    canvas.polygon([(0, 0.31), (0.16, 0.24), (0.42, horizon), (0, horizon)], _FAR)
    canvas.polygon([(0.3, horizon), (0.62, 0.29), (0.78, 0.34), (1, 0.27), (1, horizon)], _FAR)
    canvas.polygon([(0.55, horizon), (0.86, 0.34), (1, 0.37), (1, horizon)], _NEAR)
    for step in range(14):
        half = radius * (0.35 + 0.5 * abs(math.sin(step * 2.4))) * (1 - step / 18)
        top = horizon + 0.008 + step * 0.0145
        canvas.box(x - half, top, x + half, top + 0.004, _SUN)
    for left, size in ((0.14, 0.07), (0.36, 0.045)):
        top = horizon + 0.04 + size
        canvas.polygon(
            [(left, top), (left + size, top), (left + size * 0.8, top + size * 0.24),
             (left + size * 0.2, top + size * 0.24)], _DARK,
        )  # fmt: skip
        canvas.polygon([(left + size / 2, top - size), (left + size, top - 0.006),
                        (left + size / 2, top - 0.006)], _LIGHT)  # fmt: skip


def _crane(canvas: Canvas) -> None:
    for left in (0.66, 0.73):
        canvas.box(left, 0.17, left + 0.012, 0.47, _ACCENT)
    for top in (0.2, 0.27, 0.34, 0.41):
        canvas.box(0.66, top, 0.742, top + 0.008, _ACCENT)
    canvas.polygon([(0.44, 0.15), (0.86, 0.15), (0.86, 0.17), (0.44, 0.162)], _ACCENT)
    canvas.polygon([(0.695, 0.07), (0.71, 0.07), (0.742, 0.155), (0.66, 0.155)], _ACCENT)
    canvas.box(0.479, 0.16, 0.482, 0.3, _DARK)
    canvas.box(0.45, 0.3, 0.51, 0.335, _LIGHT)
    canvas.box(0.58, 0.465, 1, 0.625, _DARK)
    for left in (0.82, 0.89):
        canvas.box(left, 0.43, left + 0.062, 0.465, _ACCENT if left > 0.85 else _LIGHT)


def _lighthouse(canvas: Canvas) -> None:
    canvas.polygon([(0.755, 0.165), (0, 0.06), (0, 0.2)], _FAR)
    canvas.polygon([(0.6, 0.625), (0.68, 0.43), (0.86, 0.42), (1, 0.53), (1, 0.625)], _DARK)
    for step in range(5):
        top, low = 0.2 + step * 0.047, 0.247 + step * 0.047
        wide, wider = 0.034 + step * 0.0042, 0.0382 + step * 0.0042
        canvas.polygon(
            [(0.77 - wide, top), (0.77 + wide, top), (0.77 + wider, low), (0.77 - wider, low)],
            _ACCENT if step % 2 else _LIGHT,
        )
    canvas.box(0.722, 0.193, 0.818, 0.203, _DARK)
    canvas.box(0.745, 0.15, 0.795, 0.193, _SUN)
    canvas.polygon([(0.735, 0.15), (0.77, 0.115), (0.805, 0.15)], _ACCENT)


def _workshop(canvas: Canvas) -> None:
    canvas.box(0, 0.5, 1, 0.625, _DARK)
    canvas.box(0.5, 0.3, 0.93, 0.54, _LIGHT)
    for left in (0.5, 0.643, 0.786):
        canvas.polygon([(left, 0.3), (left, 0.22), (left + 0.144, 0.3)], _ACCENT)
    for left in (0.54, 0.62, 0.84):
        canvas.box(left, 0.36, left + 0.055, 0.42, _SUN)
        canvas.box(left + 0.025, 0.36, left + 0.03, 0.42, _DARK)
    canvas.box(0.715, 0.37, 0.8, 0.54, _DARK)


def _blueprint(canvas: Canvas) -> None:
    for row in range(canvas.height):
        canvas.span(row, 0, canvas.width, _DARK)
    for step in range(1, 20):
        canvas.box(step / 20, 0, step / 20 + 0.0015, 0.625, _NEAR)
        canvas.box(0, step / 20, 1, step / 20 + 0.0015, _NEAR)
    canvas.disc(0.33, 0.31, 0.2, _LIGHT)
    canvas.disc(0.33, 0.31, 0.194, _DARK)
    for step in range(12):
        angle = step * math.pi / 6
        canvas.disc(0.33 + 0.17 * math.cos(angle), 0.31 + 0.17 * math.sin(angle), 0.007, _SUN)
    canvas.polygon([(0.325, 0.31), (0.33, 0.17), (0.335, 0.31), (0.33, 0.33)], _ACCENT)
    previous = 0.0
    for step in range(24):
        height = 0.09 * math.sin(step / 3.8)
        left = 0.6 + step * 0.0135
        if step:
            canvas.polygon([(left - 0.0135, 0.31 - previous), (left, 0.31 - height),
                            (left, 0.316 - height), (left - 0.0135, 0.316 - previous)],
                           _LIGHT)  # fmt: skip
        previous = height
    canvas.box(0.6, 0.312, 0.92, 0.314, _FAR)


_DUSK: Final = Mood(
    ((38, 52, 96), (250, 176, 122)), ((214, 128, 104), (30, 44, 84)),
    ((255, 226, 158), (120, 88, 118), (70, 60, 98), (22, 30, 56), (246, 236, 220), (214, 82, 62)),
    (0.36, 0.33, 0.075),
)  # fmt: skip
_MORNING: Final = Mood(
    ((126, 190, 214), (244, 240, 222)), ((132, 200, 204), (26, 98, 122)),
    ((255, 250, 226), (164, 194, 190), (96, 148, 150), (24, 62, 78), (250, 246, 236),
     (222, 118, 70)),
    (0.24, 0.16, 0.06),
)  # fmt: skip
_NIGHT: Final = Mood(
    ((10, 16, 40), (48, 84, 120)), ((34, 70, 104), (8, 16, 36)),
    ((255, 236, 170), (44, 76, 112), (24, 46, 76), (8, 14, 30), (224, 232, 236), (196, 74, 66)),
    (0.44, 0.06, 0.032),
)  # fmt: skip
_PAPER: Final = Mood(
    ((20, 60, 110),) * 2, ((20, 60, 110),) * 2,
    ((255, 214, 120), (120, 168, 210), (38, 84, 138), (20, 60, 110), (230, 240, 250),
     (250, 130, 90)),
    (0.5, 0.3, 0.01),
)  # fmt: skip

_SCENES: Final[dict[int, tuple[Mood, Callable[[Canvas], None] | None]]] = {
    1501: (_DUSK, _crane),
    1502: (_MORNING, _workshop),
    1503: (_PAPER, _blueprint),
    1510: (_MORNING, None),
    1513: (_NIGHT, _lighthouse),
    1803: (_DUSK, _workshop),
}


def _draw(number: int, width: int, height: int) -> tuple[Canvas, list[Colour]]:
    mood, subject = _SCENES[number]
    canvas = Canvas(width, height)
    _harbour(canvas, mood)
    if subject is not None:
        subject(canvas)
    return canvas, mood.palette()


def png(canvas: Canvas, palette: Sequence[Colour]) -> bytes:
    """Return the canvas as an indexed PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", canvas.width, canvas.height, 8, 3, 0, 0, 0)
    colours = b"".join(bytes(colour) for colour in palette)
    pixels = zlib.compress(b"".join(b"\0" + row for row in canvas.rows), 9)
    body = chunk(b"IHDR", header) + chunk(b"PLTE", colours) + chunk(b"IDAT", pixels)
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def jpeg(canvas: Canvas, palette: Sequence[Colour]) -> bytes:
    """Return the canvas as a baseline JPEG in which one pixel becomes a block of 8 by 8.

    Flat blocks have no frequencies, so two tiny Huffman tables do: a four-bit code for each
    size of a difference, and one bit for "the rest of the block is zero".
    """
    bits: list[str] = []
    previous = [0, 0, 0]
    for row in canvas.rows:
        for index in row:
            for component, value in enumerate(_ycc(palette[index])):
                difference = value - previous[component]
                previous[component] = value
                size = abs(difference).bit_length()
                stored = difference if difference > 0 else difference + (1 << size) - 1
                bits.append(f"{size:04b}" + (f"{stored:0{size}b}" if size else "") + "0")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    scan = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    frame = struct.pack(">BHHB", 8, canvas.height * 8, canvas.width * 8, 3)
    frame += b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + segment(0xDB, b"\0" + b"\x08" * 64)
        + segment(0xC0, frame)
        + segment(0xC4, b"\0" + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12)))
        + segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0")
        + segment(0xDA, b"\x03" + bytes([1, 0, 2, 0, 3, 0]) + b"\0\x3f\0")
        + scan
        + b"\xff\xd9"
    )


def _ycc(colour: Colour) -> tuple[int, int, int]:
    """Return luminance (shifted to be signed) and the two colour differences."""
    red, green, blue = colour
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    return (
        round(luminance) - 128,
        round((blue - luminance) / 1.772),
        round((red - luminance) / 1.402),
    )


_SECTION: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 300" role="img">
<title>レンズの断面図</title>
<rect width="640" height="300" fill="#f4efe6"/>
<g fill="none" stroke="#1c5d73" stroke-width="3">
<path d="M200 40c60 20 60 200 0 220M260 60c40 20 40 160 0 180M320 80c24 20 24 120 0 140"/>
<path d="M200 40v220M260 60v180M320 80v140"/></g>
<g fill="none" stroke="#d6523e" stroke-width="2">
<path d="M60 150L200 70H600M60 150L260 110H600M60 150H600"/>
<path d="M60 150L260 190H600M60 150L200 230H600"/></g>
<circle cx="60" cy="150" r="12" fill="#f2a541"/>
<text x="36" y="190" font-family="sans-serif" font-size="16" fill="#22303c">光源</text>
</svg>
"""


def pdf(lines: Sequence[str]) -> bytes:
    """Return a one-page PDF with a few lines of Latin text."""
    text = b"BT /F1 24 Tf 72 720 Td 32 TL " + b"".join(
        b"(" + line.encode("ascii") + b") Tj T* " for line in lines
    )
    text += b"ET"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + (
        b"xref\n0 6\n0000000000 65535 f \n%btrailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (table, len(out))
    )


def _bytes_of(media: Media, width: int, height: int) -> bytes:
    if media.mime == "image/svg+xml":
        return _SECTION.encode()
    if media.mime == "application/pdf":
        return pdf(["Minato Works", "Company profile 2024", "Made by the sea."])
    if media.mime == "image/jpeg":
        return jpeg(*_draw(media.id, width // 8, height // 8))
    return png(*_draw(media.id, width, height))


@cache
def uploads() -> dict[str, tuple[str, bytes]]:
    """Return every file of the media library: path -> (content type, bytes)."""
    files = {}
    for media in MEDIA:
        files[media.path()] = (media.mime, _bytes_of(media, media.width, media.height))
        for size in media.sizes:
            data = _bytes_of(media, size.width, size.height)
            files[media.path(size)] = (media.mime, data)
    return files
