"""A month's trimmed CSVs: which there should be, which are there already, and the bytes of the rest.

What belongs here: from masked rows and samples to files for the gate. What does not: the cut itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from strava_assets.privacy import figures, settling
from strava_assets.privacy.masked import MonthSamples, runs_of
from strava_assets.publish import csv_files
from strava_assets.publish.gate import Gate, GateReport
from strava_assets.publish.paths import csv_path
from strava_assets.publish.public_root import Known

#: Counts up whenever the same masked activity comes out as other bytes.
VERSION = "3"
#: Activities written in one passage of the gate: bounds the memory, and what a kill can cost.
_BATCH = 50


@dataclass
class MonthReport:
    """What became of a month's CSVs."""

    expected: int = 0
    gate: GateReport = field(default_factory=GateReport)


def publish_month(
    masked: pd.DataFrame,
    streams: Callable[[list[int]], pa.Table],
    ids: Mapping[int, tuple[str, str]],
    others: Mapping[int, str],
    gate: Gate,
    dropped: frozenset[str],
    force: bool = False,
) -> MonthReport:
    """Bring a month's CSVs up to date.

    Parameters
    ----------
    masked : DataFrame
        The month's masked table.
    streams : callable
        Samples of the activities asked for, ``schema.STREAMS``.
    ids : mapping of int to (athlete, activity)
        Public ids by activity id.
    others : mapping of int to str
        Paths that the gate remembers for activities which belong to this month now, by activity id.
    gate : Gate
    dropped : frozenset of str
        Columns that the owner does not publish.
    force : bool
        Make every file again.
    """
    report = MonthReport()
    shown = masked[masked["hidden_because"].isna()]
    paths = {activity: csv_path(*ids[activity]) for activity in shown["activity_id"].astype(int).tolist()}
    prints = {
        path: csv_fingerprint(print_, dropped)
        for path, print_ in zip(paths.values(), shown["fingerprint"], strict=True)
    }
    report.expected = len(paths)
    known = gate.known()
    stale = [activity for activity, path in paths.items() if force or not _is_current(known.get(path), prints[path])]
    for at in range(0, len(stale), _BATCH):
        released = gate.released(stale[at : at + _BATCH])  # of others the samples may have gone already
        batch = [activity for activity in stale[at : at + _BATCH] if activity in released]
        files = dict(
            zip(
                (paths[activity] for activity in batch),
                encode(shown[shown["activity_id"].isin(batch)], streams(batch), batch, dropped),
                strict=True,
            )
        )
        _add(
            report.gate,
            gate.publish(
                files,
                fingerprints={path: prints[path] for path in files},
                activities={paths[activity]: activity for activity in batch},
                sceptical=force,
            ),
        )
    wanted = set(paths.values())
    report.gate.unchanged += len(paths) - len(stale)
    # remembered or not: what a killed process wrote is there before anybody knows of it
    there = {path for pair in ids.values() if (path := csv_path(*pair)) in gate.sizes()}
    report.gate.withdrawn = gate.withdraw((there | set(others.values())) - wanted)
    return report


def _is_current(known: Known | None, fingerprint: str) -> bool:
    return known is not None and known.fingerprint == fingerprint


def encode(
    masked: pd.DataFrame, streams: pa.Table, ids: list[int], dropped: frozenset[str], whole: bool = False
) -> list[bytes]:
    """The CSVs of masked rows.

    Parameters
    ----------
    masked : DataFrame
        Rows of at least these activities.
    streams : pa.Table
        ``schema.STREAMS``, ordered by activity and sample.
    ids : list of int
        Activity ids, in order.
    dropped : frozenset of str
        Columns that are left out.
    whole : bool
        The rows are of ``masked.uncut``: no channel has to settle.

    Returns
    -------
    list of bytes
        One an activity.
    """
    month = MonthSamples.of(streams, ids)
    runs = runs_of(masked, month)
    visible = figures.rebased(month.samples, runs, month.channels["distance"])
    owner = runs.activity[visible.run]
    first_run = np.searchsorted(runs.activity, np.arange(len(ids)))
    channels = month.channels if whole else settling.settled(month.samples, runs, month.channels)
    columns = {name: values[visible.index] for name, values in channels.items()}
    columns |= {
        "segment": (visible.run - first_run[owner]).astype(float),
        "time": visible.time,
        "distance": visible.distance,
        **figures.derived(visible, month.channels, owner),
    }
    return csv_files.encode(columns, np.searchsorted(owner, np.arange(len(ids) + 1)).astype(np.int64), dropped)


def csv_fingerprint(masked: str, dropped: frozenset[str]) -> str:
    """Of everything that an activity's CSV is made from: its masked row's own fingerprint, and the columns left out."""
    return hashlib.sha256(f"{VERSION}|{masked}|{','.join(sorted(dropped))}".encode()).hexdigest()


def _add(total: GateReport, part: GateReport) -> None:
    total.written += part.written
    total.unchanged += part.unchanged
    total.bytes_written += part.bytes_written
    total.barred += part.barred
    total.tested.add(part.tested)
