"""Whatever the places were drawn with, they are read where they are; or the file is refused whole, and it says why."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from strava_assets.errors import ZoneFileError
from strava_assets.privacy import geodesy
from strava_assets.privacy.zone_files import read_zone_file
from strava_assets.privacy.zones import DrawnZone
from strava_assets_tests.privacy.worlds import Place, circle

HOME, WORK = Place(7.6, 47.5), Place(7.65, 47.52)
SQUARE = HOME.polygon(circle(120))
OTHER = WORK.polygon(circle(90))


def frame(*geometries: Any, crs: Any = 4326, **columns: Any) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(columns, geometry=list(geometries), crs=4326).to_crs(crs)


def far_off(found: shapely.Geometry, meant: shapely.Geometry) -> float:
    """How far two polygons' borders lie apart, metres."""
    planes = [geodesy.geometry_to_plane(each, (HOME.lon, HOME.lat)) for each in (found, meant)]
    return float(shapely.hausdorff_distance(*planes))


@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("lon-lat.gpkg", 4326),
        ("swiss.gpkg", 2056),
        ("swiss.shp", 2056),
        ("web.geojson", 3857),
        ("utm.fgb", 32632),
        ("feet.gpkg", "+proj=tmerc +lat_0=47 +lon_0=7 +k=1 +x_0=200000 +y_0=0 +datum=WGS84 +units=us-ft"),
        ("london.gpkg", 27700),
        ("latitude_first.gml", 4326),
        ("latitude_first_in_metres.gml", 31467),
        ("google.kml", 4326),
    ],
)
def test_a_place_is_read_where_it_is_whatever_its_coordinates_mean(tmp_path: Path, name: str, crs: Any) -> None:
    drawn = frame(SQUARE, OTHER, name=["a", "b"], crs=crs)
    options = {"FORMAT": "GML3.2"} if name.endswith(".gml") else {}
    drawn.to_file(tmp_path / name, **({"driver": "KML"} if name.endswith("kml") else {}), **options)
    if name == "latitude_first.gml":  # as its standard has it: the first number is the latitude
        first = (tmp_path / name).read_text().split("posList>")[1].split()[0]
        assert 47.4 < float(first.split(">")[-1]) < 47.6
    square, other = sorted(read_zone_file(tmp_path / name), key=lambda zone: zone.name)  # some formats reorder rows
    # datums of old national grids are known to a metre or two
    assert far_off(square.geometry, SQUARE) < (3.0 if crs in (27700, 31467) else 0.05)
    assert far_off(other.geometry, OTHER) < (3.0 if crs in (27700, 31467) else 0.05)


def test_parts_close_together_are_one_zone_and_parts_far_apart_are_places_of_their_own(tmp_path: Path) -> None:
    house_and_barn = shapely.MultiPolygon([SQUARE, HOME.polygon(circle(30, center=(400, 0)))])
    home_and_hut = shapely.MultiPolygon([SQUARE, Place(8.9, 46.2).polygon(circle(60))])
    frame(house_and_barn, name=["near"]).to_file(tmp_path / "near.gpkg")
    [near] = read_zone_file(tmp_path / "near.gpkg")
    assert near.geometry.geom_type == "MultiPolygon"
    frame(home_and_hut, name=["far"]).to_file(tmp_path / "far.gpkg")
    far = read_zone_file(tmp_path / "far.gpkg")
    assert [zone.name for zone in far] == ["far", "far"]
    assert {zone.geometry.geom_type for zone in far} == {"Polygon"}


def test_holes_are_filled_and_counted(tmp_path: Path) -> None:
    ring = shapely.Polygon(HOME.degrees(circle(150)), [HOME.degrees(circle(40)), HOME.degrees(circle(20, 8, (90, 0)))])
    frame(ring, SQUARE).to_file(tmp_path / "ring.gpkg")
    with_holes, without = read_zone_file(tmp_path / "ring.gpkg")
    assert (with_holes.holes, without.holes) == (2, 0)
    assert with_holes.name == ""  # no column says one
    assert shapely.contains_xy(with_holes.geometry, HOME.lon, HOME.lat)
    frame(shapely.MultiPolygon([ring, Place(8.9, 46.2).polygon(circle(60))])).to_file(tmp_path / "far.gpkg")
    assert [zone.holes for zone in read_zone_file(tmp_path / "far.gpkg")] == [2, 0]  # of the row, told once


def test_heights_are_left_out(tmp_path: Path) -> None:
    high = shapely.force_3d(SQUARE, 270.0)
    frame(high).to_file(tmp_path / "high.gpkg")
    [zone] = read_zone_file(tmp_path / "high.gpkg")
    assert not zone.geometry.has_z


