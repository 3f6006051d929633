"""The lake's tables: every sample and figure is there, in a form that others open."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import geopandas
import numpy as np
import polars
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import shapely

from strava_assets import geoparquet
from strava_assets.privacy import geodesy
from strava_assets.schema import STREAMS
from strava_assets.stores import Store
from strava_assets.tables import months_of
from strava_assets.warehouse import lake_files, tracks
from strava_assets.warehouse.lake import ACTIVITIES, FIGURES, SAMPLES, TABLES
from strava_assets_tests.warehouse.histories import activity, some_years, track, write_month


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Some years, refreshed."""
    store, alive = some_years(tmp_path_factory.mktemp("lake"))
    lake_files.refresh(store, alive)
    return store


def files(store: Store, table: str) -> list[Path]:
    return [Path(store.path(key)) for key in store.keys(f"lake/{table}")]


def test_every_sample_is_in_it_as_it_was_recorded(lake: Store) -> None:
    channels = [name for name in STREAMS.names if name != "moving"]
    months = months_of(lake, "activity_streams")
    for month in months:
        typed = months[month].select(channels).sort_by([("activity_id", "ascending"), ("sample", "ascending")])
        key = lake_files.key_of("samples", month)
        if key not in lake.keys("lake"):
            assert typed.num_rows == 0
            continue
        found = pq.ParquetFile(lake.path(key)).read()
        assert found.schema.equals(SAMPLES.schema)
        # one activity's samples are together, in recorded order
        ids, sample = (found[name].to_numpy() for name in ("activity_id", "sample"))
        assert len(np.flatnonzero(np.diff(ids))) + 1 == len(set(ids.tolist()))
        assert (np.diff(sample)[np.diff(ids) == 0] == 1).all()
        assert found.select(channels).sort_by([("activity_id", "ascending"), ("sample", "ascending")]).equals(typed)


def test_a_sample_is_a_point_where_it_has_a_position(lake: Store) -> None:
    for path in files(lake, "samples"):
        found = pq.ParquetFile(path).read()
        points = shapely.from_wkb(found["geometry"].to_numpy(zero_copy_only=False))
        lon, lat = found["lng"].to_numpy(), found["lat"].to_numpy()
        assert (np.isnan(lon) == (points == None)).all()  # noqa: E711
        known = np.isfinite(lon)
        assert (shapely.get_coordinates(points[known]) == np.column_stack([lon[known], lat[known]])).all()
        boxes = [
            pc.struct_field(found["bbox"], corner).to_numpy()[known] for corner in ("xmin", "ymin", "xmax", "ymax")
        ]
        assert (boxes[0] <= lon[known]).all()
        assert (boxes[1] <= lat[known]).all()
        assert (boxes[2] >= lon[known]).all()
        assert (boxes[3] >= lat[known]).all()
        assert found["bbox"].null_count == (~known).sum()


def test_the_metadata_is_geoparquets_and_nothing_else(lake: Store) -> None:
    for table in TABLES:
        for path in files(lake, table.name):
            file = pq.ParquetFile(path)
            assert file.metadata.metadata.keys() == {b"geo"}
            geo = json.loads(file.metadata.metadata[b"geo"])
            assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
            (column,) = geo["columns"].values()
            assert column["encoding"] == "WKB"
            assert column["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}
            assert column["geometry_types"] == table.kinds
            assert column["covering"] == {"bbox": {c: ["bbox", c] for c in ("xmin", "ymin", "xmax", "ymax")}}
            assert all(
                file.metadata.row_group(0).column(at).compression == "ZSTD" for at in range(file.metadata.num_columns)
            )
            bounds = geopandas.read_parquet(path).total_bounds
            if "bbox" in column:
                assert column["bbox"] == pytest.approx(bounds.tolist(), abs=2e-5)


def test_days_are_those_of_the_clock_there(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "private"))
    new_year = datetime(2024, 12, 31, 23, 30, tzinfo=UTC)
    rows = {
        1: activity(1, new_year, utc_offset=3600.0),
        2: activity(2, new_year, utc_offset=-3600.0),
        3: activity(3, new_year, utc_offset=None),
        4: activity(4, datetime(2024, 12, 30, 0, 30, tzinfo=UTC), utc_offset=-3600.0),
    }
    write_month(store, "2024-12", rows, {})
    lake_files.refresh(store, set(rows))
    found = {row["activity_id"]: row for row in pq.read_table(files(store, "activities")[0]).to_pylist()}
    days = {number: (row["start_date"], row["iso_week_start"], row["quarter_start"]) for number, row in found.items()}
    assert days == {
        1: (date(2025, 1, 1), date(2024, 12, 30), date(2025, 1, 1)),
        2: (date(2024, 12, 31), date(2024, 12, 30), date(2024, 10, 1)),
        3: (date(2024, 12, 31), date(2024, 12, 30), date(2024, 10, 1)),
        4: (date(2024, 12, 29), date(2024, 12, 23), date(2024, 10, 1)),
    }


