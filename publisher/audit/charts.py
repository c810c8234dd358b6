"""Charts as SVG, without a script or a font of their own. Pure.

A chart is markup; what is filled into it escapes itself. Its colours are classes of `page.css`, so
that it follows the dark scheme and a printer. Each has a title and a description; the page has the
same figures as a table beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

_TEXT_HEIGHT = 30
"""Least distance of two labels, in the units of the drawing."""

_SIDE = 118.0
"""Room for the labels of a flow, at either side."""


class Node(NamedTuple):
    """An end of a flow: its name, its label, its colour's class, and the count at it."""

    name: str
    label: str
    colour: str
    known: int


class _Place(NamedTuple):
    y: float
    height: float


def _svg(
    key: str, size: tuple[float, float], title: str, desc: str, inside: Iterable[Markup]
) -> Markup:
    width, height = size
    return Markup(
        '<svg class="chart" id="{0}" role="img" aria-labelledby="{0}-t {0}-d" '
        'viewBox="0 0 {1:g} {2:g}" width="{1:g}" height="{2:g}">'
        '<title id="{0}-t">{3}</title><desc id="{0}-d">{4}</desc>{5}</svg>'
    ).format(key, width, height, title, desc, Markup().join(inside))


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> Markup:
    classes = Markup(' class="{}"').format(kind) if kind else ""
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>').format(
        x, y, anchor, classes, text
    )


def _rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>'
    ).format(kind, x, y, max(width, 0), max(height, 0))


def _level(kind: str, y: float, width: float) -> Markup:
    return Markup('<path class="{}" d="M0 {}H{}"/>').format(kind, y, width)


def gauge(score: float, threshold: float, needed: str, title: str, desc: str) -> Markup:
    """A scale from 0 to 100 with the score and the threshold; `needed` is written at that. It is as
    wide as there is room, so its lengths are shares."""
    level, mark = (min(max(value, 0.0), 100.0) for value in (score, threshold))
    x, anchor = f"{mark:.2f}%", "end" if mark > 50 else "start"
    return Markup(
        '<svg id="gauge" role="img" aria-labelledby="gauge-t gauge-d" width="100%" height="46">'
        '<title id="gauge-t">{title}</title><desc id="gauge-d">{desc}</desc>'
        '<rect class="track" y="8" width="100%" height="10" rx="5"/>'
        '<rect class="level" y="8" width="{level:.2f}%" height="10" rx="5"/>'
        '<line class="mark" x1="{x}" x2="{x}" y1="2" y2="24"/>'
        '<text x="{x}" y="42" text-anchor="{anchor}">{needed}</text></svg>'
    ).format(title=title, desc=desc, level=level, x=x, anchor=anchor, needed=needed)


def flow(
    key: str,
    width: float,
    sources: Sequence[Node],
    ends: Sequence[Node],
    bands: Mapping[tuple[str, str], float],
    title: str,
    desc: str,
) -> Markup:
    """Bands from each source to each end, as wide as what flows there. The least is still seen."""
    left = {n.name: sum(bands.get((n.name, e.name), 0.0) for e in ends) for n in sources}
    right = {n.name: sum(bands.get((s.name, n.name), 0.0) for s in sources) for n in ends}
    height = max(120.0, 54.0 * max(len(sources), len(ends)))
    from_x, to_x = _SIDE, width - _SIDE
    a, b = _stacked(left, height), _stacked(right, height)
    drawn, used_a, used_b = [], dict.fromkeys(left, 0.0), dict.fromkeys(right, 0.0)
    for source in sources:
        for end in ends:
            part = bands.get((source.name, end.name), 0.0)
            if not part:
                continue
            thick_a = a[source.name].height * part / left[source.name]
            thick_b = b[end.name].height * part / right[end.name]
            y_a, y_b = a[source.name].y + used_a[source.name], b[end.name].y + used_b[end.name]
            used_a[source.name] += thick_a
            used_b[end.name] += thick_b
            drawn.append(_band(from_x + 8, y_a, thick_a, to_x - 8, y_b, thick_b, end.colour))
    for node in sources:
        drawn.append(_rect(from_x, a[node.name].y, 8, a[node.name].height, "node"))
        drawn.append(_label(from_x - 8, a[node.name], node, "end"))
    for node in ends:
        drawn.append(_rect(to_x - 8, b[node.name].y, 8, b[node.name].height, node.colour))
        drawn.append(_label(to_x + 8, b[node.name], node, "start"))
    return _svg(key, (width, height), title, desc, drawn)


def _stacked(parts: Mapping[str, float], height: float) -> dict[str, _Place]:
    """Where each node stands: as high as its part, with room for its label."""
    total = sum(parts.values()) or 1.0
    free = height - _TEXT_HEIGHT * len(parts)
    places, y = {}, 0.0
    for name, part in parts.items():
        tall = max(3.0, free * part / total)
        slot = _TEXT_HEIGHT + free * part / total
        places[name] = _Place(y + (slot - tall) / 2, tall)
        y += slot
    return places


