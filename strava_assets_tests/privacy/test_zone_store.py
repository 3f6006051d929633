"""A place has one shape, whoever found it and whatever becomes of it: drawn on where it must be, never drawn twice."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
import shapely

from strava_assets.database.connection import sql_folder
from strava_assets.database.migrations import migrate
from strava_assets.errors import ZoneFileError
from strava_assets.installation import Installation, open_installation
from strava_assets.privacy import cut_shapes, geodesy, zone_store
from strava_assets.privacy.zones import ENDS_ONLY, EVERYWHERE, DrawnZone, Zone, disc, ends_only_shapes
from strava_assets.settings import Settings
from strava_assets_tests.privacy.worlds import Place, circle

HOME = Place(7.6, 47.5)


@pytest.fixture(scope="module")
def opened(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    settings = Settings(
        _env_file=None,
        STRAVA_ASSETS_HOME=tmp_path_factory.mktemp("home"),
        STRAVA_ASSETS_DATABASE_URL=postgres.replace("/postgres?", "/zone_store?"),
        STRAVA_ASSETS_SECRET_KEY="0123456789abcdef" * 4,
    )
    installation = open_installation(settings)
    yield installation
    installation.database.close()


@pytest.fixture
def installation(opened: Installation) -> Installation:
    """One without zones; the same for all tests here, as zones are all that they look at."""
    with opened.database.transaction() as connection:
        connection.execute("truncate strava.privacy_zone, strava.cut_shape restart identity")
    return opened


ENDS = HOME.degrees(np.array([(0, 0), (60, 0), (5000, 0), (9000, 0)]))


def drawn(radius: float = 100.0, east: float = 0.0, mode: str = EVERYWHERE) -> DrawnZone:
    return DrawnZone("", HOME.polygon(circle(radius, center=(east, 0))), mode)


def at(zones: list[Zone], east: float) -> list[Zone]:
    """Zones that hold a place so far east of home."""
    return [zone for zone in zones if shapely.contains_xy(zone.geometry, *HOME.degrees(np.array([(east, 0.0)]))[0])]


def covers(outer: cut_shapes.CutShape, inner: cut_shapes.CutShape) -> bool:
    assert outer.center == inner.center
    return bool(shapely.covers(shapely.buffer(outer.geometry, 0.01), inner.geometry))


# --- a larger E


def test_the_same_place_with_a_larger_E_is_enlarged_around_what_was_cut_before(installation: Installation) -> None:
    zone_store.put(installation.database, [drawn()])
    [before] = zone_store.in_force(installation.database)
    changes = zone_store.put(installation.database, [drawn()], expansion=500)
    [after] = zone_store.in_force(installation.database)
    assert [zone.id for zone in changes.enlarged] == [before.id] == [zone.id for zone in changes.concerned]
    assert changes.enlarged == [after]
    assert (changes.known, changes.redrawn) == (0, [])
    assert (after.expansion, after.shape.expansion) == (500, 500)
    assert after.shape_id != before.shape_id
    assert covers(after.shape, before.shape)
    assert cut_shapes.holds(after.shape, after.geometry)
    again = zone_store.put(installation.database, [drawn()], expansion=500)
    assert (again.known, again.smaller, again.concerned) == (1, [], [])


def test_a_smaller_E_changes_nothing_and_is_told(installation: Installation) -> None:
    zone_store.put(installation.database, [drawn()], expansion=500)
    before = zone_store.in_force(installation.database)
    changes = zone_store.put(installation.database, [drawn()], expansion=300)
    assert (changes.known, len(changes.smaller), changes.concerned) == (1, 1, [])
    assert zone_store.put(installation.database, [drawn()]).smaller == []  # nobody named an E
    assert zone_store.in_force(installation.database) == before


def test_a_zone_of_larger_E_beside_another_makes_their_shape_larger(installation: Installation) -> None:
    zone_store.put(installation.database, [drawn()])
    [before] = zone_store.in_force(installation.database)
    zone_store.put(installation.database, [drawn(east=20)], expansion=500)
    first, second = zone_store.in_force(installation.database)
    assert first.shape_id == second.shape_id
    assert second.shape.expansion == 500
    assert covers(first.shape, before.shape)


def test_what_a_larger_shape_tells_is_nothing_that_the_smaller_did_not() -> None:
    """Around the kept shape's own middle, wherever the zone is in it: the zone is not looked at again."""
    zone = HOME.polygon(circle(100, 64))
    kept = cut_shapes.draw(zone)
    middle = shapely.centroid(kept.geometry)
    moved = []
    for _ in range(400):
        larger = cut_shapes.enlarged(kept, 500)
        assert covers(larger, kept)
        now = shapely.centroid(larger.geometry)
        moved.append((now.x - middle.x, now.y - middle.y))
    away = np.array(moved)
    home = np.array([-middle.x, -middle.y])
    assert np.hypot(*away.T).max() < 210
    # uniform in a disc of 200 m, as much away from home as towards it
    assert 0.4 < (np.hypot(*away.T) > 200 * 0.7071).mean() < 0.6
    assert abs((away @ home > 0).mean() - 0.5) < 0.1


