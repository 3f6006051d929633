"""The DuckDB file: the lake's figures, whole or as it was, whoever looks at it meanwhile."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb as engine
import polars
import pytest

from strava_assets.errors import SettingsError, StoreUnavailable
from strava_assets.stores import Store
from strava_assets.tables import months_of
from strava_assets.warehouse import asking, charts, duckdb, lake_files
from strava_assets.warehouse.lake import SAMPLES
from strava_assets_tests.warehouse.histories import activity, measure, some_years, track, write_month
from strava_assets_tests.warehouse.recomputed import assert_same_figures

MANUAL = Path(__file__).parents[2] / "docs" / "warehouse.md"


@pytest.fixture
def loaded(tmp_path: Path) -> tuple[Store, Path, set[int]]:
    """Some years in a folder whose name is a glob and a quotation, refreshed and loaded."""
    folder = tmp_path / "it's [mine]*"
    store, alive = some_years(folder)
    lake_files.refresh(store, alive)
    measure(store)
    path = folder / "warehouse.duckdb"
    duckdb.load(store, path)
    return store, path, alive


def one(store: Store, path: Path, question: str) -> Any:
    with duckdb.reading(store, path) as connection:
        found = connection.execute(question).fetchone()
        assert found is not None
        return found[0] if len(found) == 1 else found


def test_weeks_and_quarters_are_those_that_pandas_adds_up(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, _ = loaded
    with duckdb.reading(store, path) as connection:
        assert assert_same_figures(connection, store) > 80


def test_polars_adds_up_the_same_weeks_and_quarters_from_the_lake(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, _ = loaded
    files = [store.path(key) for key in store.keys("lake/activities")]
    rows = polars.read_parquet(files, glob=False)
    known = polars.col("average_watts").is_not_null()
    moving = polars.col("moving_time")
    for period, view in (("iso_week_start", "weekly"), ("quarter_start", "quarterly")):
        keys = [period, "athlete_id", "sport_type"]
        theirs = rows.group_by(keys).agg(
            polars.len(),
            polars.col("distance").sum(),
            moving.sum(),
            ((polars.col("average_watts") * moving).sum() / moving.filter(known).sum()).alias("average_watts"),
        )
        with duckdb.reading(store, path) as connection:
            ours = connection.execute(
                f"select {', '.join(keys)}, activities, distance, moving_time, average_watts from {view}"
            ).fetchall()
        told = {row[:3]: row[3:] for row in theirs.rows()}
        assert told.keys() == {row[:3] for row in ours}
        for row in ours:
            watts = told[row[:3]][-1]
            assert row[3:6] == pytest.approx(told[row[:3]][:-1])
            assert row[6] is None if math.isnan(watts) else row[6] == pytest.approx(watts)


def test_every_view_answers_and_adds_up_to_the_whole(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, alive = loaded
    distance = one(store, path, "select sum(distance) from strava_activities")
    for view in duckdb.views():
        assert one(store, path, f"select count(*) from {view}") > 0, view
    for view in ("weekly", "quarterly", "yearly", "by_gear", "running_totals"):
        assert one(store, path, f"select sum(distance) from {view}") == pytest.approx(distance), view
    for view in ("weekly", "quarterly", "yearly", "by_gear", "running_totals"):
        assert one(store, path, f"select sum(activities) from {view}") == len(alive), view
    last = "qualify row_number() over (partition by athlete_id, sport_type order by start_date desc) = 1"
    assert one(store, path, f"select sum(distance_so_far) from (select * from running_totals {last})") == pytest.approx(
        distance
    )
    change, before, now = one(
        store,
        path,
        "select watts_change, lag(average_watts) over (partition by athlete_id, sport_type order by iso_week_start) "
        "as before, average_watts from weekly qualify before is not null and average_watts is not null limit 1",
    )
    assert change == pytest.approx(now - before)


def test_samples_and_tracks_are_asked_where_they_lie(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, alive = loaded
    months = months_of(store, "activity_streams")
    rows = sum(months[month].num_rows for month in months)
    assert one(store, path, "select count(*), count(distinct month) from strava_samples") == (rows, len(months))
    assert one(store, path, "select count(*) from strava_tracks") == len(alive)
    assert one(store, path, "select count(geometry) from strava_tracks") == len(alive) - 2
    assert one(
        store, path, "select st_astext(geometry) from strava_samples where geometry is not null limit 1"
    ).startswith("POINT (")
    assert path.stat().st_size < 3_000_000


def test_a_history_without_anything_has_the_same_tables(tmp_path: Path, loaded: tuple[Store, Path, set[int]]) -> None:
    store = Store(str(tmp_path / "empty"))
    lake_files.refresh(store, set())
    path = tmp_path / "empty.duckdb"
    assert set(duckdb.load(store, path).rows.values()) == {0}
    columns = "select table_name, column_name, data_type from information_schema.columns order by all"
    with duckdb.reading(store, path) as connection:
        nothing = connection.execute(columns).fetchall()
        assert connection.execute("select count(*) from weekly").fetchone() == (0,)
        assert connection.execute("select count(*) from strava_samples").fetchone() == (0,)
    with duckdb.reading(loaded[0], loaded[1]) as connection:
        some = connection.execute(columns).fetchall()
    assert [row[:2] for row in nothing] == [row[:2] for row in some]
    odd = [(a, b) for a, b in zip(nothing, some, strict=True) if a != b]
    assert {(a[2], b[2]) for a, b in odd} <= {("GEOMETRY", "GEOMETRY('OGC:CRS84')")}


def test_it_is_loaded_again_only_where_the_lake_moved_on(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, alive = loaded
    inode = path.stat().st_ino
    assert not duckdb.load(store, path).loaded
    assert path.stat().st_ino == inode
    write_month(store, "2030-01", {999: activity(999, datetime(2030, 1, 5, tzinfo=UTC))}, {999: track(999)})
    lake_files.refresh(store, alive | {999})
    assert not duckdb.is_current(store, path)
    report = duckdb.load(store, path)
    assert report.loaded
    assert report.rows["strava_activities"] == len(alive) + 1
    # nor is it as it was where only what was measured is other
    measure(store)
    assert not duckdb.is_current(store, path)
    assert duckdb.load(store, path).rows["activity_efforts"] > report.rows["activity_efforts"]
    assert one(store, path, "select count(*) from strava_samples where month = '2030-01'") == 40


def test_another_process_knows_that_nothing_moved_on(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, _ = loaded
    code = (
        "import sys; from pathlib import Path; from strava_assets.stores import Store; "
        "from strava_assets.warehouse import duckdb; "
        "print(duckdb.is_current(Store(sys.argv[1]), Path(sys.argv[2])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, store.url, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"


def test_it_is_the_owners_alone(loaded: tuple[Store, Path, set[int]]) -> None:
    assert loaded[1].stat().st_mode & 0o777 == 0o600


def test_somebody_who_reads_it_is_no_hindrance(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, alive = loaded
    reader = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    assert duckdb.load(store, path, force=True).rows["strava_activities"] == len(alive)
    reader.communicate("")
    assert one(store, path, "select count(*) from strava_activities") == len(alive)


def test_what_cannot_be_written_is_said_and_leaves_the_old_one(
    loaded: tuple[Store, Path, set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, path, alive = loaded

    def full(source: Path, target: Path) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(StoreUnavailable, match="No space left on device"):
            duckdb.load(store, path, force=True)
    assert one(store, path, "select count(*) from strava_activities") == len(alive)
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".tmp-")] == []


def test_a_lake_that_cannot_be_read_leaves_the_old_one(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, alive = loaded
    key = next(key for key in store.keys("lake/activities"))
    store.write(key, b"PAR1 no more")
    with pytest.raises(StoreUnavailable, match=r"cannot write warehouse\.duckdb"):
        duckdb.load(store, path, force=True)
    assert one(store, path, "select count(*) from strava_activities") == len(alive)


def test_a_warehouse_that_is_damaged_is_made_again(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, alive = loaded
    path.write_bytes(b"not DuckDB's" * 400)
    assert duckdb.load(store, path).rows["strava_activities"] == len(alive)


def test_there_may_be_none_yet(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="strava-assets materialize"):
        one(Store(str(tmp_path)), tmp_path / "warehouse.duckdb", "select 1")


def test_a_bucket_is_as_good_as_a_folder(loaded: tuple[Store, Path, set[int]], s3: str, tmp_path: Path) -> None:
    store, path, alive = loaded
    bucket = Store("s3://private-rides/deep/below")
    for key in store.keys("tables"):
        bucket.write(key, store.read(key))
    lake_files.refresh(bucket, alive)
    there = [key for key in store.keys("lake") if not key.endswith("state.json")]
    assert {key: bucket.read(key) for key in there} == {key: store.read(key) for key in there}
    assert lake_files.is_current(bucket, alive)
    fresh = tmp_path / "from-bucket.duckdb"
    duckdb.load(bucket, fresh)
    for question in ("select sum(distance) from weekly", "select count(*), sum(watts) from strava_samples"):
        assert one(bucket, fresh, question) == one(store, path, question)


def test_views_are_sql_that_others_understand_too() -> None:
    assert {"weekly", "quarterly", "yearly", "by_gear", "running_totals"} <= duckdb.views().keys()
    for name, text in duckdb.views().items():
        assert not set("[]{}") & set(text), name
        assert "::" not in text, name


def test_the_questions_of_the_manual_are_answered(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, _ = loaded
    manual = MANUAL.read_text().split("## Opening the lake elsewhere")
    questions = re.findall(r"```sql\n(.*?)```", manual[0], re.DOTALL)
    assert len(questions) == 3
    with duckdb.reading(store, path) as connection:
        for question in questions:
            assert asking.ask(connection, question).columns
        named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", manual[0], re.MULTILINE))))
        there = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}
    assert named == there - {"strava_assets_made_from"}
    # what is typed for Athena has the files' columns, in their order
    athena = manual[1].split("create external table samples (")[1].split("partitioned by")[0]
    athena = re.sub(r"struct<.*?>", "struct", athena)
    assert [part.split()[0].strip("`") for part in athena.split(",")] == SAMPLES.schema.names


def test_only_questions_are_answered(loaded: tuple[Store, Path, set[int]], tmp_path: Path) -> None:
    store, path, _ = loaded
    target = tmp_path / "out.csv"
    with duckdb.reading(store, path) as connection:
        for question in ("select 1", "from weekly", "show tables", "summarize weekly", "explain analyze from weekly"):
            assert asking.ask(connection, question).rows, question
        for deed in (
            "drop table strava_activities",
            f"copy (select 1) to '{target}'",
            f"explain analyze copy (select 1) to '{target}'",
            f"explain (format json) copy (select 1) to '{target}'",
            "attach ':memory:' as other",
            "set memory_limit = '1GB'",
            "create table x as select 1",
        ):
            with pytest.raises(SettingsError, match="can only be asked"):
                asking.ask(connection, deed)
        for wrong, said in (
            ("select wats from weekly", "wats"),
            ("selekt 1", "syntax error"),
            ("select 1; select 2", "one question at a time"),
            ("  ", "no question"),
            ("select * from nothing", "nothing"),
        ):
            with pytest.raises(SettingsError, match=said) as told:
                asking.ask(connection, wrong)
            assert len(str(told.value).splitlines()) == 1
    assert not target.exists()


def test_answers_have_three_forms() -> None:
    with engine.connect() as connection:
        answer = asking.ask(
            connection, "select 1.5 as n, null as nothing, 'a,\"b\"' as said, date '2024-05-01' as day, 'x'::blob as b"
        )
        assert asking.ask(connection, "from range(10)", most=3).more
        assert not asking.ask(connection, "from range(3)", most=3).more
        places = asking.ask(connection, "select 'POINT(7.5 47)'::geometry as place union all select null order by all")
    assert "".join(asking.as_csv([answer])) == 'n,nothing,said,day,b\n1.5,,"a,""b""",2024-05-01,78\n'
    assert "".join(asking.as_json([answer])) == (
        '[\n{"n": 1.5, "nothing": null, "said": "a,\\"b\\"", "day": "2024-05-01", "b": "78"}\n]\n'
    )
    assert places.rows == [["POINT (7.5 47)"], [None]]
    assert len(asking.as_cells(asking.Answer(["track"], [["x" * 10_000]]))[0][0]) < 200
    assert "".join(asking.as_json([asking.Answer(["n"], [])])) == "[]\n"
    assert asking.as_cells(answer) == [["1.5", "", 'a,"b"', "2024-05-01", "1 bytes"]]


