"""Which public activities show a place, by the maps that are public now.

What belongs here: reading the maps. What does not: whether they may (`judging`), taking anything back (`taking_back`).
"""

from __future__ import annotations

import shapely

from strava_assets.privacy import geodesy
from strava_assets.privacy.tracks import Area
from strava_assets.privacy.zones import unfolded
from strava_assets.publish import topojson_decoder
from strava_assets.publish.paths import TOPOJSON_PATH, csv_path
from strava_assets.publish.public_root import PublicRoot
from strava_assets.publish.taking_back import Exposed


def shown_in(root: PublicRoot, area: Area) -> list[Exposed]:
    """Public activities with a line in an area, newest first; a map that cannot be read is passed over."""
    outline = unfolded(geodesy.geometry_to_degrees(shapely.segmentize(area.geometry, 50.0), area.center))
    shapely.prepare(outline)
    found = []
    for path in root.paths():
        if not (match := TOPOJSON_PATH.match(path)) or (data := root.read_if_any(path)) is None:
            continue
        try:
            features = topojson_decoder.decode(data).features
        except ValueError:
            continue
        for feature in features:
            lines = shapely.multilinestrings([shapely.linestrings(line) for line in feature.lines])
            if shapely.intersects(outline, lines):
                told = feature.properties
                found.append(Exposed(told["startDate"] or "", told["name"] or "", csv_path(match[1], told["actID"])))
    return sorted(found, reverse=True)
