"""The public lake: what the map and the CSVs tell and nothing more; it goes with what it tells of."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strava_assets import geoparquet
from strava_assets.database.connection import queries
from strava_assets.errors import GateOvertaken, GateRefused, StoreUnavailable
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.publish import csv_files, public_lake, topojson_decoder
from strava_assets.publish.gate import Gate
from strava_assets.publish.judging.lakes import KINDS_OF_ACTIVITIES, KINDS_OF_SAMPLES
from strava_assets.publish.paths import csv_path, is_lake, lake_activities_path, lake_samples_path, map_path
from strava_assets.publish.taking_back import withdraw_exposed
from strava_assets.publish.verify import verify
from strava_assets.stores import Store
from strava_assets.withdrawal import withdraw_hidden
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.worlds import ride


@pytest.fixture
def lake(published: Published) -> Published:
    """The same rides, and the public lake switched on."""
    public_lake.publish_lake(published.installation.gate(), True)
    return published


def there(published: Published) -> set[str]:
    gate = published.installation.gate()
    return {path for path in gate.paths() if is_lake(path)}


def sample_files(published: Published) -> list[Path]:
    return [published.root / path for path in sorted(there(published)) if "/samples/" in path]


def features(published: Published) -> list[Any]:
    return topojson_decoder.decode((published.root / map_path(published.athlete)).read_bytes()).features


def findings(published: Published, path: str, data: bytes) -> set[str]:
    return {finding.invariant for finding in published.installation.gate().judge({path: data}).findings}


def test_switched_off_there_is_none_and_nothing_is_asked(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    report = public_lake.publish_lake(published.installation.gate(), False)
    assert (report.files, report.gate.written, there(published)) == (0, 0, set())

    def never(*given: Any, **named: Any) -> Any:
        raise AssertionError("the database was asked for tables that there are not")

    gate = published.installation.gate()
    monkeypatch.setattr(queries(), "public_facts", never)
    assert gate.withdraw([next(path for path in gate.paths() if path.endswith(".csv"))]) == 1


def test_it_tells_what_map_and_csvs_tell(lake: Published) -> None:
    shown = {feature.properties["actID"]: feature for feature in features(lake)}
    activities = geopandas.read_parquet(lake.root / lake_activities_path(lake.athlete))
    assert set(activities["actID"]) == shown.keys()
    for row in activities.itertuples():
        properties = shown[row.actID].properties
        assert row.name == properties["name"]
        assert row.distance == properties["distance"]
        assert row.startDate.isoformat() == properties["startDate"]
        assert row.iso_week_start.weekday() == 0
    samples = geopandas.pd.concat([geopandas.read_parquet(path) for path in sample_files(lake)])
    for activity, rows in samples.groupby("actID"):
        data = (lake.root / lake.athlete / "streams" / f"stream_{activity}.csv").read_bytes()
        decoded = csv_files.decode(data)
        for name, values in decoded.columns.items():
            assert np.array_equal(rows[name].to_numpy(), values, equal_nan=True), name
    assert set(samples["actID"]) == shown.keys()
    assert verify(lake.installation.gate()).findings == []


def test_a_second_time_nothing_is_written_and_anew_the_same_bytes(lake: Published) -> None:
    before = {path: (lake.root / path).read_bytes() for path in there(lake)}
    again = public_lake.publish_lake(lake.installation.gate(), True)
    assert (again.gate.written, again.gate.unchanged, again.gate.withdrawn) == (0, len(before), 0)
    lake.installation.gate().withdraw(before)
    public_lake.publish_lake(lake.installation.gate(), True)
    assert {path: (lake.root / path).read_bytes() for path in there(lake)} == before


def test_switched_off_again_it_is_withdrawn(lake: Published) -> None:
    assert there(lake)
    report = public_lake.publish_lake(lake.installation.gate(), False)
    assert report.gate.withdrawn > 0
    assert there(lake) == set()
    assert not (lake.root / lake.athlete / "lake").exists()
    assert verify(lake.installation.gate()).findings == []


def test_files_tell_no_time_and_are_for_everybody(lake: Published) -> None:
    for path in there(lake):
        status = (lake.root / path).stat()
        assert (status.st_mtime, status.st_mode & 0o777) == (946_684_800, 0o644)
        assert pq.read_metadata(lake.root / path).metadata.keys() == {b"geo"}


def test_what_is_hidden_leaves_its_tables_at_once(lake: Published) -> None:
    before = there(lake)
    with lake.installation.database.transaction() as connection:
        connection.execute("update strava.activity set visibility = 'only_me' where id = 2")
    gone = lake.ids[2][1].encode()
    withdraw_hidden(lake.installation)
    left = there(lake)
    assert lake_activities_path(lake.athlete) not in left
    assert left < before
    for path in left:
        assert gone not in (lake.root / path).read_bytes()
        assert lake.ids[2][1] not in pq.read_table(lake.root / path, partitioning=None)["actID"].to_pylist()
    public_lake.publish_lake(lake.installation.gate(), True)
    assert there(lake) <= before
    assert verify(lake.installation.gate()).findings == []


def test_a_new_zone_takes_the_tables_along(lake: Published) -> None:
    line = features(lake)[0].lines[0]
    lon, lat = line[len(line) // 2]
    zone_store.add(lake.installation.database, [DrawnZone("Aussicht", disc(float(lon), float(lat), 150.0))])
    gate = lake.installation.gate()
    told = withdraw_exposed(gate)
    assert told
    for path in there(lake):
        assert not set(told) & set(pq.read_table(lake.root / path, partitioning=None)["actID"].to_pylist())
    assert verify(lake.installation.gate()).findings == []


def test_a_csv_that_changes_takes_its_table_along(lake: Published) -> None:
    month = sample_files(lake)[0]
    lake.publish([ride(number, seed=number + 100) for number in range(1, 9)])
    assert verify_without_missing(lake) == set()
    assert lake_activities_path(lake.athlete) not in there(lake)
    assert not month.exists()


def verify_without_missing(published: Published) -> set[str]:
    return {finding.invariant for finding in verify(published.installation.gate()).findings}


def test_a_killed_writers_table_that_nobody_remembers_goes_too(lake: Published) -> None:
    with lake.installation.database.transaction() as connection:
        connection.execute("delete from strava.public_object where path like '%/lake/%'")
    gate = lake.installation.gate()
    gate.withdraw([next(path for path in gate.paths() if path.endswith(".csv"))])
    assert not any("/samples/" in path for path in there(lake))


def changed(data: bytes, kinds: list[str], change: Callable[[pa.Table], pa.Table]) -> bytes:
    return geoparquet.encode(change(pq.ParquetFile(io.BytesIO(data)).read()), kinds)


def with_column(name: str, values: Callable[[pa.Table], Any]) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        at = table.column_names.index(name)
        return table.set_column(at, table.schema.field(name), pa.array(values(table), table.schema.field(name).type))

    return change


def first_changed(name: str, value: Any) -> Callable[[pa.Table], pa.Table]:
    return with_column(name, lambda table: [value, *table[name].to_pylist()[1:]])


@pytest.mark.parametrize(
    ("change", "invariant"),
    [
        (first_changed("lat", 47.51), "I13"),
        (first_changed("heartrate", 199.0), "I13"),
        (first_changed("time", 36_000.0), "I13"),
        (first_changed("actID", "f" * 16), "I9"),
        (first_changed("geometry", None), "I13"),
        (first_changed("bbox", {"xmin": 7.0, "ymin": 47.0, "xmax": 8.0, "ymax": 48.0}), "I10"),
        (with_column("startDate", lambda table: [day.replace(day=1) for day in table["startDate"].to_pylist()]), "I13"),
        (lambda table: table.slice(1), "I13"),
        (lambda table: pa.concat_tables([table, table.slice(0, 1)]), "I13"),
        (lambda table: table.append_column("uploaded", pa.array([1] * table.num_rows)), "I7"),
        (lambda table: table.drop_columns(["temp"]), "I7"),
        (lambda table: table.set_column(4, "segment", table["segment"].cast(pa.float32())), "I7"),
    ],
)
def test_a_sample_that_is_not_the_csvs_is_found(lake: Published, change: Any, invariant: str) -> None:
    path = sample_files(lake)[0]
    name = path.relative_to(lake.root).as_posix()
    assert findings(lake, name, path.read_bytes()) == set()
    assert invariant in findings(lake, name, changed(path.read_bytes(), KINDS_OF_SAMPLES, change))


@pytest.mark.parametrize(
    ("change", "invariant"),
    [
        (first_changed("distance", 12_345.6), "I13"),
        (first_changed("name", "Home sweet home"), "I13"),
        (first_changed("private", True), "I13"),
        (first_changed("actID", "f" * 16), "I9"),
        (with_column("geometry", lambda table: table["geometry"].to_pylist()[::-1]), "I11"),
        (lambda table: table.slice(1), "I13"),
        (first_changed("bbox", {"xmin": 7.0, "ymin": 47.0, "xmax": 8.0, "ymax": 48.0}), "I10"),
    ],
)
def test_a_row_that_is_not_the_maps_is_found(lake: Published, change: Any, invariant: str) -> None:
    name = lake_activities_path(lake.athlete)
    data = (lake.root / name).read_bytes()
    assert findings(lake, name, data) == set()
    assert invariant in findings(lake, name, changed(data, KINDS_OF_ACTIVITIES, change))


def told_beside(data: bytes, told: dict[str, str], **options: Any) -> bytes:
    file = pq.ParquetFile(io.BytesIO(data))
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, file.schema_arrow, **options) as writer:
        writer.write_table(file.read())
        writer.add_key_value_metadata({"geo": file.metadata.metadata[b"geo"].decode(), **told})
    return sink.getvalue()


def test_bytes_that_tell_something_beside_the_rows_are_found(lake: Published) -> None:
    path = sample_files(lake)[0]
    name, data = path.relative_to(lake.root).as_posix(), path.read_bytes()
    for other in (
        told_beside(data, {"written": "2024-05-01T06:00:00Z"}, store_schema=False),
        told_beside(data, {"pandas": "{}"}, store_schema=False),
        told_beside(data, {}),
        told_beside(data, {}, store_schema=False, compression="snappy"),
        data[:4] + b"47.5,7.6" + data[4:],
        data.replace(b'"version":"1.1.0"', b'"version":"1.1.7"'),
    ):
        assert findings(lake, name, other) == {"I7"}
    for broken in (b"", b"PAR1", data[:-30], b"PAR1" + b"\0" * 100 + b"PAR1"):
        assert findings(lake, name, broken) == {"I7"}


def test_a_table_with_a_hidden_place_does_not_pass_even_if_its_csv_had_it(lake: Published) -> None:
    """Rules of now, bytes of before: what the gate would refuse of a CSV it refuses of a table."""
    path = sample_files(lake)[0]
    name, data = path.relative_to(lake.root).as_posix(), path.read_bytes()
    table = pq.read_table(path, partitioning=None)
    lon, lat = (table[column].drop_null()[10].as_py() for column in ("lng", "lat"))
    zone_store.add(lake.installation.database, [DrawnZone("Aussicht", disc(lon, lat, 150.0))])
    assert "I2" in findings(lake, name, data)
    activities = lake_activities_path(lake.athlete)
    assert "I1" in findings(lake, activities, (lake.root / activities).read_bytes())


def test_other_names_below_the_lake_are_no_public_files(lake: Published) -> None:
    data = sample_files(lake)[0].read_bytes()
    for name in ("lake/samples/samples.parquet", "lake/samples/month=2024-05/other.parquet", "lake/state.json"):
        assert findings(lake, f"{lake.athlete}/{name}", data) == {"I7"}
    assert "I13" in findings(lake, lake_samples_path(lake.athlete, "1999-01"), data)


def test_what_was_put_there_by_somebody_else_is_told_of(lake: Published) -> None:
    path = sample_files(lake)[0]
    path.chmod(0o600)
    path.write_bytes(changed(path.read_bytes(), KINDS_OF_SAMPLES, first_changed("heartrate", 199.0)))
    os.utime(path, (946_684_800, 946_684_800))
    path.chmod(0o644)
    assert {"I12", "I13"} <= verify_without_missing(lake)


def test_a_csv_that_is_withdrawn_while_its_table_is_made_is_in_none(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Gate._judged

    def meanwhile(self: Gate, objects: Any) -> Any:
        judged = judge(self, objects)
        if any("/samples/" in path for path in objects):
            other = published.installation.gate()
            other.withdraw([path for path in other.paths() if path.endswith(f"stream_{published.ids[2][1]}.csv")])
        return judged

    monkeypatch.setattr(Gate, "_judged", meanwhile)
    with pytest.raises((GateOvertaken, GateRefused)):
        public_lake.publish_lake(published.installation.gate(), True)
    assert not any("/samples/" in path for path in there(published))


@pytest.mark.parametrize("table", ["/activities/", "/samples/"])
def test_a_ride_that_is_hidden_while_a_table_is_made_is_in_none(
    published: Published, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """The map shows it still: whoever hid it has not withdrawn it yet."""
    judge = Gate._judged

    def meanwhile(self: Gate, objects: Any) -> Any:
        judged = judge(self, objects)
        if any(f"/lake{table}" in path for path in objects):
            with published.installation.database.transaction() as connection:
                connection.execute("update strava.activity set visibility = 'only_me' where id = 2")
        return judged

    monkeypatch.setattr(Gate, "_judged", meanwhile)
    with pytest.raises(GateOvertaken):
        public_lake.publish_lake(published.installation.gate(), True)
    assert not any(f"/lake{table}" in path for path in there(published))


def test_a_csv_that_changes_while_its_table_is_made_is_made_anew(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, left = Gate._judged, [1]

    def meanwhile(self: Gate, objects: Any) -> Any:
        judged = judge(self, objects)
        if any("/samples/" in path for path in objects) and left[0]:
            left[0] = 0
            other = published.installation.gate()
            csv = csv_path(*published.ids[3])
            head, *rows = other.read(csv).decode().splitlines()
            rows[-1] = f"{rows[-1].rpartition(',')[0]},{rows[-2].rpartition(',')[2]}0"  # another last cell
            other.publish({csv: "\n".join([head, *rows, ""]).encode()}, activities={csv: 3})
        return judged

    monkeypatch.setattr(Gate, "_judged", meanwhile)
    public_lake.publish_lake(published.installation.gate(), True)
    assert left == [0]
    assert sample_files(published)
    assert verify(published.installation.gate()).findings == []


def test_without_any_zone_there_is_no_table(lake: Published) -> None:
    path = sample_files(lake)[0]
    gate = lake.installation.gate()
    gate.rules = dataclasses.replace(gate.rules, zones=[])
    told = gate.judge({path.relative_to(lake.root).as_posix(): path.read_bytes()})
    assert "I16" in {finding.invariant for finding in told.findings}


@pytest.mark.parametrize("table", ["/lake/activities/", "/lake/samples/"])
def test_a_table_that_could_not_be_deleted_keeps_no_csv_and_goes_with_the_next_withdrawal(
    lake: Published, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    line = features(lake)[0].lines[0]
    lon, lat = line[len(line) // 2]
    zone_store.add(lake.installation.database, [DrawnZone("Aussicht", disc(float(lon), float(lat), 150.0))])
    delete = Store.delete

    def refuse_tables(store: Store, key: str) -> None:
        if table in key:
            raise StoreUnavailable(f"cannot delete {key}")
        delete(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "delete", refuse_tables)
        with pytest.raises(StoreUnavailable):
            withdraw_exposed(lake.installation.gate())
    left = {path for path in lake.installation.gate().paths() if path.endswith(".csv")}
    withdraw_exposed(lake.installation.gate())
    csvs = {path for path in lake.installation.gate().paths() if path.endswith(".csv")}
    assert csvs == left
    for path in there(lake):
        shown = pq.read_table(lake.root / path, partitioning=None)["actID"].to_pylist()
        assert {csv_path(lake.athlete, activity) for activity in shown} <= csvs
