"""A month's CSVs are made where they are not as they should be, and nowhere else; what belongs to it no more goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from strava_assets.privacy import masked
from strava_assets.publish import csv_files, month_files
from strava_assets.publish.gate import Gate
from strava_assets.publish.month_files import MonthReport, csv_fingerprint, encode
from strava_assets_tests.publish.small import FILES, IDS, PATHS, Small
from strava_assets_tests.publish.worlds import ride, tables

NOTHING: frozenset[str] = frozenset()


@dataclass
class Month:
    """Three rides of Ada's; and for which of them samples were asked."""

    small: Small
    rides: dict[int, Any] = field(default_factory=lambda: {number: ride(number, kilometres=2) for number in (1, 2, 3)})
    asked: list[list[int]] = field(default_factory=list)

    def frame(self) -> tuple[geopandas.GeoDataFrame, pa.Table]:
        activities, streams = tables(list(self.rides.values()))
        prints = masked.fingerprints(activities, self.small.zones, {"api"})
        return masked.mask(activities, streams, self.small.zones, {"api"}, prints), streams

    def publish(
        self, others: dict[int, str] | None = None, dropped: frozenset[str] = NOTHING, **given: Any
    ) -> MonthReport:
        frame, streams = self.frame()
        self.asked.clear()

        def samples(wanted: list[int]) -> pa.Table:
            self.asked.append(wanted)
            return streams.filter(pc.field("activity_id").isin(wanted))

        return month_files.publish_month(frame, samples, IDS, others or {}, self.small.gate(), dropped, **given)


@pytest.fixture
def month(empty: Small, monkeypatch: pytest.MonkeyPatch) -> Iterator[Month]:
    """Written two at a time."""
    monkeypatch.setattr(month_files, "_BATCH", 2)
    made = Month(empty)
    report = made.publish()
    assert made.asked == [[1, 2], [3]]
    there = [(empty.root / PATHS[number]).read_bytes() for number in (1, 2, 3)]
    assert (report.expected, report.gate.written, report.gate.unchanged, report.gate.withdrawn) == (3, 3, 0, 0)
    assert report.gate.bytes_written == sum(map(len, there))
    assert report.gate.tested.rows == sum(data.count(b"\n") - 1 for data in there)
    assert report.gate.barred == []
    yield made


def told(report: MonthReport) -> tuple[int, int, int]:
    return report.gate.written, report.gate.unchanged, report.gate.withdrawn


def test_what_is_as_it_should_be_is_not_made_again(month: Month) -> None:
    assert told(month.publish()) == (0, 3, 0)
    assert month.asked == []


def test_what_changed_is_made_again_and_nothing_else(month: Month) -> None:
    month.rides[2] = ride(2, kilometres=2, seed=77)
    assert told(month.publish()) == (1, 2, 0)
    assert month.asked == [[2]]


def test_who_insists_has_everything_made_again_and_held_against_what_is_there(month: Month) -> None:
    path = month.small.root / PATHS[2]
    was = path.read_bytes()
    path.write_bytes(was[:-2] + (b"7\n" if was[-2:-1] != b"7" else b"8\n"))
    assert told(month.publish()) == (0, 3, 0)
    assert told(month.publish(force=True)) == (1, 2, 0)
    assert month.asked == [[1, 2], [3]]
    assert path.read_bytes() == was


def test_what_may_not_be_shown_any_more_is_not_even_read(month: Month) -> None:
    month.small.hide(2)
    month.rides = {number: ride(number, kilometres=2, seed=77) for number in (1, 2, 3)}
    assert told(month.publish()) == (2, 0, 0)
    assert month.asked == [[1], [3]]


def test_what_was_hidden_just_now_is_told(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    month.small.hide(1, 3)
    monkeypatch.setattr(Gate, "released", lambda _, activities: set(activities))  # it was before that
    report = month.publish(force=True)
    assert report.gate.barred == [PATHS[1], PATHS[3]]
    assert report.expected == 3


def test_what_belongs_to_the_month_no_more_goes(month: Month) -> None:
    """As it is hidden now; or was another's, and is remembered for this month."""
    month.small.gate().publish({PATHS[4]: FILES[PATHS[4]]}, activities={PATHS[4]: 4})
    del month.rides[3]
    assert told(month.publish()) == (0, 2, 2)
    month.rides |= {3: ride(3, kilometres=2), 2: ride(2, kilometres=2, visibility="only_me")}
    report = month.publish({4: PATHS[4], 1: PATHS[1]})
    assert told(report) == (1, 1, 1)
    assert report.expected == 2
    assert month.small.there() == [PATHS[1], PATHS[3]]


def test_what_is_remembered_of_rides_that_have_another_address_now_goes(month: Month) -> None:
    elsewhere = PATHS[4].replace("stream_0", "stream_f")
    month.small.gate().publish({elsewhere: FILES[PATHS[4]]}, activities={elsewhere: 4})
    assert told(month.publish({4: elsewhere})) == (0, 3, 1)


def test_a_column_that_its_owner_does_not_publish_is_in_no_file(month: Month) -> None:
    without = frozenset({"watts", "altitude"})
    assert told(month.publish(dropped=without)) == (3, 0, 0)
    for number in (1, 2, 3):
        header = csv_files.decode((month.small.root / PATHS[number]).read_bytes()).header
        assert not without & set(header)
    assert told(month.publish(dropped=frozenset({"altitude", "watts"}))) == (0, 3, 0)
    prints = {csv_fingerprint("print", columns) for columns in (NOTHING, without, frozenset({"watts"}))}
    assert len(prints | {csv_fingerprint("another", NOTHING)}) == 4


def test_channels_settle_where_something_is_hidden_unless_nothing_is(month: Month) -> None:
    frame, streams = month.frame()
    settled, whole = (
        csv_files.decode(encode(frame, streams, [1, 2, 3], NOTHING, *given)[1]) for given in ((), (True,))
    )
    assert "heartrate" not in settled.columns  # two kilometres are over before
    assert np.all(whole.columns["heartrate"] == 140)
    assert [*settled.columns] == [name for name in whole.columns if name != "heartrate"]


def test_each_file_holds_its_own_segments_from_zero(month: Month) -> None:
    frame, streams = month.frame()
    for number, data in zip((1, 2, 3), encode(frame, streams, [1, 2, 3], NOTHING), strict=True):
        rows = csv_files.decode(data)
        assert rows.columns["segment"][0] == 0
        assert rows.columns["time"][0] == 0
        assert data == (month.small.root / PATHS[number]).read_bytes()
