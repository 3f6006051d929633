"""``python -m strava_assets_tests.attacks.picture``: docs/privacy.svg, drawn from one simulated person.

What belongs here: the drawing. What does not: the cut, which is the program's own.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import shapely

from strava_assets.privacy import cut, cut_shapes, masked
from strava_assets.privacy.zones import Zone
from strava_assets_tests.attacks.cities import Floats
from strava_assets_tests.attacks.people import Person, simulate, tables

OUT = Path(__file__).parents[2] / "docs" / "privacy.svg"
#: Of the picture and its map, in its own units; metres in a unit; who is shown, and what chance gave them.
WIDTH, MAP, HEIGHT, METRES = 800, 560, 480, 2.75
NUMBER, SEED, RADIUS, RIDES = 5, 9, 125.0, 12

STYLE = """
  .streets { stroke: #8a8f98; stroke-opacity: .30; stroke-width: 1.6; fill: none; stroke-linecap: round }
  .seen { stroke: #0b7a75; stroke-width: 2.6; fill: none; stroke-linejoin: round; stroke-linecap: round }
  .hidden { stroke: #0b7a75; stroke-opacity: .55; stroke-width: 1.5; fill: none; stroke-dasharray: 2 5;
            stroke-linecap: round; stroke-linejoin: round }
  .cut { fill: #d9822b; fill-opacity: .12; stroke: #d9822b; stroke-width: 1.6 }
  .place { fill: #d9822b; fill-opacity: .30; stroke: #d9822b; stroke-width: 1.2; stroke-dasharray: 4 3 }
  .home { fill: #b3261e }
  .middle { stroke: #d9822b; stroke-width: 1.6; fill: none }
  .lead { stroke: #6b7280; stroke-width: 1; fill: none }
  text { font: 14px/1.3 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #3c4250 }
  text.note { font-size: 12.5px; fill: #6b7280 }
  @media (prefers-color-scheme: dark) {
    .seen, .hidden { stroke: #4fd1c5 } .cut, .place { fill: #f0a45b; stroke: #f0a45b } .cut { fill-opacity: .13 }
    .middle { stroke: #f0a45b } .home { fill: #ff8a80 } text { fill: #dfe3ea } text.note { fill: #9aa3b2 }
    .lead { stroke: #9aa3b2 }
  }
"""


def main() -> None:
    """Draw it anew."""
    person = simulate(NUMBER + 1, SEED, rides=(RIDES, RIDES), radius=(RADIUS, RADIUS))[NUMBER]
    source = random.Random(SEED)
    cut_shapes.secrets = SimpleNamespace(SystemRandom=lambda: source)
    shape = cut_shapes.draw(person.zone.geometry)
    center = person.metres(np.array([shape.center]))[0]
    outline = shapely.transform(shape.geometry, lambda c: c + center)
    OUT.write_text(drawing(person, outline, list(tracks(person, shape))))
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")


def tracks(person: Person, shape: cut_shapes.CutShape) -> Iterator[tuple[bool, Floats]]:
    """Visible and hidden parts of the rides, metres."""
    _, streams = tables([person])
    month = masked.MonthSamples.of(streams, list(range(1, len(person.rides) + 1)))
    runs = cut.visible_runs(month.samples, cut.hidden_areas([Zone(0, "", person.zone.geometry, 0, shape)]))
    seen = np.zeros(len(month.samples.lon), bool)
    seen[runs.samples] = True
    for a, b in itertools.pairwise(month.samples.starts):
        where = person.metres(np.column_stack([month.samples.lon[a:b], month.samples.lat[a:b]]))
        breaks = np.flatnonzero(np.diff(seen[a:b])) + 1
        for first, last in itertools.pairwise([0, *breaks.tolist(), b - a]):
            visible = bool(seen[a + first])
            # the hidden part reaches as far as the visible ones beside it
            part = where[first:last] if visible else where[max(first - 1, 0) : last + 1]
            part = part[np.isfinite(part[:, 0])]
            if len(part) > 1:
                yield visible, part


def drawing(person: Person, outline: shapely.Geometry, parts: list[tuple[bool, Floats]]) -> str:
    """The picture."""
    corner = np.array(outline.centroid.coords[0]) - np.array([0.5 * MAP, 0.5 * HEIGHT]) * METRES
    frame = shapely.box(-20, -20, MAP, HEIGHT + 20)

    def page(metres: Floats) -> Floats:
        x, y = ((metres - corner) / METRES).T
        return np.column_stack([x, HEIGHT - y])

    def path(lines: list[Floats], tolerance: float) -> str:
        told = []
        for line in lines:
            inside = shapely.intersection(shapely.simplify(shapely.linestrings(page(line)), tolerance), frame)
            for piece in shapely.get_parts(inside):
                if piece.geom_type == "LineString" and not piece.is_empty:
                    told.append("M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in shapely.get_coordinates(piece)))
        return "".join(told)

    streets = [person.city.nodes[pair] for pair in person.city.streets]
    points = (person.home, person.middle, np.array(outline.centroid.coords[0]))
    home, place, middle = (page(point[None])[0] for point in points)
    h = shapely.get_coordinates(shapely.simplify(shapely.Polygon(page(shapely.get_coordinates(outline))), 0.2))
    ring = "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in h) + "Z"
    radius = RADIUS / METRES
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t">
<title id="t">Rides around a home: the part inside a displaced shape is hidden; the home is not in its middle.</title>
<style>{STYLE}</style>
<path class="streets" d="{path(streets, 0.0)}"/>
<path class="cut" d="{ring}"/>
<path class="hidden" d="{path([part for visible, part in parts if not visible], 0.6)}"/>
<circle class="place" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{radius:.1f}"/>
<path class="seen" d="{path([part for visible, part in parts if visible], 0.6)}"/>
<path class="middle" d="{_cross(*middle)}"/>
<circle class="home" cx="{home[0]:.1f}" cy="{home[1]:.1f}" r="4.5"/>
{_labels(home, place, middle, h)}
</svg>
"""


def _cross(x: float, y: float, size: float = 6.0) -> str:
    return f"M{x - size:.1f},{y:.1f}h{2 * size}M{x:.1f},{y - size:.1f}v{2 * size}"


def _labels(home: Floats, place: Floats, middle: Floats, ring: Floats) -> str:
    """Words at the right, each with a line to what it names."""
    right = MAP + 24

    def towards(center: Floats, radius: float, degrees: float) -> Floats:
        angle = math.radians(degrees)
        return center + radius * np.array([math.cos(angle), -math.sin(angle)])

    size = float(np.hypot(*(ring - middle).T).mean())
    words = [
        (60, "home", "", home),
        (130, "the place you drew", "", towards(place, RADIUS / METRES, 20)),
        (215, "what is cut", "drawn once, displaced, kept secret", towards(middle, size, 8)),
        (315, "its middle", "the best guess from the lines", middle),
        (400, "not published", "dashed: no line, no number", towards(middle, 0.72 * size, -48)),
    ]
    told = []
    for y, text, note, (x, to) in words:
        told.append(f'<path class="lead" d="M{right - 7},{y - 5}L{x:.1f},{to:.1f}"/>')
        told.append(f'<text x="{right}" y="{y}">{text}</text>')
        if note:
            told.append(f'<text class="note" x="{right}" y="{y + 17}">{note}</text>')
    return "\n".join(told)


if __name__ == "__main__":
    main()
