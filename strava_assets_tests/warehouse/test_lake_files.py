"""The lake's files: made again only where something moved on, and whole whatever fails."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from strava_assets import geoparquet
from strava_assets.errors import DamagedTable, StoreUnavailable
from strava_assets.stores import Store
from strava_assets.tables import key_of, months_of
from strava_assets.warehouse import lake_files
from strava_assets_tests.warehouse.histories import activity, some_years, track, write_month


@pytest.fixture
def years(tmp_path: Path) -> tuple[Store, set[int]]:
    return some_years(tmp_path, 14)


def everything(store: Store) -> dict[str, bytes]:
    """Every file of the lake but what it was made from."""
    return {key: store.read(key) for key in store.keys("lake") if not key.endswith("state.json")}


def anew(store: Store, alive: set[int], folder: Path) -> dict[str, bytes]:
    """What a lake that never was before would be."""
    other = Store(str(folder))
    for key in store.keys("tables"):
        other.write(key, store.read(key))
    lake_files.refresh(other, alive)
    return everything(other)


def rewritten(store: Store, alive: set[int], **options: Any) -> dict[str, tuple[int, int, int]]:
    report = lake_files.refresh(store, alive, **options)
    return {name: (told.rewritten, told.kept, told.removed) for name, told in report.tables.items()}


def change(store: Store, month: str, rows: dict[int, Any]) -> None:
    write_month(store, month, rows, {number: track(number) for number in rows})


def test_only_what_changed_is_made_again(years: tuple[Store, set[int]]) -> None:
    store, alive = years
    months = list(months_of(store, "activities"))
    first = rewritten(store, alive)
    assert first["activities"] == (len(months), 0, 0)
    assert not lake_files.is_current(store, alive | {99}) or lake_files.is_current(store, alive)
    assert lake_files.is_current(store, alive)
    before, mark = everything(store), lake_files.mark(store)
    assert rewritten(store, alive)["activities"] == (0, len(months), 0)
    assert lake_files.mark(store) == mark

    change(store, months[3], {900: activity(900, datetime(2021, 5, 3, tzinfo=UTC))})
    alive.add(900)
    assert not lake_files.is_current(store, alive)
    assert rewritten(store, alive)["activities"] == (1, len(months) - 1, 0)
    assert lake_files.mark(store) != mark
    changed = {key for key, data in everything(store).items() if before.get(key) != data}
    assert changed == {lake_files.key_of(table, months[3]) for table in ("activities", "samples")}
    assert rewritten(store, alive, force=True)["samples"][0] > 1


def test_what_is_gone_is_gone(years: tuple[Store, set[int]]) -> None:
    store, alive = years
    months = list(months_of(store, "activities"))
    lake_files.refresh(store, alive)
    for name in ("activities", "activity_streams"):
        store.delete(key_of(name, months[0]))
    change(store, months[1], {})  # a month that a purge has emptied
    assert rewritten(store, alive)["activities"] == (0, len(months) - 2, 2)
    left = "".join(store.keys("lake"))
    assert months[0] not in left
    assert months[1] not in left
    assert not Path(store.path(f"lake/activities/month={months[0]}")).exists()
    assert rewritten(store, alive)["activities"] == (0, len(months) - 2, 0)


def test_what_the_database_does_not_have_is_not_in_it(years: tuple[Store, set[int]], tmp_path: Path) -> None:
    store, alive = years
    lake_files.refresh(store, alive)
    assert not lake_files.is_current(store, alive - {3})
    report = lake_files.refresh(store, alive - {3})
    assert report.tables["activities"].rows == len(alive) - 1
    assert everything(store) == anew(store, alive - {3}, tmp_path / "other")
    assert lake_files.is_current(store, alive - {3})


def test_a_file_that_was_lost_or_cut_off_is_made_again(years: tuple[Store, set[int]]) -> None:
    store, alive = years
    lake_files.refresh(store, alive)
    before = everything(store)
    lost, cut = sorted(before)[2], sorted(before)[-1]
    store.delete(lost)
    store.write(cut, before[cut][:100])
    store.write("lake/samples/month=1999-01/samples.parquet", b"of somebody else")
    lake_files.refresh(store, alive)
    assert everything(store) == before


@pytest.mark.parametrize("seed", range(3))
def test_step_by_step_gives_the_same_bytes_as_at_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store, alive = some_years(tmp_path, 12)
    months = list(months_of(store, "activities"))
    for number in range(200, 206):
        for _ in range(chance.randrange(3)):
            month = chance.choice(months)
            rows = {
                number * 10 + one: activity(number * 10 + one, datetime(2021, 5, 3, tzinfo=UTC)) for one in range(3)
            }
            alive |= rows.keys()
            change(store, month, dict(chance.sample(sorted(rows.items()), chance.randrange(4))))
        if chance.random() < 0.3:
            alive.discard(chance.choice(sorted(alive)))
        lake_files.refresh(store, alive)
    assert everything(store) == anew(store, alive, tmp_path / "other")


def test_processes_make_the_same_bytes(
    years: tuple[Store, set[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, alive = years
    lake_files.refresh(store, alive)
    with monkeypatch.context() as patched:
        patched.setattr(lake_files, "WORTH_PROCESSES", 0)
        assert everything(store) == anew(store, alive, tmp_path / "other")


def test_a_full_disk_leaves_everything_as_it_was(
    years: tuple[Store, set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, alive = years
    lake_files.refresh(store, alive)
    before = everything(store)
    months = list(months_of(store, "activities"))
    for month in months[:3]:
        change(store, month, {})
    written = []

    def full(table: Any, path: Path, kinds: list[str]) -> int:
        written.append(path)
        if len(written) == 3:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(table, path, kinds)

    write = geoparquet.write
    change(store, months[3], {7000: activity(7000, datetime(2021, 5, 3, tzinfo=UTC))})
    change(store, months[4], {7001: activity(7001, datetime(2021, 6, 3, tzinfo=UTC))})
    alive |= {7000, 7001}
    with monkeypatch.context() as patched:
        patched.setattr(geoparquet, "write", full)
        with pytest.raises(
            StoreUnavailable, match=r"cannot write the lake's \w+ of \d{4}-\d\d: No space left on device"
        ):
            lake_files.refresh(store, alive)
    assert everything(store) == before
    assert list(Path(store.path("lake")).glob(".tmp-*")) == []
    lake_files.refresh(store, alive)
    assert everything(store) != before


def test_a_damaged_month_is_named_and_leaves_everything_as_it_was(years: tuple[Store, set[int]]) -> None:
    store, alive = years
    lake_files.refresh(store, alive)
    before = everything(store)
    months = list(months_of(store, "activities"))
    change(store, months[0], {7000: activity(7000, datetime(2021, 5, 3, tzinfo=UTC))})
    key = key_of("activity_streams", months[2])
    store.write(key, store.read(key)[:-20])
    with pytest.raises(DamagedTable, match=f"materialize --months {months[2]} --force"):
        lake_files.refresh(store, alive | {7000})
    assert everything(store) == before


@pytest.mark.parametrize("step", [0, 1, 3])
def test_killed_at_any_moment_the_next_refresh_ends_the_same(
    years: tuple[Store, set[int]], tmp_path: Path, step: int
) -> None:
    store, alive = years
    lake_files.refresh(store, alive)
    months = list(months_of(store, "activities"))
    for number, month in enumerate(months[:3]):
        change(store, month, {7000 + number: activity(7000 + number, datetime(2021, 5, 3, tzinfo=UTC))})
    alive |= {7000, 7001, 7002}
    child = multiprocessing.get_context("spawn").Process(target=_killed, args=(store.url, alive, step))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert list(Path(store.path("lake")).glob(".tmp-*"))
    if step == 0:
        assert not any(data[-4:] != b"PAR1" for data in everything(store).values())
    lake_files.refresh(store, alive)
    assert everything(store) == anew(store, alive, tmp_path / "other")
    assert list(Path(store.path("lake")).glob(".tmp-*")) == []


def _killed(url: str, alive: set[int], step: int) -> None:
    """Refresh, and die when so many files have got their names."""
    put, left = lake_files._put, [step]

    def die(*arguments: Any) -> None:
        if left[0] == 0:
            os._exit(9)
        left[0] -= 1
        put(*arguments)

    lake_files._put = die
    lake_files.refresh(Store(url), alive)


def test_the_files_are_the_owners_alone(years: tuple[Store, set[int]]) -> None:
    store, alive = years
    lake_files.refresh(store, alive)
    assert Path(store.path("lake")).stat().st_mode & 0o777 == 0o700