def test_overlapping_zones_are_all_read(tmp_path: Path) -> None:
    frame(SQUARE, HOME.polygon(circle(100, center=(60, 0))), SQUARE).to_file(tmp_path / "overlaps.gpkg")
    assert len(read_zone_file(tmp_path / "overlaps.gpkg")) == 3


def test_points_have_the_radius_that_their_row_says(tmp_path: Path) -> None:
    points = frame(shapely.Point(7.6, 47.5), shapely.MultiPoint([(7.7, 47.5), (7.8, 47.5)]), radius=[150, 80], crs=2056)
    points.to_file(tmp_path / "points.gpkg")
    zones = read_zone_file(tmp_path / "points.gpkg")
    widths = [geodesy.across([zone.geometry]) for zone in zones]
    assert np.allclose(widths, [300, 160, 160], atol=1)
    assert {zone.holes for zone in zones} == {0}


@pytest.mark.parametrize("radius", [0.99, 50_001.0, -80.0, None, "wide"])
def test_a_point_without_a_radius_of_metres_refuses_the_file(tmp_path: Path, radius: Any) -> None:
    fitting = "80" if isinstance(radius, str) else 80.0
    frame(shapely.Point(7.6, 47.5), shapely.Point(7.65, 47.52), name=["a", "b"], radius=[fitting, radius]).to_file(
        tmp_path / "p.gpkg"
    )
    with pytest.raises(ZoneFileError, match=r"row 2 \(b\): a point needs a radius in metres, between 1 and 50,000"):
        read_zone_file(tmp_path / "p.gpkg")


@pytest.mark.parametrize("radius", [1.0, 50_000.0])
def test_a_point_may_have_the_smallest_radius_and_the_largest(tmp_path: Path, radius: float) -> None:
    frame(shapely.Point(7.6, 47.5), radius=[radius]).to_file(tmp_path / "p.gpkg")
    [zone] = read_zone_file(tmp_path / "p.gpkg")
    assert geodesy.across([zone.geometry]) == pytest.approx(2 * radius, rel=0.01)


def test_every_layer_of_a_geopackage_is_read_and_tables_and_empty_layers_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "project.gpkg"
    frame(SQUARE, name=["home"]).to_file(file, layer="places")
    frame(OTHER, name=["work"], crs=2056).to_file(file, layer="more places")
    frame(SQUARE).iloc[:0].to_file(file, layer="nothing yet")
    styles = pd.DataFrame({"styleName": ["red"], "styleQML": ["<qgis/>"]})
    pyogrio.write_dataframe(styles, file, layer="layer_styles", append=False)
    assert sorted(zone.name for zone in read_zone_file(file)) == ["home", "work"]


def test_a_bad_row_is_named_with_its_layer(tmp_path: Path) -> None:
    file = tmp_path / "project.gpkg"
    frame(SQUARE).to_file(file, layer="places")
    frame(shapely.LineString([(7.6, 47.5), (7.7, 47.5)])).to_file(file, layer="paths")
    with pytest.raises(ZoneFileError, match=r"layer paths, row 1: is a .*LineString"):
        read_zone_file(file)
    frame(shapely.LineString([(7.6, 47.5), (7.7, 47.5)])).to_file(tmp_path / "alone.gpkg", layer="paths")
    with pytest.raises(ZoneFileError, match=r"^\S+alone\.gpkg, row 1: is a .*LineString"):  # of one layer, no need to
        read_zone_file(tmp_path / "alone.gpkg")


def test_nothing_but_empty_layers_is_no_file_of_zones(tmp_path: Path) -> None:
    frame(SQUARE).iloc[:0].to_file(tmp_path / "empty.gpkg", layer="a")
    with pytest.raises(ZoneFileError, match="has no zones in it"):
        read_zone_file(tmp_path / "empty.gpkg")
    frame(SQUARE).iloc[:0].to_file(tmp_path / "empty.shp")
    (tmp_path / "empty.prj").unlink()  # where coordinates mean nothing, none are needed
    with pytest.raises(ZoneFileError, match="has no zones in it"):
        read_zone_file(tmp_path / "empty.shp")


def test_a_file_in_which_nothing_is_drawn_is_refused(tmp_path: Path) -> None:
    file, nothing = tmp_path / "project.gpkg", "has no geometries in it"
    pyogrio.write_dataframe(pd.DataFrame({"note": ["x"]}), file, layer="notes")
    with pytest.raises(ZoneFileError, match=nothing):
        read_zone_file(file)
    frame(None, None, note=["x", "y"]).to_file(file, layer="to be drawn")
    with pytest.raises(ZoneFileError, match=nothing):
        read_zone_file(file)
    frame(SQUARE, name=["home"]).to_file(file, layer="places")
    assert [zone.name for zone in read_zone_file(file)] == ["home"]
    with pytest.raises(ZoneFileError, match=r"nowhere\.gpkg: there is no such file"):
        read_zone_file(tmp_path / "nowhere.gpkg")


