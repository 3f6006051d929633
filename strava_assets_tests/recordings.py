"""Writing small recordings of invented rides, as files that anybody could have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from strava_assets_tests.privacy.worlds import Place


def track(place: Place, kilometres: float = 6.0, seed: int = 1, spacing: float = 7.0) -> np.ndarray:
    """A wandering track from a place: lon, lat, shape (n, 2)."""
    rng = np.random.default_rng(seed)
    count = int(kilometres * 1000 / spacing)
    heading = np.cumsum(rng.normal(size=count) * 0.04) + rng.uniform(0, 6.28)
    return place.degrees(np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * spacing, axis=0)).round(6)


def gpx(
    positions: np.ndarray,
    start: datetime,
    name: str = "Ride",
    sport: str = "cycling",
    heartrate: np.ndarray | None = None,
    seconds: np.ndarray | None = None,
) -> bytes:
    """A GPX 1.1 file with one track."""
    seconds = np.arange(len(positions)) if seconds is None else seconds
    heartrate = np.full(len(positions), 130) if heartrate is None else heartrate
    points = "".join(
        f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}"><ele>{300 + 30 * np.sin(i / 90):.1f}</ele>'
        f"<time>{(start + timedelta(seconds=float(seconds[i]))).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</time>"
        f"<extensions><gpxtpx:TrackPointExtension><gpxtpx:hr>{int(heartrate[i])}</gpxtpx:hr></gpxtpx:TrackPointExtension>"
        "</extensions></trkpt>"
        for i, (lon, lat) in enumerate(positions)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="tests" '
        'xmlns="http://www.topografix.com/GPX/1/1" '
        'xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
        f"<trk><name>{name}</name><type>{sport}</type><trkseg>{points}</trkseg></trk></gpx>"
    ).encode()


def folder_of_rides(
    folder: Path, place: Place, rides: int = 12, first: datetime = datetime(2023, 11, 3, 6, tzinfo=UTC)
) -> Path:
    """Rides from one place, ten days apart."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(rides):
        (folder / f"ride-{number:02d}.gpx").write_bytes(
            gpx(
                track(place, 6 + number % 3, seed=number),
                first + timedelta(days=10 * number),
                f"Ride {number} über Land 🌲",
            )
        )
    return folder
