"""The cut: which samples of which tracks may be seen.

What belongs here: from samples and zones to visible runs, by sample index, for a month of activities
at once. What does not: lines for the map (`lines`), figures (`figures`), files.

A sample is hidden when it lies in a cut shape grown by the margin, or when the step to its neighbour
meets it; so are samples without a position unless both neighbours with one are visible in the same
run. Nothing is interpolated and no geometry is overlaid: out-and-backs keep their order. Where a zone hides only
ends, tracks that pass are seen (`passes`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy, passes
from strava_assets.privacy.cut_shapes import CutShape
from strava_assets.privacy.tracks import Area, Pieces, Tracks, ranges, touching
from strava_assets.privacy.zones import Zone, ends_only_shapes

#: Simplification tolerance of the map's lines, metres.
TOLERANCE = 10.0
#: How far quantising may move a vertex, metres (half the diagonal of a 1e-5° cell).
QUANTUM = 0.8
#: What a sample must keep from H: whatever later steps may move, and a little for curved straights.
MARGIN = TOLERANCE + QUANTUM + 1.2
#: Runs shorter than this are hidden, metres.
SHORTEST_RUN = 200.0
#: A clock that falls by less does not go back, seconds.
CLOCK_NOISE = 0.05
#: No step that took less is a pause, seconds.
_PAUSE = 300.0
#: However rare positions are, no recording goes on for longer without any sample, unless that is usual in it; seconds.
_SILENCE = 7200.0
#: No shorter step is a jump, metres.
_FAR = 1000.0


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
    shapes, ends_only = {zone.shape_id: zone.shape for zone in zones}, ends_only_shapes(zones)
    return [_grown(shape, margin, number in ends_only) for number, shape in shapes.items()]


@functools.lru_cache(maxsize=4096)
def _grown(shape: CutShape, margin: float, ends_only: bool) -> Area:
    """Kept from month to month: what is prepared for many questions is asked many."""
    return Area.of(shape.center, shapely.buffer(shape.geometry, margin, quad_segs=32), ends_only)


def visible_runs(samples: Samples, areas: Sequence[Area], short_too: bool = False) -> Runs:
    """The runs of samples that may be seen.

    Parameters
    ----------
    samples : Samples
    areas : sequence of Area
        From `hidden_areas`.
    short_too : bool
        Also runs shorter than `SHORTEST_RUN`: for the owner's own eyes only.

    Returns
    -------
    Runs
        Each at least `SHORTEST_RUN` long, within one activity, without a gap in the recording.
    """
    known = np.isfinite(samples.lon)
    known &= np.isfinite(samples.lat)
    tracks, located = Tracks(samples.lon, samples.lat, samples.starts), None
    if not known.all():
        located = np.flatnonzero(known)
        tracks = Tracks(samples.lon[located], samples.lat[located], np.searchsorted(located, samples.starts))
    pieces = Pieces.of(tracks)
    visible = np.ones(len(tracks.lon), bool)
    for area in areas:
        if not area.ends_only:
            visible[touching(pieces, area)] = False
    passed = [(area, touching(pieces, area)) for area in areas if area.ends_only]
    if not visible.any():
        return Runs(*(np.empty(0, np.int64) for _ in range(3)))

    # a run goes on while both samples are visible, of one activity, and nothing is missing between
    goes_on = visible[:-1] & visible[1:]
    goes_on[tracks.starts[(tracks.starts > 0) & (tracks.starts < len(visible))] - 1] = False
    learned_from = goes_on.copy() if passed else goes_on
    for _, touched in passed:
        learned_from[touched[touched < len(goes_on)]] = learned_from[touched[touched > 0] - 1] = False
    goes_on[_gaps(samples.time, located, pieces, goes_on, learned_from)] = False
    if passed:
        time = samples.time if located is None else samples.time[located]
        unbroken = goes_on if located is None else goes_on & (np.diff(located) == 1)
        visible[passes.hidden_stretches(tracks, time, passed, visible, unbroken)] = False
        goes_on &= visible[:-1] & visible[1:]
    begins, ends = visible.copy(), visible.copy()
    begins[1:] &= ~goes_on
    ends[:-1] &= ~goes_on
    first, last = np.flatnonzero(begins), np.flatnonzero(ends)
    if not short_too:
        enough = _long_enough(tracks, first, last)
        first, last = first[enough], last[enough]
    activity = np.searchsorted(tracks.starts, first, side="right") - 1
    if located is not None:
        first, last = located[first], located[last]
    return Runs(activity, first, last)


def _gaps(
    time: NDArray[np.float64],
    located: NDArray[np.int64] | None,
    pieces: Pieces,
    goes_on: NDArray[np.bool_],
    learned_from: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Of the steps that are visible, those over which the recording stopped, jumped, or went back in time.

    A pause in one place is no gap until it lasts an hour; a sparse recorder's usual interval is none
    either. A step over the antimeridian is one: its straight line would go round the world.
    What is usual is learned from steps that are visible in any case: nothing hidden decides anything.
    """
    tracks = pieces.tracks
    clock = _carried(time, located, learned_from)
    elapsed = np.diff(clock if located is None else clock[located])
    back = np.flatnonzero(goes_on & (elapsed < -CLOCK_NOISE))
    if located is not None:  # also among samples without a position
        fell = np.searchsorted(located, np.flatnonzero(np.diff(clock) < -CLOCK_NOISE) + 1) - 1
        fell = fell[(fell >= 0) & (fell < len(goes_on))]
        back = np.concatenate([back, fell[goes_on[fell]]])
    late = np.flatnonzero(goes_on & (elapsed > _PAUSE))
    late = late[_unusual(elapsed, late, tracks, learned_from)]
    late = late[(elapsed[late] > 3600.0) | (_lengths(tracks, late) > 200.0)]
    if located is not None and len(silent := np.flatnonzero(goes_on & (elapsed > _SILENCE))):
        # where positions are rare, among samples without one
        longest = np.fmax.reduceat(np.diff(clock)[: located[-1]], located[:-1])
        silent = silent[longest[silent] > _SILENCE]
        late = np.concatenate([late, silent[_unusual(longest, silent, tracks, learned_from)]])
    # only a piece that is that large can hold a step that is so long
    boxes = pieces.boxes
    far = pieces.steps(np.hypot(boxes.width, boxes.north - boxes.south) > _FAR / geodesy.LONGEST_DEGREE)
    far = far[goes_on[far]]
    length, around = _lengths(tracks, far), np.abs(tracks.lon[far + 1] - tracks.lon[far]) > 180.0
    with np.errstate(invalid="ignore"):
        jumped = (length > _FAR) & (length > 100.0 * elapsed[far])
    return np.concatenate([back, late, far[around | jumped]])