def test_a_file_of_which_nothing_is_private_is_refused(tmp_path: Path) -> None:
    frame(SQUARE, OTHER, privacy=["No", "false"]).to_file(tmp_path / "open.gpkg")
    with pytest.raises(ZoneFileError, match="every row is marked as not private; nothing would be hidden"):
        read_zone_file(tmp_path / "open.gpkg")


@pytest.mark.parametrize("folder", ["", "places/zones of mine/"])
def test_a_shapefile_in_a_zip_is_read_wherever_it_lies_in_it(tmp_path: Path, folder: str) -> None:
    frame(SQUARE, name=["home"], crs=2056).to_file(tmp_path / "zones.shp")
    with zipfile.ZipFile(tmp_path / "zones.zip", "w") as archive:
        for part in tmp_path.glob("zones.*"):
            if part.suffix != ".zip":
                archive.write(part, f"{folder}{part.name}")
        archive.writestr(f"__MACOSX/{folder}._zones.shp", b"\0")
    [zone] = read_zone_file(tmp_path / "zones.zip")
    assert zone.name == "home"
    assert far_off(zone.geometry, SQUARE) < 0.05


def test_a_zip_without_zones_and_a_zip_that_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "notes.zip", "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(ZoneFileError, match="no file in it that could hold zones"):
        read_zone_file(tmp_path / "notes.zip")
    (tmp_path / "broken.zip").write_bytes(b"PK not really")
    with pytest.raises(ZoneFileError, match="cannot be read as a zip"):
        read_zone_file(tmp_path / "broken.zip")


def test_a_shapefile_that_does_not_say_its_coordinates_is_refused(tmp_path: Path) -> None:
    frame(SQUARE).to_file(tmp_path / "bare.shp")
    (tmp_path / "bare.prj").unlink()
    with pytest.raises(ZoneFileError, match="no coordinate reference system"):
        read_zone_file(tmp_path / "bare.shp")


WORLD = shapely.box(-180, -90, 180, 90)


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (WORLD, r"row 2 \(b\): is [\d,]+ km wide; a zone is a place"),
        (shapely.box(6.0, 46.0, 9.0, 48.0), "km wide"),
        (shapely.MultiPolygon([SQUARE, shapely.box(6.0, 40.0, 9.0, 42.0)]), "km wide"),
        (shapely.LineString([(7.6, 47.5), (7.7, 47.5)]), "is a LineString"),
        (shapely.GeometryCollection([SQUARE, shapely.LineString([(7.6, 47.5), (7.7, 47.5)])]), "GeometryCollection"),
        (shapely.Polygon([(7.6, 47.5), (7.61, 47.51), (7.61, 47.5), (7.6, 47.51)]), "not a valid polygon"),
        (shapely.Polygon([(7.6, 47.5), (7.61, 47.5), (7.62, 47.5)]), "not a valid polygon|no area"),
        (shapely.box(7.6, 0.0, 7.61, 5e-324), "has no area"),
        (shapely.box(200.0, 46.0, 201.0, 46.1), "outside the world"),
        (shapely.box(179.99, 46.0, 180.01, 46.01), "outside the world"),
        (shapely.box(7.6, -90.01, 7.61, -89.99), "outside the world"),
        (None, "has no geometry"),
    ],
)
def test_what_is_no_place_is_refused_in_one_line_that_names_the_row(tmp_path: Path, geometry: Any, words: str) -> None:
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shape and json.loads(shapely.to_geojson(shape))}
        for name, shape in (("a", SQUARE), ("b", geometry))
    ]
    (tmp_path / "z.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(ZoneFileError, match=words) as caught:
        read_zone_file(tmp_path / "z.geojson")
    assert "row 2 (b)" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("lat", "fits", "too_wide"), [(0.0, 0.87, 0.91), (47.5, 1.29, 1.34), (60.0, 1.74, 1.81), (-60.0, 1.74, 1.81)]
)
def test_a_zone_is_at_most_a_hundred_kilometres_wide_wherever_it_is(
    tmp_path: Path, lat: float, fits: float, too_wide: float
) -> None:
    """From corner to corner of its box; of these, the height is a fifth."""
    for east, accepted in ((fits, True), (too_wide, False)):
        frame(shapely.box(7.0, lat - 0.1, 7.0 + east, lat + 0.1)).to_file(tmp_path / "wide.geojson")
        if accepted:
            assert len(read_zone_file(tmp_path / "wide.geojson")) == 1
        else:
            with pytest.raises(ZoneFileError, match=r"is 10[1-5] km wide; a zone is a place of at most 100 km"):
                read_zone_file(tmp_path / "wide.geojson")