def test_what_csv_and_json_have_no_type_for_is_told_so_that_other_programs_read_it() -> None:
    question = (
        "select true as yes, 'nan'::double as none, 12345678901234567.25::decimal(20, 2) as exact, "
        "[date '2024-05-01', null] as days, {'xmin': 5.25::float, 'on': date '2024-05-01'} as box, "
        "map {date '2024-05-01': 1e999::double} as by_day"
    )
    with engine.connect() as connection:
        (row,) = csv.DictReader(io.StringIO("".join(asking.as_csv(asking.blocks(connection, question)))))
        (told,) = json.loads("".join(asking.as_json(asking.blocks(connection, question))), parse_constant=pytest.fail)
        (cells,) = asking.as_cells(asking.ask(connection, question))
    box = {"xmin": 5.25, "on": "2024-05-01"}
    assert (row["yes"], row["exact"]) == ("true", "12345678901234567.25")
    assert (json.loads(row["days"]), json.loads(row["box"])) == (["2024-05-01", None], box)
    assert told["days"] == ["2024-05-01", None]
    assert (told["none"], told["box"], told["by_day"]) == (None, box, {"2024-05-01": None})
    assert cells[-2] == "{xmin: 5.25, on: 2024-05-01}"


def test_a_long_answer_leaves_in_blocks_and_whole() -> None:
    with engine.connect() as connection:
        answers = list(asking.blocks(connection, "from range(25)", rows=10))
        assert [len(answer.rows) for answer in answers] == [10, 10, 5]
        assert "".join(asking.as_csv(answers)) == "range\n" + "".join(f"{number}\n" for number in range(25))
        assert json.loads("".join(asking.as_json(answers))) == [{"range": number} for number in range(25)]
        assert "".join(asking.as_csv(asking.blocks(connection, "from range(0)"))) == "range\n"


