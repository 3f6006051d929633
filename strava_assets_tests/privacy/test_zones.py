"""Zone files are read whole or refused whole; a cut shape is drawn once and kept."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely

from strava_assets.errors import ZoneFileError
from strava_assets.installation import Installation
from strava_assets.privacy import cut_shapes, geodesy, zone_store
from strava_assets.privacy.zone_files import read_zone_file
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets_tests.privacy.worlds import Place, circle

HOME = Place(7.6, 47.5)


def geojson(path: Path, *features: tuple[Any, dict[str, Any]]) -> Path:
    path.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": properties,
                        "geometry": json.loads(shapely.to_geojson(geometry)) if geometry is not None else None,
                    }
                    for geometry, properties in features
                ],
            }
        )
    )
    return path


def test_polygons_points_and_other_crs_are_read(tmp_path: Path) -> None:
    square = HOME.polygon(circle(120))
    zones = read_zone_file(
        geojson(tmp_path / "a.geojson", (square, {"name": "One"}), (shapely.Point(7.7, 47.5), {"radius": 150}))
    )
    assert [zone.name for zone in zones] == ["One", ""]
    plane = geodesy.geometry_to_plane(zones[1].geometry, (7.7, 47.5))
    assert abs(shapely.minimum_bounding_radius(plane) - 150) < 1
    frame = geopandas.GeoDataFrame({"Name": ["QGIS"]}, geometry=[square], crs=4326).to_crs(2056)
    frame.to_file(tmp_path / "b.gpkg")
    [zone] = read_zone_file(tmp_path / "b.gpkg")
    assert zone.name == "QGIS"
    assert shapely.hausdorff_distance(zone.geometry, square) < 1e-6


def test_rows_that_are_not_private_are_ignored(tmp_path: Path) -> None:
    square = HOME.polygon(circle(120))
    file = geojson(
        tmp_path / "a.geojson", (square, {"privacy": "No"}), (square, {"privacy": "yes"}), (square, {"privacy": None})
    )
    assert len(read_zone_file(file)) == 2


def test_a_zones_name_is_one_line_that_moves_no_cursor(tmp_path: Path) -> None:
    file = geojson(tmp_path / "a.geojson", (HOME.polygon(circle(100)), {"name": "At\x1b[31m\nAnna's "}))
    assert [zone.name for zone in read_zone_file(file)] == ["At [31m Anna's"]


BOWTIE = shapely.Polygon([(7.6, 47.5), (7.61, 47.51), (7.61, 47.5), (7.6, 47.51)])


@pytest.mark.parametrize(
    ("geometry", "properties", "words"),
    [
        (BOWTIE, {"name": "b"}, r"row 2 \(b\).*not a valid polygon"),
        (None, {}, "row 2: has no geometry"),
        (None, {"name": "n"}, r"row 2 \(n\): has no geometry"),
        (shapely.Point(7.6, 47.5), {}, "row 2: a point needs a radius"),
        (shapely.Point(7.6, 47.5), {"radius": "wide"}, "radius"),
        (shapely.Point(7.6, 47.5), {"radius": -5}, "radius"),
        (shapely.Point(7.6, 47.5), {"radius": 0.2}, "radius in metres, between 1 and 50,000"),
        (shapely.LineString([(0, 0), (1, 1)]), {}, "is a LineString"),
        (shapely.Polygon(), {}, "no geometry"),
    ],
)
def test_one_bad_row_refuses_the_whole_file_and_is_named(
    tmp_path: Path, geometry: Any, properties: dict[str, Any], words: str
) -> None:
    file = geojson(tmp_path / "z.geojson", (HOME.polygon(circle(100)), {}), (geometry, properties))
    with pytest.raises(ZoneFileError, match=words):
        read_zone_file(file)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.geojson", "", "cannot be read"),
        ("a.geojson", "{}", "no geometries|cannot be read"),
        ("a.gpkg", "not one", r"cannot be read as a file of zones \(it is none that GDAL knows: GeoJSON"),
        ("privacy_zones.csv", "Address,Radius,Latitude & Longitude\n", "no zones"),
        ("x.csv", "a,b\n1,2\n", "not a privacy_zones.csv"),
        ("a.geojson", '{"type":"FeatureCollection","features":[]}', "no zones|no geometries"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_line(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ZoneFileError, match=words) as caught:
        read_zone_file(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_the_exports_own_zones_are_read(tmp_path: Path) -> None:
    (tmp_path / "privacy_zones.csv").write_text(
        'Address,Radius,Latitude & Longitude\n"1 Any Street",200.0,"47.5, 7.6"\n'
    )
    [zone] = read_zone_file(tmp_path / "privacy_zones.csv")
    assert shapely.contains_xy(zone.geometry, 7.6, 47.5)


ZONES = 'Address,Radius,Latitude & Longitude\n"1 Any Street",200.0,"47.5, 7.6"\n'


@pytest.mark.parametrize("inside", ["privacy_zones.csv", "export_1/privacy_zones.csv"])
def test_the_exports_zones_are_read_where_they_are(tmp_path: Path, inside: str) -> None:
    with zipfile.ZipFile(tmp_path / "export_1.zip", "w") as archive:
        archive.writestr("activities.csv", "Activity ID\n")
        archive.writestr(inside, ZONES)
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "privacy_zones.csv").write_text(ZONES)
    for path in (tmp_path / "export_1.zip", tmp_path / "unpacked"):
        [zone] = read_zone_file(path)
        assert shapely.contains_xy(zone.geometry, 7.6, 47.5)
        assert zone.name == "", "an address is nobody's business"


def test_a_zipped_shapefile_is_still_a_file_of_zones(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"name": ["home"]}, geometry=[HOME.polygon(circle(100))], crs="EPSG:4326")
    frame.to_file(tmp_path / "zones.shp")
    with zipfile.ZipFile(tmp_path / "zones.zip", "w") as archive:
        for part in tmp_path.glob("zones.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    assert [zone.name for zone in read_zone_file(tmp_path / "zones.zip")] == ["home"]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:60] + bytes(20) + data[80:], lambda data: data[: len(data) // 2]]
)
def test_an_export_that_is_damaged_gives_no_zones_rather_than_some(tmp_path: Path, damage: Any) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("privacy_zones.csv", ZONES * 20)
    (tmp_path / "e.zip").write_bytes(damage((tmp_path / "e.zip").read_bytes()))
    with pytest.raises(ZoneFileError, match="cannot be read"):
        read_zone_file(tmp_path / "e.zip")


@pytest.mark.parametrize(
    ("row", "metres"),
    [
        *[('"x",200,"47.5, 7.6"', 200), ('"x","200,5","47.5,7.6"', 200.5), ("x,200 m,47.5 7.6", 200)],
        *[('"x",0.25 mi,"[47.5, 7.6]"', 402), ('"x",0.2 km,"47.5, 7.6"', 200), ('"x",660 ft.,"47.5, 7.6"', 201)],
    ],
)
def test_the_exports_radius_is_read_with_its_unit(tmp_path: Path, row: str, metres: float) -> None:
    (tmp_path / "z.csv").write_text(f"Adresse,Umkreis,Breite & Länge\n{row}\n")
    [zone] = read_zone_file(tmp_path / "z.csv")
    west, south, east, north = zone.geometry.bounds
    assert (north - south) * 111_200 / 2 == pytest.approx(metres, rel=0.01)
    assert west < 7.6 < east


def test_the_exports_zones_are_read_as_a_spreadsheet_saved_them(tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_bytes('A;R;L\r\n"1, Any Street";200;"47.5, 7.6"\r\n'.encode("utf-16"))
    assert len(read_zone_file(tmp_path / "z.csv")) == 1


@pytest.mark.parametrize(
    "row",
    [
        *['x,0.25,"47.5, 7.6"', 'x,200 leagues,"47.5, 7.6"', 'x,,"47.5, 7.6"', "x,200", 'x,200,"47.5° N, 7.6° W"'],
        *['x,200,"47,5, 7,6"', 'x,200,"47.5"', 'x,-200,"47.5, 7.6"'],
    ],
)
def test_a_zone_of_the_export_that_is_not_clear_refuses_all_and_quotes_no_address(tmp_path: Path, row: str) -> None:
    secret = row.replace("x", "1 Secret Road", 1)
    (tmp_path / "z.csv").write_text(f"{ZONES}{secret}\n")
    with pytest.raises(ZoneFileError, match=r"z\.csv, row 2: no radius in a unit that is known") as refused:
        read_zone_file(tmp_path / "z.csv")
    assert "Secret" not in str(refused.value)


def test_the_cut_shape_holds_the_zone_and_its_guard_wherever_it_lands() -> None:
    zone = HOME.polygon(circle(80))
    centres = []
    for _ in range(200):
        shape = cut_shapes.draw(zone)
        assert cut_shapes.holds(shape, zone)
        middle = shapely.centroid(shape.geometry)
        centres.append((middle.x, middle.y))
    distance = np.hypot(*np.array(centres).T)
    assert distance.max() < 320
    # uniform in a disc: half of the centres lie beyond 0.71 of its radius
    assert 0.35 < (distance > 300 * 0.7071).mean() < 0.65


def test_a_shape_is_drawn_once_and_kept(installation: Installation) -> None:
    zone_store.add(installation.database, [DrawnZone("a", HOME.polygon(circle(100)))])
    [before] = zone_store.in_force(installation.database)
    assert zone_store.add(installation.database, [DrawnZone("renamed", HOME.polygon(circle(100)))]) == []
    far = Place(8.6, 47.5)
    zone_store.add(installation.database, [DrawnZone("b", far.polygon(circle(100)))])
    after = zone_store.in_force(installation.database)
    assert after[0].shape == before.shape
    assert after[1].shape_id != before.shape_id


def test_overlapping_zones_share_one_shape(installation: Installation) -> None:
    zone_store.add(
        installation.database,
        [DrawnZone("a", HOME.polygon(circle(100))), DrawnZone("b", HOME.polygon(circle(100, center=(150, 0))))],
    )
    first, second = zone_store.in_force(installation.database)
    assert first.shape_id == second.shape_id
    assert cut_shapes.holds(first.shape, shapely.union(first.geometry, second.geometry))


def test_a_zone_that_leaves_the_shape_extends_it_and_shows_nothing(installation: Installation) -> None:
    zone_store.add(installation.database, [DrawnZone("a", HOME.polygon(circle(100)))])
    [before] = zone_store.in_force(installation.database)
    zone_store.add(installation.database, [DrawnZone("b", HOME.polygon(circle(2000, center=(1900, 0))))])
    after = zone_store.in_force(installation.database)
    assert len({zone.shape_id for zone in after}) == 1
    assert shapely.covers(shapely.buffer(after[0].shape.geometry, 0.5), before.shape.geometry)
    assert all(cut_shapes.holds(zone.shape, zone.geometry) for zone in after)


def test_what_was_hidden_stays_so_however_small_the_addition(installation: Installation) -> None:
    [before] = zone_store.add(installation.database, [DrawnZone("a", HOME.polygon(circle(100)))])
    beside = DrawnZone("b", HOME.polygon(circle(600, center=(650, 0))))
    zone_store.add(installation.database, [beside], expansion=1.0)
    for zone in zone_store.in_force(installation.database):
        assert shapely.covers(shapely.buffer(zone.shape.geometry, 0.5), before.shape.geometry)


def test_a_place_keeps_the_size_of_cut_that_its_owner_chose(installation: Installation) -> None:
    """E decides how large the cut is, also of what is added to it later."""
    first = DrawnZone("a", HOME.polygon(circle(100)))
    [small] = zone_store.add(installation.database, [first], expansion=800.0)
    assert small.expansion == 800.0
    assert small.shape.geometry.area > np.pi * 900**2
    wide = DrawnZone("b", HOME.polygon(circle(1600, center=(1500, 0))))
    zone_store.add(installation.database, [wide], expansion=800.0)
    for zone in zone_store.in_force(installation.database):
        assert zone.shape.geometry.area > 17e6  # with 300 m it would be no more than 14.4


def test_until_a_zone_is_drawn_the_ends_of_tracks_are_hidden(installation: Installation) -> None:
    ends = HOME.degrees(np.array([(0, 0), (60, 0), (30, 30), (5000, 0), (5120, 0)]))
    added = zone_store.cover_ends(installation.database, ends)
    assert added
    assert all(any(shapely.contains_xy(zone.geometry, *end) for zone in added) for end in ends)
    near, far = (
        {zone.shape_id for zone in added if shapely.distance(zone.geometry, shapely.Point(*end)) < 0.001}
        for end in (ends[0], ends[3])
    )
    assert len(near) == len(far) == 1
    assert zone_store.cover_ends(installation.database, ends) == []
    zone_store.add(installation.database, [DrawnZone("home", HOME.polygon(circle(100)))])
    assert {zone.origin for zone in zone_store.in_force(installation.database)} == {"drawn", "provisional"}
    assert zone_store.cover_ends(installation.database, HOME.degrees(np.array([(9000, 0)]))) == []


def test_a_disc_across_the_antimeridian_is_two_halves() -> None:
    halves = disc(179.999, -17.0, 300)
    assert shapely.contains_xy(halves, 179.999, -17.0)
    assert shapely.contains_xy(halves, -179.9995, -17.0)
    assert not shapely.contains_xy(halves, 0.0, -17.0)


@pytest.mark.parametrize("radius", [1.0, 300.0, 2_000.0])
@pytest.mark.parametrize("lon", [7.6, 0.0, -0.001, 180.0, 179.999, -179.999, -122.4])
def test_a_disc_holds_all_that_is_no_farther_than_its_radius_wherever_it_is(lon: float, radius: float) -> None:
    polygon = disc(lon, 51.5, radius)
    assert len(shapely.get_parts(polygon)) == (2 if abs(lon) + radius / 60_000 > 180 else 1)
    west, _, east, _ = polygon.bounds
    assert -180 <= west < east <= 180
    plane = geodesy.geometry_to_plane(polygon, (lon, 51.5))
    away = np.hypot(*shapely.get_coordinates(plane).T)
    assert away.max() == pytest.approx(radius, rel=0.0005)
    if len(shapely.get_parts(polygon)) == 1:
        assert shapely.distance(shapely.boundary(plane), shapely.Point(0, 0)) >= radius * (1 - 1e-6)
    assert plane.area == pytest.approx(np.pi * radius**2, rel=0.001)