def test_a_collection_of_multipolygons_and_polygons_is_their_union(tmp_path: Path) -> None:
    barns = shapely.MultiPolygon([HOME.polygon(circle(30, center=(east, 0))) for east in (300, 600)])
    ring = shapely.Polygon(HOME.degrees(circle(150)), [HOME.degrees(circle(40))])
    frame(shapely.GeometryCollection([ring, barns])).to_file(tmp_path / "c.geojson")
    [zone] = read_zone_file(tmp_path / "c.geojson")
    assert len(shapely.get_parts(zone.geometry)) == 3
    assert zone.holes == 1


def test_a_collection_of_polygons_is_their_union(tmp_path: Path) -> None:
    both = shapely.GeometryCollection([SQUARE, HOME.polygon(circle(30, center=(300, 0)))])
    frame(both).to_file(tmp_path / "c.geojson")
    [zone] = read_zone_file(tmp_path / "c.geojson")
    assert len(shapely.get_parts(zone.geometry)) == 2


@pytest.mark.parametrize(
    ("said", "mode"),
    [("ends_only", "ends_only"), ("Ends-Only", "ends_only"), ("everywhere", "everywhere"), (None, "ends_only")],
)
def test_a_row_says_what_it_hides_and_the_command_for_those_that_do_not(tmp_path: Path, said: Any, mode: str) -> None:
    frame(SQUARE, OTHER, mode=[said, "everywhere"]).to_file(tmp_path / "m.gpkg")
    assert [zone.mode for zone in read_zone_file(tmp_path / "m.gpkg", "ends_only")] == [mode, "everywhere"]


def test_a_mode_that_there_is_not_refuses_the_file(tmp_path: Path) -> None:
    frame(SQUARE, OTHER, name=["a", "b"], mode=["ends_only", "sometimes"]).to_file(tmp_path / "m.gpkg")
    with pytest.raises(
        ZoneFileError, match=r"row 2 \(b\): its mode is 'sometimes'; there are everywhere and ends_only"
    ):
        read_zone_file(tmp_path / "m.gpkg")


