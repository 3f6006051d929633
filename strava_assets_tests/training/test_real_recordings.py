"""Other people's recordings, measured again with pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from strava_assets.archive.files import open_files, recordings
from strava_assets.archive.recordings import read_recording
from strava_assets.errors import UnreadableRecording
from strava_assets.history import _numbered
from strava_assets.training.best_efforts import DISTANCES, DURATIONS
from strava_assets.training.measures import SAMPLE_COLUMNS, measured
from strava_assets_tests.training.tables import activities, activity

Read = tuple[list[pd.DataFrame], pa.Table, pa.Table]


@pytest.fixture(scope="module")
def everything(real_data: Path) -> Read:
    """Every recording's samples, and what is measured of all of them at once."""
    tables, rows = [], []
    with open_files(real_data) as files:
        for name in recordings(files):
            try:
                recording = read_recording(files.read(name), name)
            except UnreadableRecording:
                continue
            rows.append(activity(len(rows), sport=recording.sport))
            tables.append(_numbered(recording.table, len(tables)).select(SAMPLE_COLUMNS))
    efforts, load = measured(activities(*rows), pa.concat_tables(tables))
    return [table.to_pandas() for table in tables], efforts, load


def by_the_second(samples: pd.DataFrame) -> pd.DataFrame | None:
    """A row a second, each with the last sample that still stands for it; None for what has no whole seconds."""
    steps = samples["time"].diff().dropna()
    if samples["time"].isna().any() or not len(steps) or (steps <= 0).any() or (steps > 1800).any():
        return None
    usual = steps.median()
    if (samples["time"] % 1).any() or usual % 1:
        return None
    begin, end = int(samples["time"].iloc[0]), int(samples["time"].iloc[-1] + usual)
    seconds = samples.set_index("time").reindex(np.arange(begin, end))
    age = pd.Series(np.where(seconds["activity_id"].notna(), seconds.index, np.nan), seconds.index).ffill()
    gap = min(max(5 * usual, 5), 60)
    holds = samples["time"].diff().shift(-1)
    until = samples["time"] + holds.where(holds <= gap, usual).fillna(usual)
    lasts = pd.Series(until.to_numpy(), samples["time"].to_numpy()).reindex(age.to_numpy()).to_numpy()
    there = seconds.index.to_numpy() < lasts
    # a value that is missing in a sample is not that of an earlier one
    return samples.set_index("time").reindex(age.to_numpy()).set_axis(seconds.index)[there].reindex(seconds.index)


def test_power_is_what_pandas_says(everything: Read) -> None:
    tables, efforts, load = everything
    found = efforts.to_pandas()
    compared = 0
    for number, samples in enumerate(tables):
        seconds = by_the_second(samples)
        if seconds is None or not samples["watts"].between(0, 3000).any():
            continue
        watts = seconds["watts"].where(seconds["watts"].between(0, 3000))
        mine = found[(found["activity_id"] == number) & (found["kind"] == "power")].set_index("effort")["watts"]
        usual = samples["time"].diff().median()
        expected = {
            name: watts.fillna(0).rolling(duration).mean().max()
            for name, duration in DURATIONS.items()
            if usual <= duration <= len(watts)
        }
        assert mine.to_dict() == pytest.approx(expected, abs=1e-3)
        fourths = (watts.fillna(0).rolling(30).mean() ** 4)[watts.notna()]
        if fourths.notna().any():
            (row,) = load.slice(number, 1).to_pylist()
            assert row["normalized_power"] == pytest.approx(fourths.mean() ** 0.25, abs=1e-2)
            assert row["power_seconds"] == pytest.approx(watts.notna().sum())
        compared += 1
    assert compared >= 15


def test_the_heart_is_what_pandas_says(everything: Read) -> None:
    tables, _, load = everything
    compared = 0
    for number, samples in enumerate(tables):
        seconds = by_the_second(samples)
        if seconds is None or not samples["heartrate"].between(30, 240).any():
            continue
        (row,) = load.slice(number, 1).to_pylist()
        expected = seconds["heartrate"].where(seconds["heartrate"].between(30, 240)).round().value_counts()
        assert dict(zip(row["heartrates"], row["seconds_at_heartrate"], strict=True)) == expected.to_dict()
        compared += 1
    assert compared >= 15


def test_pace_is_what_pandas_says(everything: Read) -> None:
    tables, efforts, _ = everything
    found = efforts.to_pandas()
    compared: dict[str, Any] = {}
    for number in sorted(set(found[found["kind"] == "pace"]["activity_id"])):
        samples = tables[number].dropna(subset=["time", "distance"])
        steps = samples[["time", "distance"]].diff().dropna()
        if not steps["time"].between(0.01, 60).all() or not (steps["distance"] / steps["time"]).between(0, 12).all():
            continue
        # a row every quarter of a second, and the first of each metre
        grid = np.arange(samples["time"].iloc[0], samples["time"].iloc[-1], 0.25)
        line = pd.Series(np.interp(grid, samples["time"], samples["distance"]), grid)
        for _, effort in found[(found["activity_id"] == number) & (found["kind"] == "pace")].iterrows():
            goals = pd.DataFrame({"goal": line.to_numpy() + DISTANCES[effort["effort"]], "began": line.index})
            ends = pd.DataFrame({"done": line.to_numpy(), "ended": line.index})
            met = pd.merge_asof(goals.sort_values("goal"), ends, left_on="goal", right_on="done", direction="forward")
            shortest = (met["ended"] - met["began"]).min()
            if not np.isnan(shortest):
                assert effort["seconds"] - 0.01 <= shortest <= effort["seconds"] + 0.6
                compared[effort["effort"]] = compared.get(effort["effort"], 0) + 1
    assert compared["400 m"] >= 20
    assert compared["5 km"] >= 5