def test_what_is_near_is_near_in_the_file(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "private"))
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    places = [(7.6, 47.5), (-70.1, -33.4), (7.7, 47.6), (151.2, -33.9), (7.5, 47.4), (-70.2, -33.5)]
    rows = {number: activity(number, noon) for number in range(len(places))}
    write_month(store, "2024-05", rows, {n: track(n, lon=lon, lat=lat) for n, (lon, lat) in enumerate(places)})
    lake_files.refresh(store, set(rows))
    for table in TABLES:
        ids = pq.read_table(files(store, table.name)[0])["activity_id"].to_pylist()
        kinds = [("Basel", "Santiago", "Basel", "Sydney", "Basel", "Santiago")[number] for number in dict.fromkeys(ids)]
        runs = [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] != kind]
        assert len(runs) == 3, kinds


def test_a_track_keeps_to_its_positions() -> None:
    count = 400
    rides = [track(number, count, lat=lat) for number, lat in enumerate((0.0, 47.5, 80.0, -63.0))]
    lon, lat = (np.concatenate([ride[name] for ride in rides]) for name in ("lng", "lat"))
    owner = np.repeat(np.arange(len(rides)), count)
    drawn = tracks.lines(owner, lon, lat, len(rides))
    for number, line in enumerate(drawn):
        known = (owner == number) & np.isfinite(lon)
        here, there = lon[known], lat[known]
        assert list(line.coords[0]) == [here[0], there[0]]
        assert list(line.coords[-1]) == [here[-1], there[-1]]
        scale = np.array([np.cos(np.radians(there.mean())), 1.0])
        flat = shapely.transform(line, lambda xy, scale=scale: xy * scale)
        away = shapely.distance(flat, shapely.points(np.column_stack([here, there]) * scale)) * 111_320
        assert away.max() <= tracks.TOLERANCE * 1.01
        assert set(map(tuple, shapely.get_coordinates(line))) <= set(zip(here, there, strict=True))


def test_a_track_over_the_antimeridian_is_in_parts() -> None:
    lon = np.array([179.8, 179.9, -179.9, -179.8, 179.95, 179.9, 1.0, 1.1])
    lat = np.array([10.0, 10.0, 10.2, 10.4, 10.5, 10.6, 5.0, 5.0])
    crossing, plain, nothing = tracks.lines(np.array([0] * 6 + [1] * 2), lon, lat, 3)
    assert nothing is None
    assert plain.geom_type == "LineString"
    assert crossing.geom_type == "MultiLineString"
    assert [line.bounds[::2] for line in crossing.geoms] == [(179.8, 180.0), (-180.0, -179.8), (179.9, 180.0)]
    first, second, _ = crossing.geoms
    assert first.coords[-1] == pytest.approx((180.0, 10.1))
    assert second.coords[0] == pytest.approx((-180.0, 10.1))
    # nothing is as long as the way round the globe
    lengths = [geodesy.step_lengths(*np.array(line.coords).T).sum() for line in crossing.geoms]
    assert max(lengths) < 100_000


@pytest.mark.parametrize(
    ("lon", "drawn"),
    [([np.nan, np.nan], None), ([7.5, np.nan], None), ([7.5, 7.5], "LINESTRING (7.5 47, 7.5 47)"), ([], None)],
)
def test_few_positions_are_a_line_only_where_there_are_two(lon: list[float], drawn: str | None) -> None:
    places = np.array(lon)
    (found,) = tracks.lines(np.zeros(len(lon), int), places, np.where(np.isnan(places), np.nan, 47.0), 1)
    assert (None if found is None else found.wkt) == drawn


