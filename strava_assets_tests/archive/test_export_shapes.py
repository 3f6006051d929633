"""activities.csv as spreadsheets and accidents leave it, and the tables beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strava_assets.archive import export
from strava_assets.archive.export import FIGURES, Export, Row, left_over, read_export
from strava_assets.archive.files import Files, open_files
from strava_assets.archive.sport_types import SPORT_TYPES
from strava_assets.errors import ArchiveError
from strava_assets_tests.archive import tables, writers
from strava_assets_tests.archive.tables import LANGUAGES, Activity, Style
from strava_assets_tests.archive.test_export_languages import HISTORY, assert_same
from strava_assets_tests.archive.writers import HEADER, export_row

ODD = 'a;b\tc,"d"\r\ne\u2028f\u202fg 🚵‍♀️'


def read(data: bytes, beside: dict[str, bytes] | None = None) -> Export:
    held = {"activities.csv": data, **(beside or {})}
    return read_export(Files("test", tuple(sorted(held)), lambda name, limit=0: held[name]), "activities.csv")


def lines(*rows: list[str], header: list[str] = HEADER) -> bytes:
    return writers.table(rows, header).encode()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_separators_ends_of_lines_and_encodings_do_not_matter(separator, newline, encoding):
    history = [replace(HISTORY[0], description=ODD), *HISTORY[1:]]
    style = Style("de", separator=separator, newline=newline, encoding=encoding)
    assert_same(read(tables.table(history, style)), history)


@pytest.mark.parametrize(
    ("language", "code_page", "name"),
    [
        *[("de", "cp1252", "Über den Paß"), ("cs", "cp1250", "Žižkův běh"), ("ja", "cp932", "朝のライド")],
        *[("zh-Hans", "gb18030", "温榆河绕圈"), ("zh-Hant", "big5", "陽明山"), ("pt", "cp1252", "São João")],
    ],
)
def test_what_a_spreadsheet_saved_in_its_own_code_page_is_read(language, code_page, name):
    history = [replace(activity, name=name) for activity in HISTORY]
    style = Style(language, encoding=code_page, separator=";", spreadsheet=True)
    assert_same(read(tables.table(history, style)), [tables.without_seconds(activity) for activity in history])


def test_a_line_that_names_the_separator_and_blank_lines_are_passed_over():
    assert_same(read(b"sep=;\r\n\r\n" + tables.table(HISTORY, Style("de", separator=";"))), HISTORY)
    assert_same(read(b"\n , \n" + tables.table(HISTORY)), HISTORY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_that_a_european_spreadsheet_saved_again_is_read(language):
    export = read(tables.table(HISTORY, Style(language, spreadsheet=True, separator=";", newline="\r\n")))
    assert_same(export, [tables.without_seconds(activity) for activity in HISTORY])
    assert export.warnings == []


def test_dates_that_became_a_spreadsheets_days_are_dates_again():
    export = read(lines(export_row(9, date="44710.662210648"), export_row(10, date="44710,5")))
    assert [row.start for row in export.rows] == [
        datetime(2022, 5, 29, 15, 53, 35, tzinfo=UTC),
        datetime(2022, 5, 29, 12, tzinfo=UTC),
    ]


def test_a_number_that_a_spreadsheet_has_shortened_is_never_taken_for_another():
    rows = [["1.23457E+10", *export_row(1)[1:]], ["1,23457E+10", *export_row(1)[1:]], export_row(3)]
    export = read(lines(*rows))
    assert [row.strava_id for row in export.rows] == [3]
    assert export.warnings == [
        "activities.csv, row 2 (1.23457E+10), row 3 (1,23457E+10): a spreadsheet has shortened the activity's number; "
        "left out. Import the archive as Strava made it"
    ]
    assert [row.strava_id for row in read(lines(["12070555079.0", *export_row(1)[1:]])).rows] == [12070555079]


def test_figures_that_a_spreadsheet_has_made_dates_are_left_empty_and_said():
    row = export_row(9)
    row[HEADER.index("Average Speed")] = "05. Jul"
    export = read(lines(row))
    assert export.rows[0].archive["average_speed"] is None
    assert export.rows[0].archive["distance"] == 20500.4
    assert export.warnings == ["activities.csv, row 2 ('05. Jul'): its average speed is no number, and is left empty"]


def test_rows_with_more_cells_than_columns_are_left_out_and_said():
    displaced = [*export_row(1)[:2], "a", *export_row(1, "activities/1.fit")[2:]]
    export = read(lines(displaced, [*export_row(2), "", ""], [*export_row(3), "more"]))
    assert [row.strava_id for row in export.rows] == [2]
    assert export.warnings == [
        "activities.csv, row 2, row 4: has more cells than there are columns, so that some are displaced; left out"
    ]


def test_rows_that_are_cut_short_or_empty_but_for_their_number_are_said():
    export = read(lines(export_row(1)[:6], ["2"], ["3", "", "", "", "", "0"]))
    assert [row.strava_id for row in export.rows] == [1]
    assert export.rows[0].filename is None
    assert export.warnings == [
        "activities.csv, row 2: is cut short: figures, or the file, are missing",
        "activities.csv, row 3 (2), row 4 (3): holds nothing but the number of an activity; left out",
    ]


def test_a_date_that_cannot_be_read_is_said_and_its_row_is_kept():
    export = read(lines(export_row(1, date="gestern"), export_row(2)))
    assert [row.dates for row in export.rows] == [(), (datetime(2024, 5, 10, 6, tzinfo=UTC),)]
    assert export.rows[0].start is None
    assert export.rows[0].archive["start"] is None
    assert export.warnings == [
        "activities.csv, row 2 ('gestern'): its date cannot be read; its recording's own start counts"
    ]


def test_the_same_trouble_in_a_thousand_rows_is_one_line():
    export = read(lines(*(export_row(9) for _ in range(1000))))
    assert export.warnings == [
        "activities.csv, row 3 (activity 9), row 4 (activity 9), row 5 (activity 9), row 6 (activity 9), "
        "row 7 (activity 9) and 994 more rows: occurs twice; the first counts"
    ]


@pytest.mark.parametrize("cut", [0.3, 0.6])
def test_a_quotation_mark_that_is_not_closed_is_no_silent_loss(cut):
    data = tables.table([replace(activity, description="x\n" * 50) for activity in HISTORY])
    inside = data.index(b'"x\n') + int(40 * cut)
    with pytest.raises(ArchiveError, match=r"activities\.csv: its quotation marks do not pair after row 1 "):
        read(data[:inside])
    with pytest.raises(ArchiveError, match=r"quotation marks do not pair after row 2 "):
        read(tables.table(HISTORY[:1]) + b'"' + b"x,\n" * 400_000)


def test_a_table_larger_than_any_history_is_refused_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_TABLE_LIMIT", 2**20)
    path = writers.write_zip(tmp_path / "e.zip", {"activities.csv": tables.table([Activity(description="x" * 2**20)])})
    with open_files(path) as files, pytest.raises(ArchiveError, match=r"activities\.csv: larger than 1 MiB"):
        read_export(files, "activities.csv")


def test_more_activities_than_anybody_has_are_refused_in_a_line(monkeypatch):
    monkeypatch.setattr(export, "_ROWS_LIMIT", 3)
    assert len(read(lines(*map(export_row, (1, 2, 3, 3)))).rows) == 3
    with pytest.raises(ArchiveError, match="holds more than 3 activities, which nobody has; nothing was imported"):
        read(lines(*map(export_row, (1, 2, 3, 4))))


def test_a_header_wider_than_any_is_refused_in_a_line():
    with pytest.raises(ArchiveError, match="has 50001 columns, and is none of Strava's"):
        read(b"a," * 50_000 + b"\n")
    assert [row.strava_id for row in read(lines(export_row(1)) + b"2" + b"," * 50_000 + b"\n").rows] == [1]


def shown_only(*rows: tuple[str, str, str]) -> bytes:
    header = tables.COLUMNS[:7] + ["Commute", "Activity Gear", "Filename"]
    return lines(
        *(
            [str(i), "Jul 3, 2019, 9:00:00 AM", "x", kind, "", seconds, distance, "false", "", ""]
            for i, (kind, seconds, distance) in enumerate(rows, 1)
        ),
        header=header,
    )


def test_distances_only_as_shown_are_brought_to_metres_and_said():
    data = shown_only(("Ride", "3600", "20.5"), ("Run", "3600", "9.8"), ("Swim", "1800", "1,073"))
    export = read(data)
    assert [row.archive["distance"] for row in export.rows] == pytest.approx([20500, 9800, 1073])
    assert "taken for kilometres" in export.warnings[0]
    miles = {"general_preferences.csv": b"Preferred Language,Measurement Preference\nen-US,feet\n"}
    export = read(data, miles)
    assert [row.archive["distance"] for row in export.rows] == pytest.approx([32991.55, 15771.57, 981.15], abs=0.01)
    assert "taken for miles" in export.warnings[0]


def test_a_swimmers_few_rides_are_still_in_kilometres():
    export = read(shown_only(("Ride", "3600", "20.5"), *[("Swim", "1800", "1,073")] * 5))
    assert [row.archive["distance"] for row in export.rows] == [20500, 1073, 1073, 1073, 1073, 1073]


def test_only_swims_as_shown_in_a_country_of_commas_are_not_thousandfold():
    german = shown_only(("Schwimmen", "1800", "1.073")).decode()
    for word, name in {"Activity ID": "Aktivitäts-ID", "Activity Type": "Aktivitätsart", "Distance": "Distanz"}.items():
        german = german.replace(word, name)
    for word, name in {"Activity Name": "Name der Aktivität", "Elapsed Time": "Verstrichene Zeit"}.items():
        german = german.replace(word, name)
    assert read(german.encode()).rows[0].archive["distance"] == 1073


@pytest.mark.parametrize(
    ("bikes", "shoes"),
    [
        (
            b'Bike Name,Bike Brand,Bike Model,Bike Default Sport Types\nGrey,A,X,"Gravel Ride, Ride"\n',
            b"Shoe Name,Shoe Brand,Shoe Model,Shoe Default Sport Types\nBlue,A,X,Run\n",
        ),
        (
            "Fahrradname;Marke;Modell;Standard\nGrey;A;X;Gravelfahrt/Radfahrt\n".encode("utf-16"),
            "Nom de la chaussure,Marque,Modèle,Types de sport\nBlue,A,X,Course à pied\n,B,Y,Marche\n".encode(),
        ),
    ],
)
def test_gear_tells_its_sports_in_every_language(bikes, shoes):
    rows = [export_row(1, gear="Grey"), export_row(2, gear="Blue"), export_row(3, gear="Red")]
    export = read(lines(*rows), {"bikes.csv": bikes, "shoes.csv": shoes})
    assert [row.archive["gear_sports"] for row in export.rows] == [["GravelRide", "Ride"], ["Run"], None]


@pytest.mark.parametrize(
    ("profile", "owner"),
    [
        ("Athlete ID,Email Address,First Name,Last Name\n7,a@example.org,Ada,Ex\n", (7, "Ada Ex")),
        ("Email Address,Athlete ID,Last Name,First Name\na@example.org,7,Ex,Ada\n", (7, "Ada Ex")),
        ("Sportler-ID,E-Mail,Vorname,Nachname\n7,a@example.org,Ada,Ex\n", (7, "Ada Ex")),
        ("Kundennummer,Ort,Vorname,Nachname\n7,Berlin,Ada,Ex\n", (None, None)),
        ("Athlete ID\n", (None, None)),
        ('Athlete ID,"', (None, None)),
        ("", (None, None)),
    ],
)
def test_the_profile_tells_whose_it_is_in_every_language(profile, owner):
    export = read(lines(export_row(1)), {"profile.csv": profile.encode()})
    assert (export.athlete_id, export.athlete_name) == owner


def test_privacy_zones_of_the_export_are_counted_and_never_quoted():
    zones = 'Address,Radius,Latitude & Longitude\n1 Secret Rd,200,"52.1, 4.5"\n2 Secret Rd,400,"52.2, 4.5"\n'
    export = read(lines(export_row(1)), {"privacy_zones.csv": zones.encode()})
    assert export.privacy_zones == 2
    assert "Secret" not in repr(export)
    assert read(lines(export_row(1))).privacy_zones == 0


def test_lost_files_and_recordings_without_a_row_are_told_apart():
    data = lines(export_row(1, "#error#"), export_row(2, "activities/2.fit"))
    held = {"activities.csv": data, "activities/2.fit": b"x", "activities/3.fit": b"x"}
    files = Files("test", tuple(held), lambda name, limit=0: held[name])
    export = read_export(files, "activities.csv")
    assert [row.filename for row in export.rows] == ["#error#", "activities/2.fit"]
    assert left_over(files, export)[0].startswith(
        "recordings of the export that no row of activities.csv names were left out: 1 "
    )


def test_a_row_is_what_the_import_keeps_of_it():
    [row] = read(tables.table(HISTORY[:1])).rows
    assert list(row.archive)[3:-3] == list(FIGURES)
    assert row.archive["start"] == "2022-05-29T15:53:35+00:00"
    assert not hasattr(row, "__dict__"), "a row of a million is small"
    assert isinstance(row, Row)


#: Figures as floats that a CSV gives back exactly; 3.125e-05 and 1e+20 as Strava writes them, too.
FIGURE = st.none() | st.floats(0, 1e7, allow_nan=False).map(lambda value: float(repr(value)))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ACTIVITY = st.builds(
    Activity,
    start=st.datetimes(datetime(2005, 1, 1), datetime(2026, 11, 1)).map(
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    ),
    name=TEXT,
    sport_type=st.sampled_from(sorted(SPORT_TYPES - {"WaterSport"})),
    filename=st.sampled_from(["", "#error#", "activities/1.fit.gz", "activities/2.gpx", "activities/3.tcx.gz"]),
    gear_name=TEXT,
    description=TEXT | st.just(ODD),
    **{word: FIGURE for word in FIGURES if word not in ("distance", "elapsed_time")},
    # what is shown beside them tells the blocks, and the rule for decimals
    distance=st.none() | st.integers(0, 4_000_000).map(lambda tenths: tenths / 10),
    elapsed_time=st.none() | st.integers(0, 400_000).map(float),
)
STYLE = st.builds(
    Style,
    language=st.sampled_from(LANGUAGES),
    columns=st.sampled_from([43, 72, 86, 94, 103]),
    date=st.integers(0, 2),
    miles=st.booleans(),
    spreadsheet=st.booleans(),
    separator=st.sampled_from([",", ";", "\t"]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIVITY, min_size=1, max_size=5), STYLE)
def test_any_history_in_any_language_and_shape_reads_back_the_same(history, style):
    anchor = Activity(99, datetime(2024, 5, 31, 10, 0, 0, tzinfo=UTC), gear_name="Grey")  # tells orders and rules
    history = [*(replace(activity, strava_id=i) for i, activity in enumerate(history, 1)), anchor]
    export = read(tables.table(history, style))
    if style.spreadsheet:
        history = [tables.without_seconds(activity) for activity in history]
    for row, activity in zip(export.rows, history, strict=True):
        assert row.strava_id == activity.strava_id
        assert row.dates == (activity.start,)
        assert row.sport_type == activity.sport_type
        assert (row.file or "") == activity.filename
        assert dict(zip(FIGURES, row.figures, strict=True)) == activity.figures()


SEEDS = [
    tables.table(HISTORY),
    tables.table(HISTORY, Style("de", separator=";", spreadsheet=True, encoding="utf-16")),
    tables.table([Activity(name="朝")], Style("ja", encoding="cp932")),
    tables.table(HISTORY, Style(named=False)),
    shown_only(("Ride", "3600", "20.5")),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 40))
        data[start:end] = draw(st.binary(max_size=12) | st.sampled_from([b'"', b",", b"\n", b"\0", b"9" * 400, b"e99"]))
    return bytes(data)


def read_or_refuse(data: bytes) -> Export | str:
    try:
        return read(data, {"bikes.csv": data, "profile.csv": data, "general_preferences.csv": data})
    except ArchiveError as error:
        return str(error)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged() | st.binary(max_size=200))
def test_nothing_but_our_own_error_comes_out_of_any_bytes(data):
    export = read_or_refuse(data)
    if isinstance(export, str):
        assert len(export.splitlines()) == 1
        return
    for row in export.rows:
        assert row.strava_id > 0
        assert all(timedelta(0) == moment.utcoffset() for moment in row.dates)
        assert row.archive["sport_type"]
    assert all(len(line.splitlines()) == 1 for line in export.warnings)