def test_the_largest_E_holds_where_zones_of_different_E_come_together(installation: Installation) -> None:
    zone_store.put(installation.database, [drawn()], expansion=500)
    zone_store.put(installation.database, [drawn(east=300)], expansion=100)
    zone_store.put(installation.database, [drawn(radius=150, east=150)])
    zones = zone_store.in_force(installation.database)
    assert len({zone.shape_id for zone in zones}) == 1
    assert all(cut_shapes.holds(zone.shape, zone.geometry) for zone in zones)
    assert zones[0].shape.expansion == 300  # of what was joined nobody may claim more


# --- modes


def test_a_zone_comes_to_hide_everything_by_being_added_again(installation: Installation) -> None:
    zone_store.put(installation.database, [drawn(mode=ENDS_ONLY)])
    assert ends_only_shapes(zone_store.in_force(installation.database))
    changes = zone_store.put(installation.database, [drawn()])
    [zone] = zone_store.in_force(installation.database)
    assert (changes.tightened, zone.mode, changes.known) == ([zone], EVERYWHERE, 0)


def test_to_hide_less_takes_the_owners_word_and_else_nothing_of_a_file_is_done(installation: Installation) -> None:
    zone_store.put(installation.database, [drawn()])
    before = zone_store.in_force(installation.database)
    with pytest.raises(ZoneFileError, match=f"zone {before[0].id} hides everywhere.*--show-this-place"):
        zone_store.put(installation.database, [drawn(east=4000), drawn(mode=ENDS_ONLY)], expansion=500)
    assert zone_store.in_force(installation.database) == before
    changes = zone_store.put(installation.database, [drawn(mode=ENDS_ONLY)], show=True)
    [zone] = zone_store.in_force(installation.database)
    assert (changes.loosened, zone.mode, zone.shape) == ([zone], ENDS_ONLY, before[0].shape)
    assert changes.known == 0
    changes = zone_store.put(installation.database, [drawn()], expansion=500)
    assert (changes.known, changes.tightened, changes.enlarged) == (0, changes.concerned, changes.concerned)


def test_a_zone_that_is_added_under_another_name_is_called_that_and_cut_as_before(installation: Installation) -> None:
    [before] = zone_store.put(installation.database, [drawn()]).added
    named = DrawnZone("Rosenhof", before.geometry)
    changes = zone_store.put(installation.database, [named])
    assert [zone.name for zone in changes.renamed] == ["Rosenhof"]
    assert (changes.concerned, changes.known) == ([], 0)
    changes = zone_store.put(
        installation.database, [DrawnZone("", before.geometry)]
    )  # who says no name takes none away
    assert (changes.renamed, changes.known) == ([], 1)
    [after] = zone_store.in_force(installation.database)
    assert (after.name, after.shape, after.id) == ("Rosenhof", before.shape, before.id)


