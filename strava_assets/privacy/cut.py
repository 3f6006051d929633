"""The cut: which samples of which tracks may be seen.

What belongs here: from samples and zones to visible runs, by sample index, for a month of activities
at once. What does not: lines for the map (`lines`), figures (`figures`), files.

A sample is hidden when it lies in a cut shape grown by the margin, or when the step to its neighbour
meets it; so are samples without a position unless both neighbours with one are visible in the same
run. Nothing is interpolated and no geometry is overlaid: out-and-backs keep their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy
from strava_assets.privacy.tracks import Area, TrackBoxes, Tracks, touching
from strava_assets.privacy.zones import Zone

#: Simplification tolerance of the map's lines, metres.
TOLERANCE = 10.0
#: How far quantising may move a vertex, metres (half the diagonal of a 1e-5° cell).
QUANTUM = 0.8
#: What a sample must keep from H: whatever later steps may move, and a little for curved straights.
MARGIN = TOLERANCE + QUANTUM + 1.2
#: Runs shorter than this are hidden, metres.
SHORTEST_RUN = 200.0


@dataclass(frozen=True)
class Samples:
    """The samples of many activities, one after the other, in recorded order.

    Attributes
    ----------
    lon, lat : ndarray, shape (n,)
        Degrees; NaN where a sample has no position.
    time : ndarray, shape (n,)
        Seconds since the activity's start; NaN where unknown.
    starts : ndarray of int, shape (a + 1,)
        Activity ``k`` is ``[starts[k], starts[k + 1])``.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    time: NDArray[np.float64]
    starts: NDArray[np.int64]

    @property
    def owner(self) -> NDArray[np.int64]:
        """Index of each sample's activity, shape (n,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


@dataclass(frozen=True)
class Runs:
    """Visible runs, in order. Indices count over the flat arrays of `Samples`.

    Attributes
    ----------
    activity : ndarray of int, shape (r,)
    first, last : ndarray of int, shape (r,)
        Both included; both have positions.
    """

    activity: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def only(self, keep: NDArray[np.bool_]) -> Runs:
        """The runs where ``keep`` is true."""
        return Runs(self.activity[keep], self.first[keep], self.last[keep])

    @property
    def samples(self) -> NDArray[np.int64]:
        """Flat indices of all samples in the runs, in order."""
        sizes = self.last - self.first + 1
        return np.repeat(self.first - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())

    @property
    def run_of_sample(self) -> NDArray[np.int64]:
        """For each of ``samples``, the index of its run."""
        return np.repeat(np.arange(len(self.first)), self.last - self.first + 1)


def hidden_areas(zones: Sequence[Zone], margin: float = MARGIN) -> list[Area]:
    """The cut shapes, each once, grown by the margin."""
    shapes = {zone.shape_id: zone.shape for zone in zones}
    return [Area.of(shape.center, shapely.buffer(shape.geometry, margin, quad_segs=32)) for shape in shapes.values()]


def visible_runs(samples: Samples, areas: Sequence[Area]) -> Runs:
    """The runs of samples that may be seen.

    Parameters
    ----------
    samples : Samples
    areas : sequence of Area
        From `hidden_areas`.

    Returns
    -------
    Runs
        Each at least `SHORTEST_RUN` long, within one activity, without a gap in the recording.
    """
    located = np.flatnonzero(np.isfinite(samples.lon) & np.isfinite(samples.lat))
    owner = samples.owner[located]
    tracks = Tracks(
        samples.lon[located], samples.lat[located], np.searchsorted(located, samples.starts).astype(np.int64)
    )
    hidden = np.zeros(len(located), bool)
    boxes = TrackBoxes.of(tracks)
    for area in areas:
        hidden[touching(tracks, area, boxes)] = True
    if not (~hidden).any():
        return Runs(*(np.empty(0, np.int64) for _ in range(3)))

    # a run goes on while both samples are visible, of one activity, and nothing is missing between
    step = geodesy.step_lengths(tracks.lon, tracks.lat)
    goes_on = ~hidden[:-1] & ~hidden[1:] & (owner[:-1] == owner[1:])
    goes_on &= ~_gaps(samples.time[located], step, owner, tracks, goes_on)
    begins = ~hidden & np.concatenate([[True], ~goes_on])
    ends = ~hidden & np.concatenate([~goes_on, [True]])
    first, last = np.flatnonzero(begins), np.flatnonzero(ends)

    walked = geodesy.walked(step)
    long_enough = walked[last] - walked[first] >= SHORTEST_RUN * 1e6
    first, last = first[long_enough], last[long_enough]
    return Runs(owner[first], located[first], located[last])


def _gaps(
    time: NDArray[np.float64],
    step: NDArray[np.float64],
    owner: NDArray[np.int64],
    tracks: Tracks,
    visible: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Steps over which the recording stopped, jumped, or went back in time, shape (n - 1,).

    A pause in one place is no gap until it lasts an hour; a sparse recorder's usual interval is none
    either. A step over the antimeridian is one: its straight line would go round the world.
    What is usual is learned from visible steps only: nothing hidden decides anything.
    """
    # a sample without a time is as late as the one before it
    first = tracks.starts[:-1][np.diff(tracks.starts) > 0]
    carried = np.where(np.isfinite(time), np.arange(len(time)), 0)
    carried[first] = first
    time = time[np.maximum.accumulate(carried)]
    elapsed = np.diff(time)
    known = np.isfinite(elapsed)
    same = visible & (owner[:-1] == owner[1:])
    usual = np.zeros(len(tracks.starts) - 1)
    steps_of = owner[:-1][same & known]
    if len(steps_of):
        order = np.lexsort([elapsed[same & known], steps_of])
        sorted_owner, sorted_elapsed = steps_of[order], elapsed[same & known][order]
        heads = np.flatnonzero(np.diff(sorted_owner, prepend=-1))
        sizes = np.diff(np.append(heads, len(sorted_owner)))
        usual[sorted_owner[heads]] = sorted_elapsed[heads + sizes // 2]
    typical = np.maximum(usual[owner[:-1]], 0.0)

    with np.errstate(invalid="ignore", divide="ignore"):
        speed = step / np.maximum(elapsed, 0.5)
        gap = known & (elapsed < -0.05)  # less is not seen: time is published in tenths
        gap |= known & (elapsed > np.maximum(3600.0, 10 * typical))
        gap |= known & (elapsed > np.maximum(300.0, 10 * typical)) & (step > 200.0)
        gap |= known & (step > 1000.0) & (speed > 100.0)
    return gap | (np.abs(np.diff(tracks.lon)) > 180.0)