def _band(
    x: float, y: float, thick: float, to: float, to_y: float, to_thick: float, c: str
) -> Markup:
    middle = (x + to) / 2
    # A hairline is drawn all the same, or the few that are lost would not be seen.
    thick, to_thick = max(thick, 0.8), max(to_thick, 0.8)
    drawn = (
        f"M{x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} "
        f"{to:.1f} {to_y:.1f}v{to_thick:.1f}C{middle:.1f} {to_y + to_thick:.1f} {middle:.1f} "
        f"{y + thick:.1f} {x:.1f} {y + thick:.1f}z"
    )
    return Markup('<path class="band {}" d="{}"/>').format(c, drawn)


def _label(x: float, place: _Place, node: Node, anchor: str) -> Markup:
    y = place.y + place.height / 2
    return _text(x, y - 2, node.label, anchor) + _text(
        x, y + 13, f"{node.known:,}", anchor, "figure"
    )


def bars(key: str, values: Sequence[tuple[str, int, str]], title: str, desc: str) -> Markup:
    """Lying bars: label, count, class of the colour. The label stands above its bar."""
    width, row = 440.0, 36.0
    most = max((count for _, count, _ in values), default=0) or 1
    inside = []
    for number, (label, count, colour) in enumerate(values):
        y = number * row
        long = (width - 80) * count / most
        inside.append(_text(0, y + 13, label))
        inside.append(_rect(0, y + 19, max(long, 2 if count else 0), 9, colour))
        inside.append(_text(max(long, 2) + 7, y + 28, f"{count:,}", "start", "figure"))
    return _svg(key, (width, max(row * len(values), 1)), title, desc, inside)


def pillars(
    key: str, values: Sequence[tuple[str, int, str]], title: str, desc: str, *, every: int = 1
) -> Markup:
    """Standing bars: label below, count, class. `every`: which labels are shown; with more than
    one, counts are not written at the bars but at the top of the scale."""
    width, height, floor, top = 440.0, 210.0, 184.0, 22.0
    most = max((count for _, count, _ in values), default=0) or 1
    step = width / max(len(values), 1)
    inside = [_level("axis", floor, width)]
    if every > 1:
        inside.append(_level("grid", top, width))
        inside.append(_text(0, top - 6, f"{most:,}", "start", "figure"))
    for number, (label, count, colour) in enumerate(values):
        x, tall = number * step, (floor - top) * count / most
        thick = min(step * 0.72, 64)
        middle = x + step / 2
        tall = max(tall, 1.5 if count else 0)
        inside.append(_rect(middle - thick / 2, floor - tall, thick, tall, colour))
        if every == 1:
            inside.append(_text(middle, floor - tall - 6, f"{count:,}", "middle", "figure"))
        if number % every == 0 and (every == 1 or width - x > 60):
            at, anchor = (middle, "middle") if every == 1 else (x, "start")
            inside.append(_text(at, floor + 19, label, anchor))
    return _svg(key, (width, height), title, desc, inside)


def line(
    key: str, values: Sequence[tuple[str, float, str]], threshold: float, title: str, desc: str
) -> Markup:
    """A line of scores: label below the first and the last, score, its figure. The scale begins
    below the least of them and ends at 100."""
    width, height, floor, top, side = 440.0, 210.0, 184.0, 22.0, 6.0
    least = min(*(value for _, value, _ in values), threshold)
    base = max(0.0, (least - 5) // 10 * 10)
    scale = (floor - top) / max(100 - base, 1)
    step = (width - 2 * side - 40) / max(len(values) - 1, 1)
    spots = [(side + i * step, floor - (v - base) * scale) for i, (_, v, _) in enumerate(values)]
    needed = floor - (threshold - base) * scale
    inside = [
        _level("grid", top, width),
        _level("axis", floor, width),
        _text(width, top - 6, "100", "end", "figure"),
        _text(width, floor - 6, f"{base:g}", "end", "figure"),
        _level("threshold", round(needed, 1), width),
        _text(0, needed + 15, f"{threshold:g}", "start", "figure"),
        Markup('<polyline class="line" points="{}"/>').format(
            " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        ),
        *(
            Markup('<circle class="spot" cx="{:.1f}" cy="{:.1f}" r="3.5"/>').format(x, y)
            for x, y in spots
        ),
    ]
    (x, y), (label, _, figure) = spots[-1], values[-1]
    inside.append(_text(x, y - 11 if y > top + 20 else y + 22, figure, "middle", "strong"))
    inside.append(_text(x, floor + 19, label, "end" if len(values) > 2 else "middle"))
    if len(values) > 1:
        inside.append(_text(0, floor + 19, values[0][0]))
    return _svg(key, (width, height), title, desc, inside)
