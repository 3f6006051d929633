"""Names of public files: which is what."""

from __future__ import annotations

import pytest

from strava_assets.publish.paths import (
    CSV_PATH,
    PERIODS_PATH,
    SITE_PATH,
    TOPOJSON_PATH,
    belongs_to_map,
    csv_path,
    is_leftover,
    map_path,
)

WHO, RIDE = "0123456789abcdef", "fedcba9876543210"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (csv_path(WHO, RIDE), "csv"),
        (map_path(WHO), "map, of the whole"),
        (f"{WHO}/weekly.json", "figures, of the whole"),
        (f"{WHO}/quarterly.json", "figures, of the whole"),
        ("index.json", "of the whole"),
        ("index.html", "site"),
        ("config.json", "site"),
        ("favicon.svg", "site"),
        ("assets/index-Dk3.js", "site"),
        (f"{WHO}/.tmp-0a", "half written"),
        (f"{WHO}/streams/.tmp-0a", "half written"),
        (".tmp-0a", "half written"),
        # nearly
        (f"{WHO}/streams/stream_{RIDE}.csv.gz", ""),
        (f"{WHO}/streams/stream_{RIDE.upper()}.csv", ""),
        (f"{WHO}/stream_{RIDE}.csv", ""),
        (f"{WHO}0/activities.topojson", "of the whole"),
        ("activities.topojson", ""),
        (f"{WHO}/monthly.json", ""),
        ("weekly.json", ""),
        (f"{WHO}/index.json", ""),
        ("assets/../config.json", ""),
        (".tmp-0a/notes.txt", ""),
        (f"{WHO}/a.tmp-0a", ""),
    ],
)
def test_a_name_tells_what_a_file_is(path: str, told: str) -> None:
    kinds = {
        "csv": CSV_PATH.match(path),
        "map": TOPOJSON_PATH.match(path),
        "figures": PERIODS_PATH.match(path),
        "site": SITE_PATH.match(path),
        "half written": is_leftover(path),
        "of the whole": belongs_to_map(path),
    }
    assert ", ".join(kind for kind, is_one in kinds.items() if is_one) == told


def test_a_name_tells_whose_it_is() -> None:
    csv, drawn, figures = (
        CSV_PATH.match(csv_path(WHO, RIDE)),
        TOPOJSON_PATH.match(map_path(WHO)),
        PERIODS_PATH.match(f"{WHO}/weekly.json"),
    )
    assert csv and drawn and figures  # noqa: PT018 - for who reads types
    assert (csv.groups(), drawn.groups(), figures.groups()) == ((WHO, RIDE), (WHO,), (WHO, "weekly"))