def test_a_place_that_stands_twice_in_a_file_hides_the_more(installation: Installation) -> None:
    changes = zone_store.put(installation.database, [drawn(mode=ENDS_ONLY), drawn(), drawn(mode=ENDS_ONLY)])
    assert [zone.mode for zone in changes.added] == [EVERYWHERE]
    assert changes.known == 2


def test_one_zone_of_a_shape_that_hides_everything_decides(installation: Installation) -> None:
    zone_store.put(installation.database, [drawn(mode=ENDS_ONLY), drawn(east=50), drawn(east=6000, mode=ENDS_ONLY)])
    zones = zone_store.in_force(installation.database)
    assert ends_only_shapes(zones) == {zones[2].shape_id}


# --- provisional, confirmed, drawn, lifted


@pytest.fixture
def found(installation: Installation) -> Installation:
    """Three places where tracks start or end: home, and 5 and 9 km east of it."""
    zone_store.cover_ends(installation.database, ENDS)
    return installation


def test_drawing_one_place_shows_no_other(found: Installation) -> None:
    before = zone_store.in_force(found.database)
    changes = zone_store.put(found.database, [drawn(60)])
    after = zone_store.in_force(found.database)
    assert changes.replaced == 1
    assert [zone.origin for zone in after] == ["provisional", "provisional", "drawn"]
    assert {zone.shape_id for zone in after} == {zone.shape_id for zone in before}
    assert zone_store.cover_ends(found.database, HOME.degrees(np.array([(20_000, 0)]))) == []


def test_a_place_that_was_provisional_keeps_its_shape_when_it_is_drawn(found: Installation) -> None:
    for east in (0, 5000, 9000):
        [before] = {zone.shape_id: zone.shape for zone in at(zone_store.in_force(found.database), east)}.values()
        assert zone_store.put(found.database, [drawn(60, east + 20)]).redrawn == []
        [after] = at(zone_store.in_force(found.database), east)
        assert (after.origin, after.shape) == ("drawn", before)


