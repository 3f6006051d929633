"""PostGIS holds the history for QGIS, and what is drawn there hides; on a real PostGIS, where one is installed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import geopandas
import psycopg
import pytest
import shapely
from dagster._utils.error import serializable_error_info_from_exc_info
from sqlalchemy import NullPool, create_engine

from strava_assets.doctor import examine
from strava_assets.errors import SettingsError, StoreUnavailable, ZoneFileError
from strava_assets.installation import Installation, open_installation
from strava_assets.privacy import cut_shapes, masked, zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.purge import purge_athlete
from strava_assets.tables import encode, key_of
from strava_assets.warehouse import upkeep
from strava_assets_tests.benchmarks.postgis import installed, started
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.worlds import HOME, land, ride, tables

RIDES = [ride(1), ride(2), ride(3, visibility="only_me")]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL that has PostGIS to offer."""
    for programs in installed():
        with started(programs) as url:
            with psycopg.connect(url) as connection:
                offered = connection.execute("select 1 from pg_available_extensions where name = 'postgis'").fetchone()
            if offered:
                with psycopg.connect(url.replace("@/postgres?", "@/template1?"), autocommit=True) as connection:
                    connection.execute("create extension postgis")
                yield url
                return
    pytest.skip("no PostGIS is installed here")


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """An empty database, but for the extension."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("drop database if exists rides")
        connection.execute("create database rides")
    yield server.replace("@/postgres?", "@/rides?")


def with_history(settings_of: Any, url: str) -> Installation:
    """Three rides from a home with a zone around it, one of them private, cut and in the lake."""
    opened = open_installation(settings_of(STRAVA_ASSETS_POSTGIS_URL=url))
    zone_store.add(opened.database, [DrawnZone("Rosenhof", HOME.polygon(circle(150)))])
    land(opened, 3)
    activities, streams = tables(RIDES)
    zones = zone_store.in_force(opened.database)
    frame = masked.mask(activities, streams, zones, {"api"}, masked.fingerprints(activities, zones, {"api"}))
    for name, table in {"activities": activities, "activity_streams": streams, "masked_geometries": frame}.items():
        opened.store.write(key_of(name, "2024-05"), encode(table))
    upkeep.refresh_lake(opened)
    return opened


@pytest.fixture
def history(settings_of: Any, database: str) -> Iterator[Installation]:
    opened = with_history(settings_of, database)
    yield opened
    opened.database.close()


def rows(url: str, question: str, *values: Any) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(question, values or None)
        return answer.fetchall() if answer.description else []


def draw(url: str, polygon: shapely.Geometry, name: str = "Work", **more: Any) -> None:
    """As QGIS does: the columns that somebody filled in, and a multipolygon."""
    values = {"name": name, **more}
    columns = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    rows(
        url,
        f"insert into privacy_zones ({columns}, geometry) values ({places}, st_multi(st_geomfromtext(%s, 4326)))",
        *values.values(),
        polygon.wkt,
    )


def test_all_tables_are_there_for_qgis(history: Installation, database: str) -> None:
    visit = upkeep.visit_postgis(history)
    assert (visit.taken_in, visit.rows) == (0, {"strava_activities": 3, "strava_activities_masked": 2})
    kinds = dict(
        rows(
            database,
            "select f_table_name, type || ' ' || srid from geometry_columns where f_table_schema = 'public'",
        )
    )
    assert kinds == {
        "strava_activities": "MULTILINESTRING 4326",
        "strava_activities_masked": "MULTILINESTRING 4326",
        "privacy_zones": "MULTIPOLYGON 4326",
    }
    indexed = rows(database, "select tablename from pg_indexes where indexdef like '%USING gist%'")
    assert {name for (name,) in indexed} == set(kinds)
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    whole = geopandas.read_postgis("select * from strava_activities order by activity_id", engine, "geometry")
    shown = geopandas.read_postgis("select * from strava_activities_masked", engine, "geometry")
    assert whole.crs == "EPSG:4326"
    assert set(whole["sport_type"]) == {"Ride"}
    home = HOME.polygon(circle(25))
    assert whole.intersects(home).all()  # whole tracks
    assert not shown.intersects(home).any()  # what may be seen
    assert (shown["distance"] > 5000).all()
    # one that is not for everyone has no visible run
    assert set(shown["activity_id"]) == {1, 2}


def test_a_place_that_is_drawn_there_hides_and_is_in_the_table_as_a_zone(history: Installation, database: str) -> None:
    upkeep.visit_postgis(history)
    draw(database, HOME.polygon(circle(120) + [3000, 0]), mode="ends_only")
    draw(database, HOME.polygon(circle(120) + [0, 5000]), "Nothing private", privacy=False)
    said: list[str] = []
    assert upkeep.visit_postgis(history, said.append).taken_in == 1
    (work,) = [zone for zone in zone_store.in_force(history.database) if zone.name == "Work"]
    assert work.mode == "ends_only"
    assert any("1 added" in line for line in said)
    there = rows(database, "select zone_id, name, origin from privacy_zones order by zone_id nulls last")
    assert there == [(1, "Rosenhof", "drawn"), (work.id, "Work", "drawn"), (None, "Nothing private", None)]
    assert upkeep.visit_postgis(history).taken_in == 0


def test_a_zone_that_is_made_larger_there_hides_more_and_a_smaller_or_deleted_one_hides_as_before(
    history: Installation, database: str
) -> None:
    upkeep.visit_postgis(history)
    rows(
        database,
        "update privacy_zones set geometry = st_multi(st_geomfromtext(%s, 4326))",
        HOME.polygon(circle(400)).wkt,
    )
    assert upkeep.visit_postgis(history).taken_in == 1
    covered = shapely.union_all([zone.geometry for zone in zone_store.in_force(history.database)])
    assert covered.buffer(1e-9).contains(HOME.polygon(circle(400)))
    rows(database, "delete from privacy_zones")
    assert upkeep.visit_postgis(history).taken_in == 0
    assert covered.equals(shapely.union_all([zone.geometry for zone in zone_store.in_force(history.database)]))
    assert len(rows(database, "select 1 from privacy_zones")) == len(zone_store.in_force(history.database))


def test_a_zone_that_is_changed_there_is_the_same_place_and_has_no_second_draw(
    history: Installation, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep.visit_postgis(history)
    [before] = zone_store.in_force(history.database)
    monkeypatch.setattr(cut_shapes, "draw", None)  # whoever drew again would fail: all shapes can grow by so much
    change = "update privacy_zones set geometry = st_multi(st_geomfromtext(%s, 4326)), mode = 'ends_only'"
    for outline in (HOME.polygon(circle(380)), HOME.polygon(circle(40))):
        rows(database, change, outline.wkt)
        assert upkeep.visit_postgis(history).taken_in == 1
        [zone] = zone_store.in_force(history.database)
        assert (zone.id, zone.name, zone.mode) == (before.id, before.name, "everywhere")
        assert zone.geometry.buffer(1e-9).contains(HOME.polygon(circle(380)))
        assert shapely.covers(shapely.buffer(zone.shape.geometry, 0.01), before.shape.geometry)
        assert rows(database, "select zone_id, mode from privacy_zones") == [(zone.id, "everywhere")]


def test_a_zone_that_is_copied_or_moved_away_there_is_another_place(history: Installation, database: str) -> None:
    upkeep.visit_postgis(history)
    draw(database, HOME.polygon(circle(500)), "Rosenhof", zone_id=1)
    assert upkeep.visit_postgis(history).taken_in == 1
    rows(
        database,
        "update privacy_zones set geometry = st_multi(st_geomfromtext(%s, 4326)) where zone_id = 1",
        HOME.polygon(circle(120) + [0, 5000]).wkt,
    )
    assert upkeep.visit_postgis(history).taken_in == 1
    assert len(zone_store.in_force(history.database)) == 3


def test_a_drawing_that_is_no_place_is_refused_without_its_name_and_is_not_lost(
    history: Installation, database: str
) -> None:
    upkeep.visit_postgis(history)
    bow = shapely.Polygon([(7.6, 47.5), (7.61, 47.51), (7.61, 47.5), (7.6, 47.51)])
    draw(database, bow, "Secret place")
    with pytest.raises(ZoneFileError, match=r"PostGIS, privacy_zones, row \d+: is not a valid polygon") as told:
        upkeep.visit_postgis(history)
    assert "Secret place" not in str(told.value)
    assert "7.6" not in str(told.value)  # runs tell it in their events
    assert rows(database, "select name from privacy_zones where zone_id is null") == [("Secret place",)]
    assert len(zone_store.in_force(history.database)) == 1


def test_what_postgres_says_of_a_row_that_it_refuses_is_in_no_event(history: Installation, database: str) -> None:
    upkeep.visit_postgis(history)
    rows(database, "alter table privacy_zones add constraint named check (name <> 'Rosenhof') not valid")
    with pytest.raises(StoreUnavailable, match="PostGIS refuses: ") as told:
        upkeep.visit_postgis(history)
    assert "Rosenhof" not in serializable_error_info_from_exc_info(told._excinfo).to_string()


def test_a_load_that_breaks_off_leaves_every_table_as_it_was(
    history: Installation, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep.visit_postgis(history)
    before = rows(database, "select activity_id, st_astext(geometry) from strava_activities_masked order by 1")
    key = key_of("masked_geometries", "2024-05")
    good = history.store.read(key)
    history.store.write(key, good[:-40] + b"\0" * 40)
    with pytest.raises(StoreUnavailable, match="is damaged"):
        upkeep.visit_postgis(history)
    assert rows(database, "select activity_id, st_astext(geometry) from strava_activities_masked order by 1") == before
    assert len(rows(database, "select 1 from strava_activities")) == 3
    history.store.write(key, good)
    assert upkeep.visit_postgis(history).rows["strava_activities_masked"] == 2


def test_what_did_not_change_is_not_loaded_again(history: Installation, database: str) -> None:
    upkeep.visit_postgis(history)
    assert upkeep.visit_postgis(history).rows == {}


def test_who_is_removed_leaves_postgis_at_once(history: Installation, database: str) -> None:
    upkeep.visit_postgis(history)
    purge_athlete(history, 1)
    assert rows(database, "select 1 from strava_activities union all select 1 from strava_activities_masked") == []


def test_a_removal_is_told_where_postgis_could_not_follow_and_a_drawing_does_not_keep_it(
    history: Installation, database: str
) -> None:
    upkeep.visit_postgis(history)
    draw(database, shapely.Polygon([(7.6, 47.5), (7.61, 47.51), (7.61, 47.5), (7.6, 47.51)]), "no place")
    with psycopg.connect(database) as holder:
        holder.execute("alter table strava_activities rename to held")
        holder.execute("create view strava_activities as select * from held")
        holder.commit()
    with pytest.raises(StoreUnavailable, match=r"PostGIS refuses: .*still in PostGIS until: strava-assets materialize"):
        purge_athlete(history, 1)
    assert history.athletes() == {}
    rows(database, "drop view strava_activities")
    rows(database, "alter table held rename to strava_activities")
    upkeep.take_out_what_is_gone(history)
    assert rows(database, "select 1 from strava_activities union all select 1 from strava_activities_masked") == []
    assert rows(database, "select name from privacy_zones where zone_id is null") == [("no place",)]


def test_without_the_extension_it_is_said_what_to_do(settings_of: Any, postgres: str) -> None:
    opened = open_installation(settings_of(STRAVA_ASSETS_POSTGIS_URL=postgres))
    with pytest.raises(StoreUnavailable, match=r"has no PostGIS; .*CREATE EXTENSION postgis"):
        upkeep.visit_postgis(opened)
    (row,) = [row for row in examine(opened.settings) if row.what == "postgis"]
    assert (row.verdict, "CREATE EXTENSION" in row.found) == ("fail", True)
    opened.database.close()


def test_a_postgis_that_does_not_answer_is_told_in_a_line_without_its_password(
    settings_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql://rider:a-secret-word@127.0.0.1:9/rides"
    opened = open_installation(settings_of(STRAVA_ASSETS_POSTGIS_URL=url))
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreUnavailable, match="PostGIS refuses: ") as told:
        upkeep.visit_postgis(opened)
    assert "a-secret-word" not in str(told.value) + caplog.text
    assert "\n" not in str(told.value)
    opened.database.close()


@pytest.mark.parametrize(
    "url",
    [
        "rider:a-secret-word@127.0.0.1/rides",
        "postgres//rider:a-secret-word@127.0.0.1/rides",
        "postgresql+psycopg://rider:a-secret-word@127.0.0.1/rides",
        "postgresql://rider:100%a-secret-word@127.0.0.1:9/rides",
        "postgresql://rider:p@a-secret-word@127.0.0.1:9/rides",
        "postgresql://rider:9/a-secret-word@127.0.0.1:9/rides",
    ],
)
def test_nothing_of_a_url_that_is_written_wrong_is_told(settings_of: Any, url: str) -> None:
    opened = open_installation(settings_of(STRAVA_ASSETS_POSTGIS_URL=url))
    with pytest.raises(SettingsError, match="STRAVA_ASSETS_POSTGIS_URL cannot be read as postgresql://") as told:
        upkeep.visit_postgis(opened)
    assert "a-secret-word" not in str(told.value)
    (row,) = [row for row in examine(opened.settings) if row.what == "postgis"]
    assert (row.verdict, "a-secret-word" in row.found) == ("fail", False)
    opened.database.close()


def test_without_a_postgis_there_is_nothing_to_look_at(installation: Installation) -> None:
    with pytest.raises(SettingsError, match="STRAVA_ASSETS_POSTGIS_URL is not set"):
        upkeep.visit_postgis(installation)
