"""Real recordings, with zones laid where people stop, turn, pass and begin.

What belongs here: choosing places on tracks and shapes around them, and judging what would be public. What does not:
telling where that was: findings name neither files nor places.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from strava_assets.archive.files import open_files, recordings
from strava_assets.archive.recordings import read_recording
from strava_assets.errors import UnreadableRecording
from strava_assets.history import _numbered
from strava_assets.privacy import cut_shapes, masked
from strava_assets.privacy.zones import Zone
from strava_assets_tests.privacy import oracle
from strava_assets_tests.privacy.cases import as_ride
from strava_assets_tests.privacy.oracle import degrees_around
from strava_assets_tests.privacy.public_bytes import SOURCES, encoded, judged
from strava_assets_tests.publish.worlds import tables

KINDS = ("start", "end", "pass", "halt", "lap", "beside")
#: Zones in force together.
_TOGETHER = 6


@dataclass
class Found:
    """What there was, and what was wrong with it."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def read_folder(folder: Path) -> list[pa.Table]:
    """Samples of every readable recording with positions, typed as the flow types them."""
    found = []
    with open_files(folder) as files:
        for name in recordings(files):
            try:
                samples = read_recording(files.read(name), name).table
            except UnreadableRecording:
                continue
            if "lat" in samples.column_names:
                found.append(_numbered(samples, len(found) + 1))
    return found


def judge_recordings(folder: Path, zones: int, seed: int, most: int | None = None) -> Found:
    """All recordings (or the first ``most`` of a shuffle), under so many zones, a few at a time."""
    chance = np.random.default_rng(seed)
    tracks = read_folder(folder)
    if most is not None:
        tracks = [tracks[k] for k in chance.permutation(len(tracks))[:most]]
    found = Found()
    # every recording is met by some zones, and each set of zones by every recording
    owners = np.resize(chance.permutation(len(tracks)), zones)
    laid = [lay_zone(tracks[owner], KINDS[k % len(KINDS)], chance) for k, owner in enumerate(owners)]
    found.counts.update(recordings=len(tracks), **{"zones over recordings": zones})
    for at in range(0, zones, _TOGETHER):
        _judge_under(tracks, _in_force(laid[at : at + _TOGETHER]), found)
    return found


def lay_zone(track: pa.Table, kind: str, chance: np.random.Generator) -> shapely.Geometry:
    """A zone of 30–400 m, half of them concave, where a track begins, ends, passes, halts, laps or goes by."""
    lon, lat = (track.column(name).to_numpy(zero_copy_only=False).astype(float) for name in ("lng", "lat"))
    place = np.column_stack([lon, lat])[np.isfinite(lon)]
    at = {"start": 0, "end": len(place) - 1}.get(kind, int(chance.integers(len(place))))
    if kind == "halt":  # where least happens between two samples
        at = int(np.argmin(np.hypot(*np.diff(place, axis=0, append=place[-1:] + 1).T)))
    if kind == "lap":  # where most other samples are near
        some = place[chance.integers(0, len(place), 40)]
        near = [int((np.hypot(*(place - one).T) < 5e-4).sum()) for one in some]
        center = some[int(np.argmax(near))]
    else:
        center = place[at]
    radius = math.exp(chance.uniform(math.log(30), math.log(400)))
    corners = int(chance.integers(3, 24))
    angle = np.sort(chance.uniform(0, 2 * math.pi, corners)) if chance.random() < 0.5 else np.linspace(0, 6.28, corners)
    reach = radius * (chance.uniform(0.35, 1.0, corners) if chance.random() < 0.5 else np.ones(corners))
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * reach[:, None]
    if kind == "beside":  # the track is just outside the zone itself
        ring += np.array([math.cos(t := chance.uniform(0, 6.28)), math.sin(t)]) * (radius + chance.uniform(1, 60))
    shape = shapely.Polygon(degrees_around((float(center[0]), float(center[1])), ring))
    return shape if shape.is_valid and shape.area > 0 else shapely.convex_hull(shape).buffer(1e-5)


def _in_force(drawn: Sequence[shapely.Geometry]) -> list[Zone]:
    zones = []
    for group in cut_shapes.overlapping(list(drawn)):
        shape = cut_shapes.draw(shapely.union_all([drawn[i] for i in group]))
        zones += [Zone(i + 1, "", drawn[i], group[0] + 1, shape) for i in group]
    return zones


def _judge_under(tracks: Sequence[pa.Table], zones: list[Zone], found: Found) -> None:
    rides = [as_ride(number, track.drop_columns(["activity_id", "sample"])) for number, track in enumerate(tracks, 1)]
    activities, streams = tables(rides)
    frame = masked.mask(activities, streams, zones, SOURCES, masked.fingerprints(activities, zones, SOURCES))
    public = encoded(frame, streams)
    secrets = [oracle.Secret(zone.geometry, zone.shape.center, zone.shape.geometry) for zone in zones]
    verdict = oracle.judge(public.files, secrets)
    gate = judged(public.files, zones)
    shown = frame[frame["hidden_because"].isna()]
    found.counts.update(
        {
            "recordings shown": verdict.rides,
            "of them cut": int(shown["partly_hidden"].sum()),
            "their rows": verdict.rows,
            "their vertices": verdict.vertices,
        }
    )
    # a public id is a number in a shuffle: it tells nobody which recording it was
    found.wrong += verdict.wrong + [f"the gate: {f.invariant} {f.where}: {f.what}" for f in gate.findings]
    nearest = min(verdict.nearest, 2_000.0)
    if abs(min(gate.tested.nearest, 2_000.0) - nearest) > 0.3 + 0.002 * nearest:
        found.wrong.append(f"the gate says {gate.tested.nearest:.1f} m to the next zone, it is {verdict.nearest:.1f}")