def test_duckdb_polars_and_geopandas_open_it_and_count_alike(lake: Store) -> None:
    for table in TABLES:
        folder = lake.path(f"lake/{table.name}")
        numbers = "average_watts" if table is ACTIVITIES else "watts"
        expected = [pq.ParquetFile(path).read([numbers, "geometry"]) for path in files(lake, table.name)]
        rows = sum(one.num_rows for one in expected)
        placed = rows - sum(one["geometry"].null_count for one in expected)
        total = sum(pc.sum(one[numbers]).as_py() or 0 for one in expected)

        found = duckdb.execute(
            f"select count(*), count(geometry), sum({numbers}), count(distinct month), any_value(typeof(geometry)) "
            f"from read_parquet('{folder}/*/*.parquet', hive_types = {{'month': varchar}})"
        ).fetchone()
        assert found is not None
        assert found[:4] == (rows, placed, pytest.approx(total), len(expected))
        assert found[4] == "GEOMETRY('OGC:CRS84')"

        frame = polars.scan_parquet(f"{folder}/*/*.parquet", hive_partitioning=True).select(
            polars.len(),
            polars.col("geometry").count(),
            polars.col(numbers).sum().alias("n"),
            polars.col("month").n_unique(),
        )
        assert frame.collect().row(0) == (rows, placed, pytest.approx(total), len(expected))

        opened = geopandas.GeoDataFrame(
            geopandas.pd.concat([geopandas.read_parquet(f) for f in files(lake, table.name)])
        )
        assert (len(opened), int(opened.geometry.notna().sum())) == (rows, placed)
        assert opened.crs.to_authority() == ("OGC", "CRS84")
        assert opened[numbers].sum() == pytest.approx(total)


def test_geopandas_finds_by_box_what_lies_there(lake: Store) -> None:
    for path in files(lake, "samples")[:5]:
        whole = geopandas.read_parquet(path)
        whole = whole[whole.geometry.notna()]
        lon, lat = whole.geometry.x.median(), whole.geometry.y.median()
        box = (lon - 1e-3, lat - 1e-3, lon + 1e-3, lat + 1e-3)
        found = geopandas.read_parquet(path, bbox=box)
        wanted = whole.cx[box[0] : box[2], box[1] : box[3]]
        assert set(found["sample"]) >= set(wanted["sample"])
        assert len(found) < len(whole) or len(wanted) == len(whole)


def test_places_on_a_curve_are_the_same_in_every_file() -> None:
    lon, lat = np.array([7.6, np.nan, -70.0, 7.6]), np.array([47.5, np.nan, -33.0, 47.5])
    whole = geoparquet.along_curve(lon, lat)
    assert whole[0] == whole[3] == geoparquet.along_curve(lon[:1], lat[:1])[0]
    assert whole.argmax() == 1


def test_every_column_says_what_it_is() -> None:
    for table in TABLES:
        assert list(table.notes) == table.schema.names
        assert table.partitioned_by in table.columns
        assert set(table.clustered_by) <= table.columns.keys()


def test_where_the_source_has_no_figures_they_are_the_recordings_own(tmp_path: Path) -> None:
    """As of a plain GPX file: an hour at 5 m/s northwards, with a stop of ten minutes."""
    store = Store(str(tmp_path))
    seconds = np.arange(3600.0)
    metres = 5.0 * np.where(seconds < 1500, seconds, np.maximum(1500, seconds - 600))
    channels = {
        "time": seconds,
        "distance": np.full(3600, np.nan),
        "lat": 47.5 + metres / 111_190.0,
        "lng": np.full(3600, 7.6),
        "heartrate": np.where(seconds < 1800, 120.0, 140.0),
    }
    nothing = {**dict.fromkeys(FIGURES), "positions": 3600}
    start = datetime(2024, 5, 4, 8, tzinfo=UTC)
    told = activity(2, start, **{**nothing, "distance": 1.0, "moving_time": 2.0})
    write_month(store, "2024-05", {1: activity(1, start, **nothing), 2: told}, {1: channels, 2: channels})
    lake_files.refresh(store, {1, 2})
    rows = {row["activity_id"]: row for row in polars.read_parquet(tmp_path / "lake/activities/*/*.parquet").to_dicts()}
    assert rows[1]["distance"] == pytest.approx(15_000, rel=0.003)
    assert rows[1]["elapsed_time"] == 3599
    assert rows[1]["moving_time"] == pytest.approx(3000, abs=10)
    assert rows[1]["average_speed"] == pytest.approx(5, rel=0.01)
    assert rows[1]["average_heartrate"] == pytest.approx(130, abs=2)
    assert rows[1]["average_watts"] is None
    # what the source says stands, whatever its samples say
    assert (rows[2]["distance"], rows[2]["moving_time"], rows[2]["elapsed_time"]) == (1.0, 2.0, None)