def test_ctrl_c_stops_a_question_that_would_take_years() -> None:
    script = """
import duckdb
from strava_assets.warehouse import asking

with duckdb.connect() as connection:
    print("asking", flush=True)
    try:
        asking.ask(connection, "select count(*) from range(1e9::bigint) a, range(1e9::bigint) b "
            "where a.range > b.range")
    except KeyboardInterrupt:
        print("stopped", asking.ask(connection, "select 42").rows)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "asking\n"
        time.sleep(0.5)  # into the question; before it, it would do as well
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[0] == "stopped [(42,)]\n"
    finally:
        process.kill()


def test_charts_show_the_newest_periods(loaded: tuple[Store, Path, set[int]]) -> None:
    store, path, _ = loaded
    with duckdb.reading(store, path) as connection:
        weeks = charts.periods(connection, "iso_week_start", 5)
        newest = connection.execute("select max(iso_week_start) from weekly").fetchone()
        hours = connection.execute("select sum(moving_time) / 3600 from weekly").fetchone()
        everything = charts.periods(connection, "iso_week_start", 10_000)
    assert newest is not None
    assert hours is not None
    assert [week.start for week in weeks] == sorted(week.start for week in weeks)
    assert (len(weeks), weeks[-1].start) == (5, newest[0])
    assert sum(week.hours for week in everything) == pytest.approx(hours[0])
    drawn = charts.bars_svg(everything, "by week")
    assert drawn.count("z") >= len(everything)
    assert "NaN" not in drawn
    assert len(charts.bars_svg(everything[-charts.WEEKS :], "by week")) < 12_000
    assert charts.bars_svg([], "nothing").endswith("</svg>")