def test_a_place_redrawn_beyond_its_shape_makes_it_wider_and_draws_no_second_one(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = (0, 20_000, 40_000)
    for east, displaced in zip(places, (10.0, 150.0, 290.0), strict=True):
        monkeypatch.setattr(cut_shapes, "_uniform_in_disc", lambda most, displaced=displaced: (0.3, displaced))
        zone_store.cover_ends(installation.database, HOME.degrees(np.array([(east, 0)])))
    for east, wider_by in zip(places, (100, 200, 300), strict=True):
        [before] = at(zone_store.in_force(installation.database), east)
        changes = zone_store.put(installation.database, [drawn(405, east)])  # 430 m to every side, of at most 427
        [after] = at(zone_store.in_force(installation.database), east)
        assert changes.redrawn == [after]
        assert cut_shapes.holds(after.shape, after.geometry)
        wider = shapely.buffer(before.shape.geometry, wider_by, quad_segs=32)
        assert shapely.equals_exact(after.shape.geometry, wider, 0.1, normalize=True)


def test_a_place_redrawn_far_beyond_its_shape_is_hidden_and_so_is_what_was(found: Installation) -> None:
    [before] = at(zone_store.in_force(found.database), 5000)
    zone_store.put(found.database, [drawn(1500, 5000)])
    [after] = at(zone_store.in_force(found.database), 5000)
    assert cut_shapes.holds(after.shape, after.geometry)
    assert covers(after.shape, before.shape)


def test_a_place_drawn_with_a_larger_E_than_it_was_found_with_is_enlarged(found: Installation) -> None:
    [before] = at(zone_store.in_force(found.database), 5000)
    zone_store.put(found.database, [drawn(60, 5000)], expansion=600)
    [after] = at(zone_store.in_force(found.database), 5000)
    assert after.shape.expansion == 600
    assert covers(after.shape, before.shape)


def test_a_house_near_a_place_where_tracks_begin_late_takes_over_its_shape(found: Installation) -> None:
    """What is drawn does not overlap what was found, but is held by its shape: there is one home, so one shape."""
    [before] = at(zone_store.in_force(found.database), 5000)
    inside = shapely.centroid(before.shape.geometry)
    away = np.array([inside.x, inside.y]) / np.hypot(inside.x, inside.y) * 150
    lon, lat = geodesy.geometry_to_degrees(shapely.Point(*away), before.shape.center).coords[0]
    zone_store.put(found.database, [DrawnZone("", disc(lon, lat, 30))])
    zones = [zone for zone in zone_store.in_force(found.database) if zone.origin == "drawn"]
    assert [zone.shape_id for zone in zones] == [before.shape_id]
    assert at(zone_store.in_force(found.database), 5000) == []  # what was found there is no question any more


def displaced(monkeypatch: pytest.MonkeyPatch, east: float) -> None:
    """Shapes that are drawn from now on lie so far east of their places."""
    monkeypatch.setattr(cut_shapes, "_uniform_in_disc", lambda most: (0.0 if east > 0 else np.pi, abs(east)))


def test_of_shapes_that_hold_a_house_the_one_that_is_cut_now_is_taken(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    displaced(monkeypatch, 290)
    [lifted] = zone_store.cover_ends(installation.database, HOME.degrees(np.array([(0, 0)])))
    zone_store.remove(installation.database, lifted.id)
    displaced(monkeypatch, -290)
    [other] = zone_store.cover_ends(installation.database, HOME.degrees(np.array([(500, 0)])))
    assert all(cut_shapes.holds(zone.shape, drawn(20, 250).geometry) for zone in (lifted, other))
    [house] = zone_store.put(installation.database, [drawn(20, 250)]).added
    assert house.shape_id == other.shape_id != lifted.shape_id


def test_a_shape_that_no_zone_names_any_more_is_cut_again_for_a_place_that_it_holds(installation: Installation) -> None:
    zone_store.put(installation.database, [drawn(), drawn(east=5000)])
    before = zone_store.in_force(installation.database)
    with installation.database.transaction() as connection:
        connection.execute("delete from strava.privacy_zone")
    changes = zone_store.put(installation.database, [drawn(50, 5000)])
    assert ([zone.shape for zone in changes.added], changes.redrawn) == ([before[1].shape], [])


@pytest.mark.parametrize("found", [True, False], ids=["found", "drawn"])
def test_two_places_that_do_not_touch_have_a_shape_each(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, found: bool
) -> None:
    """Though the first one's holds the second: whoever sees both holes may not see that they are one."""
    displaced(monkeypatch, 290)
    for east in (0, 250):
        if found:
            zone_store.cover_ends(installation.database, HOME.degrees(np.array([(east, 0)])))
        else:
            assert zone_store.put(installation.database, [drawn(100, east)]).redrawn == []
    first, second = zone_store.in_force(installation.database)
    assert cut_shapes.holds(first.shape, second.geometry)
    assert first.shape_id != second.shape_id


def test_a_place_that_is_found_beside_another_shares_its_shape(installation: Installation) -> None:
    for east in (0, 150, 290):
        zone_store.cover_ends(installation.database, HOME.degrees(np.array([(east, 0)])))
    zones = zone_store.in_force(installation.database)
    assert len(zones) == 3
    assert len({zone.shape_id for zone in zones}) == 1


@pytest.mark.parametrize(
    ("beside", "radius", "east"), [("nothing", 170, 0), ("what was found", 400, -280)], ids=["alone", "beside another"]
)
def test_a_zone_of_ones_own_that_another_goes_beyond_is_not_only_widened(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, beside: str, radius: float, east: float
) -> None:
    """What is drawn beside what was drawn is another place: it is displaced for itself."""
    displaced(monkeypatch, 290)
    if beside == "what was found":
        zone_store.cover_ends(installation.database, HOME.degrees(np.array([(-560, 0)])))
    zone_store.put(installation.database, [drawn()])
    changes = zone_store.put(installation.database, [drawn(radius, east)])
    [first, second] = zone_store.in_force(installation.database)
    assert changes.redrawn == [second]
    assert first.shape == second.shape
    outline = geodesy.geometry_to_degrees(second.shape.geometry, second.shape.center)
    farthest = HOME.metres(shapely.get_coordinates(outline))[:, 0].max()
    assert farthest == pytest.approx(east + 290 + radius + 300 + 27, abs=5)  # as far as its own draw


def test_confirmed_a_place_is_one_zone_and_cut_as_before(installation: Installation) -> None:
    scattered = HOME.degrees(np.array([(0, 0), (150, 0), (290, 40), (5000, 0)]))
    zone_store.cover_ends(installation.database, scattered)
    before = zone_store.in_force(installation.database)
    place = at(before, 150)[0]
    together = [zone for zone in before if zone.shape_id == place.shape_id]
    assert len(together) >= 2
    [confirmed], hidden_again = zone_store.confirm(installation.database, [together[-1].id])
    assert hidden_again == []
    assert (confirmed.origin, confirmed.shape) == ("drawn", place.shape)
    assert all(shapely.covers(shapely.buffer(confirmed.geometry, 1e-9), zone.geometry) for zone in together)
    assert cut_shapes.holds(confirmed.shape, confirmed.geometry)
    assert len(zone_store.in_force(installation.database)) == 2
    with pytest.raises(ZoneFileError, match="is your own already"):
        zone_store.confirm(installation.database, [confirmed.id])
    with pytest.raises(ZoneFileError, match="there is no zone 4711"):
        zone_store.confirm(installation.database, [4711])


def test_a_lifted_place_is_not_found_again_until_it_is_confirmed_or_drawn(found: Installation) -> None:
    place = at(zone_store.in_force(found.database), 5000)[0]
    assert zone_store.remove(found.database, place.id) == [place]
    assert at(zone_store.in_force(found.database), 5000) == []
    near = HOME.degrees(np.array([(5000, 0), (5180, 0), (5000, -150)]))
    assert zone_store.cover_ends(found.database, np.concatenate([ENDS, near])) == []
    assert zone_store.cover_ends(found.database, HOME.degrees(np.array([(5300, 0)]))) != []  # another place
    with pytest.raises(ZoneFileError, match="is lifted already"):
        zone_store.remove(found.database, place.id)
    [confirmed], hidden_again = zone_store.confirm(found.database, [place.id])
    assert (hidden_again, confirmed.shape) == ([confirmed], place.shape)


def test_a_lifted_place_that_is_drawn_again_has_the_shape_that_it_had(found: Installation) -> None:
    place = at(zone_store.in_force(found.database), 5000)[0]
    zone_store.remove(found.database, place.id)
    zone_store.put(found.database, [drawn(50, 5030)])
    [again] = at(zone_store.in_force(found.database), 5000)
    assert again.shape == place.shape
    assert [zone.origin for zone in at(zone_store.stored(found.database), 5000)] == ["drawn"]


def test_the_last_zone_removed_stays_removed_and_other_places_are_found(installation: Installation) -> None:
    [zone] = zone_store.put(installation.database, [drawn()]).added
    zone_store.remove(installation.database, zone.id)
    new = zone_store.cover_ends(installation.database, ENDS)
    assert at(new, 0) == []
    assert at(new, 5000) != []


def test_of_zones_that_overlap_only_the_one_that_is_meant_is_removed(installation: Installation) -> None:
    first, second = zone_store.put(installation.database, [drawn(), drawn(east=50)]).added
    assert zone_store.remove(installation.database, first.id) == [first]
    assert zone_store.in_force(installation.database) == [second]


def test_a_provisional_place_is_removed_with_everything_that_shares_its_shape(installation: Installation) -> None:
    zone_store.cover_ends(installation.database, HOME.degrees(np.array([(0, 0), (150, 0), (290, 40), (5000, 0)])))
    place = at(zone_store.in_force(installation.database), 150)[0]
    zone_store.remove(installation.database, place.id)
    assert {zone.shape_id for zone in zone_store.in_force(installation.database)}.isdisjoint({place.shape_id})


def test_of_several_that_are_meant_all_are_removed(found: Installation) -> None:
    before = zone_store.in_force(found.database)
    assert zone_store.remove(found.database, before[0].id, before[1].id) == before[:2]
    assert zone_store.in_force(found.database) == before[2:]


def test_a_mistaken_id_removes_nothing(found: Installation) -> None:
    before = zone_store.in_force(found.database)
    with pytest.raises(ZoneFileError, match="there is no zone 4711"):
        zone_store.remove(found.database, before[0].id, 4711)
    assert zone_store.in_force(found.database) == before


def test_two_zones_in_one_found_place_share_its_shape_and_enlarge_it_once(found: Installation) -> None:
    [before] = at(zone_store.in_force(found.database), 5000)
    zone_store.put(found.database, [drawn(25, 4970), drawn(25, 5030)], expansion=500)
    shapes = {zone.shape_id: zone.shape for zone in zone_store.in_force(found.database) if zone.origin == "drawn"}
    [shape] = shapes.values()
    assert covers(shape, before.shape)


# --- databases of before


def test_a_database_of_before_keeps_what_it_hid_and_what_it_showed(postgres: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("create database of_before")
    url = postgres.replace("/postgres?", "/of_before?")
    old = tmp_path / "migrations"
    old.mkdir()
    for file in sorted((sql_folder() / "migrations").glob("000[1-6]*.sql")):
        shutil.copy(file, old)
    migrate(url, old)
    insert_shape = "insert into strava.cut_shape (lon, lat, geometry) values (7.6, 47.5, '\\x00')"
    insert_zone = "insert into strava.privacy_zone (origin, expansion, geometry, cut_shape_id) values (%s, %s, %s, %s)"
    with psycopg.connect(url) as connection:
        for _ in range(3):
            connection.execute(insert_shape)
        for row in [("drawn", 500, b"0", 1), ("drawn", 300, b"0", 1), ("provisional", 300, b"0", 2)]:
            connection.execute(insert_zone, row)
    migrate(url, sql_folder() / "migrations")
    with psycopg.connect(url) as connection:
        shapes = connection.execute("select expansion from strava.cut_shape order by id").fetchall()
        origins = connection.execute("select origin from strava.privacy_zone order by id").fetchall()
    assert shapes == [(300.0,), (300.0,), (0.0,)]  # what two zones share holds for both; of the third nobody knows
    assert origins == [("drawn",), ("drawn",), ("lifted",)]  # it was not in force, and was said not to be


def test_a_place_that_two_processes_find_at_one_moment_is_one(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, nearby = (HOME.degrees(np.array([(east, 0.0)])) for east in (0.0, 20.0))
    find, found = zone_store.missing_places, []
    other = threading.Thread(target=lambda: found.extend(zone_store.cover_ends(installation.database, nearby)))

    def meanwhile(ends: np.ndarray, zones: list[Zone]) -> list[DrawnZone]:
        if other.ident is None:
            other.start()
            other.join(0.5)
        return find(ends, zones)

    monkeypatch.setattr(zone_store, "missing_places", meanwhile)
    ours = zone_store.cover_ends(installation.database, here)
    other.join()
    assert (len(ours), found) == (1, [])


def test_a_zone_that_is_drawn_otherwise_keeps_its_shape_if_that_holds_it(installation: Installation) -> None:
    (before,) = zone_store.add(installation.database, [drawn(120)])
    for outline in (drawn(100, east=10), drawn(60)):
        changes = zone_store.redraw(installation.database, before.id, outline)
        (after,) = zone_store.stored(installation.database)
        assert changes.concerned == []
        assert (after.id, after.shape_id, after.origin) == (before.id, before.shape_id, "drawn")
        assert after.geometry.equals(outline.geometry)


def test_a_zone_that_outgrows_its_shape_has_it_grown_and_no_second_draw(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = zone_store.add(installation.database, [drawn(100)])
    monkeypatch.setattr(cut_shapes, "draw", None)  # whoever drew again would fail
    outline = drawn(before.expansion + 100)
    changes = zone_store.redraw(installation.database, before.id, outline)
    (after,) = zone_store.stored(installation.database)
    assert [zone.id for zone in changes.concerned] == [before.id]
    assert covers(after.shape, before.shape)
    assert cut_shapes.holds(after.shape, outline.geometry)
    assert after.shape == cut_shapes.widened(before.shape, outline.geometry)  # evenly: that tells the least


def test_a_zone_that_is_drawn_up_to_another_shares_its_shape(installation: Installation) -> None:
    one, other = zone_store.add(installation.database, [drawn(100), drawn(100, east=700)])
    assert one.shape_id != other.shape_id
    zone_store.redraw(installation.database, one.id, drawn(350, east=300))
    now = zone_store.stored(installation.database)
    assert len({zone.shape_id for zone in now}) == 1
    assert covers(now[0].shape, one.shape)
    assert cut_shapes.holds(now[0].shape, other.geometry)


def test_drawing_a_zone_otherwise_shows_nothing_without_the_owner_s_word(installation: Installation) -> None:
    (zone,) = zone_store.add(installation.database, [drawn(100)])
    zone_store.cover_ends(installation.database, ENDS, whoever_drew=True)
    found = next(other for other in zone_store.stored(installation.database) if other.origin == "provisional")
    kept = [(each.id, each.mode, each.shape_id) for each in zone_store.stored(installation.database)]
    for number, outline, sentence in (
        (999, drawn(100), "there is no zone 999"),
        (found.id, drawn(100), "is not your own"),
        (zone.id, drawn(100, east=3000), "another place than zone"),
        (zone.id, drawn(110, mode=ENDS_ONLY), "hides everywhere"),
    ):
        with pytest.raises(ZoneFileError, match=sentence):
            zone_store.redraw(installation.database, number, outline)
    assert [(each.id, each.mode, each.shape_id) for each in zone_store.stored(installation.database)] == kept
    zone_store.redraw(installation.database, zone.id, drawn(110, mode=ENDS_ONLY), show=True)
    assert zone_store.named(installation.database, zone.id).mode == ENDS_ONLY


@pytest.mark.parametrize("east", [0, 250])
def test_a_zone_that_is_drawn_far_beyond_its_shape_is_displaced_as_before(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, east: float
) -> None:
    """Of files before and after, the gaps' middles are as far apart as the outlines': they tell nothing of either."""
    (before,) = zone_store.add(installation.database, [drawn(100)])
    monkeypatch.setattr(cut_shapes, "draw", None)  # whoever drew again would fail
    zone_store.redraw(installation.database, before.id, drawn(1500, east))
    (after,) = zone_store.stored(installation.database)
    assert covers(after.shape, before.shape)
    assert cut_shapes.holds(after.shape, after.geometry)
    middles = [middle_of(zone.shape) for zone in (before, after)]
    assert middles[1] - middles[0] == pytest.approx([east, 0], abs=10)


def middle_of(shape: cut_shapes.CutShape) -> np.ndarray:
    """The middle of a cut shape, metres from home."""
    outline = geodesy.geometry_to_degrees(shape.geometry, shape.center)
    return HOME.metres(shapely.get_coordinates(shapely.centroid(outline)))[0]