def _carried(
    time: NDArray[np.float64], located: NDArray[np.int64] | None, goes_on: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Times, with a sample that has none as late as the one before it; nothing is carried over where a part begins."""
    known = np.isfinite(time)
    if known.all():
        return time
    begins = np.flatnonzero(~np.append(False, goes_on))
    if located is not None:
        begins = located[begins]
    carried = np.where(known, np.arange(len(time)), 0)
    carried[begins] = begins
    return time[np.maximum.accumulate(carried)]


def _unusual(
    elapsed: NDArray[np.float64], steps: NDArray[np.int64], tracks: Tracks, learned_from: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether steps took more than ten times as long as the middle one of their track, if there is one."""
    owners, place = np.unique(np.searchsorted(tracks.starts, steps, side="right") - 1, return_inverse=True)
    unusual = np.zeros(len(steps), bool)
    for k, owner in enumerate(owners):
        own, mine = slice(tracks.starts[owner], tracks.starts[owner + 1] - 1), place == k
        counts, late = learned_from[own], elapsed[steps[mine]]
        # mostly more than half of all steps are that much shorter than the shortest late one: then so is the middle
        if 2 * np.count_nonzero(counts & (10 * elapsed[own] < late.min())) > np.count_nonzero(counts):
            unusual[mine] = True
            continue
        times = elapsed[own][counts]
        times = times[np.isfinite(times)]
        unusual[mine] = late > (10 * np.partition(times, len(times) // 2)[len(times) // 2] if len(times) else 0.0)
    return unusual


def _long_enough(tracks: Tracks, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether runs are long enough to be shown; most go far enough from where they begin, and are not walked along."""
    enough = np.zeros(len(first), bool)
    for share in (1.0, 0.5, 0.25, 0.75):
        short = np.flatnonzero(~enough)
        there = first[short] + ((last[short] - first[short]) * share).astype(np.int64)
        lon, lat = (
            np.stack([values[first[short]], values[there]], axis=1).ravel() for values in (tracks.lon, tracks.lat)
        )
        enough[short] = geodesy.step_lengths(lon, lat)[::2] > SHORTEST_RUN + 1.0
    short = np.flatnonzero(~enough)
    steps = ranges(first[short], last[short])
    ends = np.cumsum(last[short] - first[short])
    walked = np.concatenate([[0], np.cumsum(np.rint(_lengths(tracks, steps) * 1e6).astype(np.int64))])
    enough[short] = np.diff(walked[np.concatenate([[0], ends])]) >= SHORTEST_RUN * 1e6
    return enough


def _lengths(tracks: Tracks, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Lengths of some steps, by their first position, metres."""
    lon, lat = (np.stack([values[steps], values[steps + 1]], axis=1).ravel() for values in (tracks.lon, tracks.lat))
    return geodesy.step_lengths(lon, lat)[::2]
