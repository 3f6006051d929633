"""A small picture of lines that are public, for people who look at metadata.

What belongs here: SVG from published geometries. What does not: anything that was not published.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence

import numpy as np
import shapely

COLOURS = {
    "MountainBikeRide": "#e41a1c",
    "Ride": "#377eb8",
    "GravelRide": "#a67c00",
    "Run": "#a65628",
    "TrailRun": "#a65628",
    "Walk": "#984ea3",
    "Hike": "#2e8b57",
    "Swim": "#0e8a9d",
    "NordicSki": "#5b7fd1",
}
OTHER = "#6b7280"


def tracks_svg(
    geometries: Sequence[shapely.Geometry], sports: Sequence[str], width: int = 480, height: int = 300
) -> str:
    """Draw lines in their sports' colours, framed on them.

    Parameters
    ----------
    geometries : sequence of shapely LineString or MultiLineString
        lon/lat, as published.
    sports : sequence of str
        Strava's sport_type of each.
    width, height : int
        Pixels.

    Returns
    -------
    str
        An SVG document.
    """
    shapes = np.array(list(geometries), dtype=object)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    frame = f'<rect width="{width}" height="{height}" fill="#f8fafc"/>'
    if not len(shapes):
        return f"{head}{frame}</svg>"
    west, south, east, north = shapely.total_bounds(shapes)
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = min((width - 20) / max((east - west) * squeeze, 1e-6), (height - 20) / max(north - south, 1e-6))
    left = (width - (east - west) * squeeze * scale) / 2
    top = (height - (north - south) * scale) / 2
    paths = []
    for shape, sport in zip(shapes, sports, strict=True):
        lines = []
        for part in shapely.get_parts(shape):
            coords = shapely.get_coordinates(part)
            x = np.rint(10 * (left + (coords[:, 0] - west) * squeeze * scale)).astype(np.int64)
            y = np.rint(10 * (top + (north - coords[:, 1]) * scale)).astype(np.int64)
            drawn = np.sort(np.unique(x * 100_000 + y, return_index=True)[1])  # each place once
            lines.append("M" + "L".join(["%.1f %.1f"] * len(drawn)) % _pairs(x[drawn] / 10, y[drawn] / 10))
        paths.append(f'<path d="{"".join(lines)}" stroke="{COLOURS.get(sport, OTHER)}"/>')
    return (
        f'{head}{frame}<g fill="none" stroke-width="1.5" stroke-opacity=".7" stroke-linejoin="round">'
        f"{''.join(paths)}</g></svg>"
    )


def _pairs(x: np.ndarray, y: np.ndarray) -> tuple[float, ...]:
    return tuple(np.column_stack([x, y]).ravel().tolist())


def as_markdown(svg: str, label: str) -> str:
    """An SVG as a Markdown image that carries itself."""
    return f"![{label}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