def test_a_file_that_is_none_is_refused_in_one_line_that_says_why(tmp_path: Path) -> None:
    for name, data, why in (
        ("garbage.gpkg", b"\0" * 900, "it is none that GDAL knows: GeoJSON, GeoPackage, Shapefile, KML, …"),
        ("half.geojson", b'{"type": "Feature"', "Failed to read GeoJSON data; JSON parsing error: .*"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ZoneFileError, match=rf"{name}: cannot be read as a file of zones \({why}\)$"):
            read_zone_file(tmp_path / name)


def test_a_name_is_one_line_without_what_moves_a_cursor(tmp_path: Path) -> None:
    frame(SQUARE, name=["At\x1b[2J  home,\n\ttoo\u202e"]).to_file(tmp_path / "n.geojson")
    [zone] = read_zone_file(tmp_path / "n.geojson")
    assert zone.name == "At [2J home, too"


def test_a_column_of_noughts_and_ones_says_what_is_private(tmp_path: Path) -> None:
    frame(SQUARE, OTHER, SQUARE, privacy=[0.0, 1.0, None]).to_file(tmp_path / "p.gpkg")
    assert len(read_zone_file(tmp_path / "p.gpkg")) == 2


@pytest.mark.parametrize(
    "content",
    [
        'Address,Radius,Latitude & Longitude\n"1 Any Street, Town",200.0,"47.5, 7.6"\n"2",400.0,"47.52, 7.65"\n',
        '\ufeffAdresse,Radius,Breiten- und Längengrad\n"Gasse 1",200.0,"47.5, 7.6"\n"Weg 2","400.0","47.52, 7.65"\n',
        'Dirección,Radio,Latitud y longitud\n,200.0,"47.5, 7.6"\n,400.0,"47.52, 7.65"\n',
        "住所;半径;緯度と経度\n1-2-3;200 m;47.5, 7.6\n4;400 m;47.52, 7.65\n",
    ],
)
def test_the_exports_zones_are_known_by_what_is_in_them_in_any_language(tmp_path: Path, content: str) -> None:
    (tmp_path / "privacy_zones.csv").write_text(content)
    home, work = read_zone_file(tmp_path / "privacy_zones.csv")
    assert shapely.contains_xy(home.geometry, 7.6, 47.5)
    assert shapely.contains_xy(work.geometry, 7.65, 47.52)
    assert geodesy.across([home.geometry]) == pytest.approx(400, abs=1)
    assert geodesy.across([work.geometry]) == pytest.approx(800, abs=1)


def exported(tmp_path: Path, *rows: str) -> list[DrawnZone]:
    (tmp_path / "privacy_zones.csv").write_bytes(("A,R,L\n" + "\n".join(rows) + "\n").encode("latin-1"))
    return read_zone_file(tmp_path / "privacy_zones.csv")


@pytest.mark.parametrize(
    ("radius", "metres"),
    [
        *[("10", 10), ("200.0", 200), ("200 m", 200), ("0.5 km", 500), ("0.5km", 500), ("1000 ft.", 304.8)],
        *[("500 feet", 152.4), ("100 yd", 91.44), ("0.25 mi", 402.336), ("1 Miles", 1609.344), ("8 m", 8)],
        *[("9.9", None), ("200 furlongs", None), ("0 m", None), ("-200", None), ("", None), ("far", None)],
    ],
)
def test_a_radius_of_the_exports_zones_is_in_a_unit_that_is_known(
    tmp_path: Path, radius: str, metres: float | None
) -> None:
    """A bare number so small that it may be kilometres or miles is not guessed at."""
    row = f'x,{radius},"47.5, 7.6"'
    if metres is None:
        with pytest.raises(ZoneFileError, match="row 1: no radius in a unit that is known"):
            exported(tmp_path, row)
        return
    [zone] = exported(tmp_path, row)
    assert geodesy.across([zone.geometry]) == pytest.approx(2 * metres, rel=0.005)
    assert zone.name == ""  # an address is nobody's business


def test_an_address_in_the_exports_zones_may_be_any_text(tmp_path: Path) -> None:
    for address in ('"1; Any; Street; Town; Land;;;;;;"', '"1 Any Street\r\n1234 Town"', "Stra\xdfe 1"):
        [zone] = exported(tmp_path, f'{address},200.0,"47.5, 7.6"')
        assert shapely.contains_xy(zone.geometry, 7.6, 47.5)


@pytest.mark.parametrize("row", ["y", "y,200.0", 'y,200.0,"47.5 N, 7.6 E"', 'y,200.0,"47,5, 7,6"', "y,200.0,47.5"])
def test_a_row_of_the_exports_zones_that_is_cut_off_or_would_have_to_be_guessed_refuses_the_file(
    tmp_path: Path, row: str
) -> None:
    with pytest.raises(ZoneFileError, match="row 2: no radius in a unit that is known, or no latitude and longitude"):
        exported(tmp_path, 'x,200.0,"47.5, 7.6"', row)


def test_what_is_no_table_of_the_exports_zones_is_refused(tmp_path: Path) -> None:
    before = csv.field_size_limit(100_000)  # the whole process's: importing an export changes it
    try:
        with pytest.raises(ZoneFileError, match="cannot be read as a table"):
            exported(tmp_path, f'"{"x" * 140_000}",200.0,"47.5, 7.6"')
    finally:
        csv.field_size_limit(before)
    with pytest.raises(ZoneFileError, match="has no zones in it"):
        exported(tmp_path)


def test_of_several_in_an_exports_zip_the_uppermost_is_taken(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("a/copies/of/privacy_zones.csv", 'A,R,L\nx,200.0,"1.0, 2.0"\n')
        archive.writestr("export/privacy_zones.csv", 'A,R,L\nx,200.0,"47.5, 7.6"\n')
    [zone] = read_zone_file(tmp_path / "export.zip")
    assert shapely.contains_xy(zone.geometry, 7.6, 47.5)


def test_a_row_of_the_exports_zones_without_a_place_refuses_the_file(tmp_path: Path) -> None:
    (tmp_path / "privacy_zones.csv").write_text('A,R,L\nx,200.0,"47.5, 7.6"\ny,200.0,hidden\n')
    with pytest.raises(ZoneFileError, match="row 2: no radius in a unit that is known, or no latitude and longitude"):
        read_zone_file(tmp_path / "privacy_zones.csv")


def test_a_point_across_the_antimeridian_stays_one_zone(tmp_path: Path) -> None:
    frame(shapely.Point(179.999, -17.0), radius=[300]).to_file(tmp_path / "fiji.gpkg")
    [zone] = read_zone_file(tmp_path / "fiji.gpkg")
    assert shapely.contains_xy(zone.geometry, -179.9995, -17.0)
