"""The small picture beside a materialisation shows the published lines, framed, and nothing else."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree

import pytest
import shapely

from strava_assets.publish.picture import COLOURS, OTHER, as_markdown, tracks_svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> list[tuple[str, list[list[tuple[float, float]]]]]:
    """Colour and lines of each track."""
    paths, root = [], ElementTree.fromstring(svg)
    assert "".join(root.itertext()) == ""
    for path in root.iter(f"{SVG}path"):
        lines = [
            [(float(x), float(y)) for x, y in (point.split() for point in line.split("L"))]
            for line in path.attrib["d"].split("M")[1:]
        ]
        paths.append((path.attrib["stroke"], lines))
    return paths


def test_without_tracks_it_is_an_empty_frame() -> None:
    root = ElementTree.fromstring(tracks_svg([], []))
    assert root.attrib == {"viewBox": "0 0 480 300", "width": "480", "height": "300"}
    [frame] = root
    assert frame.tag == f"{SVG}rect"
    assert frame.attrib == {"width": "480", "height": "300", "fill": "#f8fafc"}


def test_a_wide_track_fills_the_width_and_is_centred() -> None:
    svg = tracks_svg([shapely.LineString([(7, 0), (8, 0), (9, 0.1)])], ["Ride"], 200, 100)
    [(colour, lines)] = drawn(svg)
    assert colour == COLOURS["Ride"]
    assert lines == [[(10.0, 54.5), (100.0, 54.5), (190.0, 45.5)]]  # north is up
    root = ElementTree.fromstring(svg)
    assert root.attrib == {"viewBox": "0 0 200 100", "width": "200", "height": "100"}
    frame, group = root
    assert frame.attrib["width"] == "200"
    assert group.attrib == {"fill": "none", "stroke-width": "1.5", "stroke-opacity": ".7", "stroke-linejoin": "round"}


def test_a_tall_track_fills_the_height_and_is_centred() -> None:
    [(_, lines)] = drawn(tracks_svg([shapely.LineString([(7, -1), (7.1, 1)])], ["Run"], 200, 100))
    assert lines == [[(98.0, 90.0), (102.0, 10.0)]]


def test_far_north_a_degree_of_longitude_is_half_as_wide() -> None:
    [(_, tall)] = drawn(tracks_svg([shapely.LineString([(7, 59), (9, 61)])], ["Run"], 420, 220))
    assert tall == [[(160.0, 210.0), (260.0, 10.0)]]
    [(_, wide)] = drawn(tracks_svg([shapely.LineString([(7, 59.9), (9, 60.1)])], ["Run"], 420, 220))
    assert wide == [[(10.0, 150.0), (410.0, 70.0)]]


def test_a_short_track_fills_it_as_a_long_one_does() -> None:
    [(_, lines)] = drawn(tracks_svg([shapely.LineString([(7, 0), (7.01, 0)])], ["Run"], 200, 100))
    assert lines == [[(10.0, 50.0), (190.0, 50.0)]]


def test_one_place_is_drawn_in_the_middle() -> None:
    [(_, lines)] = drawn(tracks_svg([shapely.LineString([(7, 47), (7, 47)])], ["Run"], 200, 100))
    assert lines == [[(100.0, 50.0)]]


def test_lines_of_an_activity_stay_apart_and_each_place_is_drawn_once() -> None:
    lines = [[(0, 0), (1, 0), (0, 0), (2, 0)], [(2, 1), (2, 0)]]
    [(colour, there)] = drawn(tracks_svg([shapely.MultiLineString(lines)], ["Chess"], 220, 120))
    assert colour == OTHER
    assert there == [[(10.0, 110.0), (110.0, 110.0), (210.0, 110.0)], [(210.0, 10.0), (210.0, 110.0)]]


def test_each_sport_has_its_colour() -> None:
    lines = [shapely.LineString([(0, number), (1, number)]) for number in range(3)]
    colours = [colour for colour, _ in drawn(tracks_svg(lines, ["Run", "Ride", "Sailing"]))]
    assert colours == [COLOURS["Run"], COLOURS["Ride"], OTHER]
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in (*COLOURS.values(), OTHER))
    with pytest.raises(ValueError, match="shorter"):
        tracks_svg(lines, ["Run"])


def test_it_is_carried_in_markdown() -> None:
    svg = tracks_svg([], [])
    told = re.fullmatch(r"!\[(.*)\]\(data:image/svg\+xml;base64,(.*)\)", as_markdown(svg, "May"))
    assert told is not None
    assert told[1] == "May"
    assert base64.b64decode(told[2]).decode() == svg
