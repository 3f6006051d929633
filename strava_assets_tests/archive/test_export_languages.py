"""activities.csv in every language: its headers, dates, numbers and sports."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strava_assets.archive import dates
from strava_assets.archive.columns import known_headers, place_columns
from strava_assets.archive.export import Export, find_table, read_export
from strava_assets.archive.files import open_files
from strava_assets.archive.numbers import majority, number
from strava_assets.archive.sport_labels import LABELS
from strava_assets.archive.sport_types import SPORT_TYPES, from_label, from_word
from strava_assets.errors import ArchiveError
from strava_assets.privacy.visibility import reason_hidden
from strava_assets_tests.archive import tables, writers
from strava_assets_tests.archive.tables import LANGUAGES, Activity, Style

HISTORY = [
    Activity(1, name="Über den Berg", sport_type="Ride", gear_name="Grey", description='windy,\n"very" windy'),
    Activity(2, datetime(2023, 1, 2, 0, 5, 9, tzinfo=UTC), "Zwift", "VirtualRide", "activities/2.gpx"),
    Activity(3, datetime(2021, 12, 31, 12, 0, 0, tzinfo=UTC), "Bad", "Swim", "", distance=1073.0),
    Activity(4, datetime(2020, 8, 13, 23, 59, 59, tzinfo=UTC), "früh", "TrailRun", "#error#", distance=None),
]


def read(tmp_path: Path, data: bytes, **beside: bytes) -> Export:
    files = {"activities.csv": data} | {name.replace("_csv", ".csv"): content for name, content in beside.items()}
    with open_files(writers.write_folder(tmp_path / "export", files)) as opened:
        found = find_table(opened)
        assert found
        return read_export(opened, found)


def assert_same(export: Export, history: list[Activity]) -> None:
    assert [row.strava_id for row in export.rows] == [activity.strava_id for activity in history]
    for row, activity in zip(export.rows, history, strict=True):
        assert row.dates == (activity.start,)
        assert (row.name, row.sport_type, row.filename) == (
            activity.name,
            activity.sport_type,
            activity.filename or None,
        )
        assert (row.gear_name or "") == activity.gear_name
        assert {word: row.archive[word] for word in activity.figures()} == activity.figures()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_history_is_the_same_in_every_language(tmp_path, language):
    for date in range(len(tables.DATES[language])):
        export = read(tmp_path, tables.table(HISTORY, Style(language, date=date)))
        assert_same(export, HISTORY)
        assert export.warnings == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_miles_and_metres_are_not_mixed_up(tmp_path, language):
    assert_same(read(tmp_path, tables.table(HISTORY, Style(language, miles=True))), HISTORY)


#: Headers as quoted by people who have such exports, in public code and questions.
SEEN = {
    "de": "Aktivitäts-ID,Aktivitätsdatum,Name der Aktivität,Aktivitätsart,Aktivitätsbeschreibung,Verstrichene Zeit,"
    "Distanz,Max. Herzfrequenz,Relative Leistung,Pendeln,Hinweis zur Privatsphäre für Aktivitäten,"
    "Aktivitätsausrüstung,Dateiname,Sportlergewicht,Fahrradgewicht,Verstrichene Zeit,Bewegungszeit,Distanz,"
    "Höchstgeschw.,Durchschnittliche Geschwindigkeit,Höhenzunahme,Höhenunterschied,Min. Höhe,Max. Höhe,Max. Steigung,"
    "Durchschnittliche Steigung,Durchschnittliche positive Steigung,Durchschnittliche negative Steigung,"
    "Max. Tritt-/Schrittfrequenz,Durchschnittliche Trittfrequenz,Max. Herzfrequenz,Durchschnittliche Herzfrequenz,"
    "Max. Watt,Durchschnittliche Watt,Kalorien",
    "cs": "ID aktivity,Datum aktivity,Název aktivity,Typ aktivity,Popis aktivity,Uplynulý čas,Vzdálenost,"
    "Maximální tepová frekvence,Relativní úsilí,Dojíždění,Soukromá poznámka k aktivitě,Vybavení na aktivitu,"
    "Název souboru,Hmotnost sportovce,Hmotnost kola,Uplynulý čas,Aktivní čas,Vzdálenost,Maximální rychlost,"
    "Průměrná rychlost,Nastoupaná výška,Naklesaná výška,Nejnižší nadmořská výška,Nejvyšší nadmořská výška,"
    "Maximální sklon,Průměrný sklon,Průměrný pozitivní sklon,Průměrný záporný sklon,Maximální kadence,"
    "Průměrná kadence,Maximální tepová frekvence,Průměrná tepová frekvence,Maximální výkon ve wattech,"
    "Průměrný výkon ve wattech,Kalorie",
    "fr": "ID de l'activité,Date de l'activité,Nom de l'activité,Type d'activité,Description de l'activité,"
    "Temps écoulé,Distance,Fréquence cardiaque max.,Effort relatif,Déplacement-transport,"
    "Note privée sur les activités,Matériel utilisé pour l'activité,Nom du fichier,Poids de l'athlète,Poids du vélo,"
    "Temps écoulé,Durée de déplacement,Distance,Vitesse max.,Vitesse moyenne,Dénivelé positif",
    "it": "ID attività,Data dell’attività,Nome attività,Tipo attività,Tempo trascorso,Tempo in movimento,Distanza,"
    "Frequenza cardiaca media,Calorie,Nome del file",
    "es": "ID de actividad,Fecha de la actividad,Nombre de la actividad,Tipo de actividad,"
    "Descripción de la actividad,Tiempo transcurrido,Distancia,Nombre del archivo,Tiempo transcurrido,"
    "Tiempo en movimiento,Distancia,Desnivel positivo",
    "nl": "Activiteits-ID,Datum van activiteit,Naam activiteit,Activiteitstype,Verstreken tijd,Afstand,Bestandsnaam,"
    "Verstreken tijd,Beweegtijd,Afstand,Max. snelheid,Gemiddelde snelheid,Totale stijging,Gemiddelde hartslag,"
    "Max. hartslag,Gemiddelde cadans,Calorieën",
    "pt": "ID da atividade,Data da atividade,Nome da atividade,Tipo de atividade,Tempo decorrido,Distância,"
    "Equipamento da atividade,Nome do arquivo,Tempo decorrido,Tempo de movimentação,Distância,Ganho de elevação,"
    "Calorias",
    "ja": "アクティビティID,アクティビティ実行日,アクティビティ名,アクティビティタイプ,経過時間,距離,"
    "ファイル名,移動時間,距離,獲得標高",
    "zh-Hans": "活动 ID,活动日期,活动名称,活动类型,活动描述,全程耗时,距离,文件名",
}
_UNREAD = ("Aktivitätsbeschreibung", "Popis", "Description", "Descripción", "描述")


@pytest.mark.parametrize("language", SEEN)
def test_the_headers_of_real_exports_are_known(language):
    header = SEEN[language].split(",")
    columns = place_columns(header, [])
    assert columns.language == language
    assert columns.warnings == ()
    assert [columns.positions[word] for word in ("id", "start", "name", "sport_type")] == [0, 1, 2, 3]
    for word in ("elapsed_time", "distance"):
        if word in columns.shown:
            assert columns.positions[word] > columns.positions["filename"] > columns.shown[word]
    if "calories" in columns.positions:
        assert header[columns.positions["calories"]].startswith(("Kalori", "Calori"))


def test_a_real_table_under_its_german_headers_is_the_same(tmp_path, real_data):
    folder = real_data / "strava-export_geo-activity-playground"
    german = {en: de for de, en in json.loads((folder / "strava-csv-mapping_de-en.json").read_text()).items()}
    original = next(folder.rglob("activities.csv")).read_text(encoding="utf-8")
    lines = list(csv.reader(io.StringIO(original, newline="")))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[german.get(name, name) for name in lines[0]], *lines[1:]])
    translated = read(tmp_path / "de", text.getvalue().encode())
    assert translated.warnings == []
    assert translated.rows == read(tmp_path / "en", original.encode()).rows


AFTERNOON = datetime(2022, 5, 29, 15, 53, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *["May 29, 2022, 3:53:35\u202fPM", "29 May 2022, 15:53:35", "29 May 2022, 3:53:35\u202fpm"],
        *["29.05.2022, 15:53:35", "29. Mai 2022 15:53:35", "29. Mai 2022 um 15:53:35"],
        *["29 mai 2022 à 15:53:35", "29 mai 2022, 15:53:35", "29 mai 2022\xa0à\xa015:53:35"],
        *["29 may 2022, 15:53:35", "29 may. 2022 15:53:35", "29 de may. de 2022, 3:53:35 p. m."],
        *["29 mag 2022, 15:53:35", "29/mag/2022 15:53:35", "29 mei 2022, 15:53:35", "29 mei. 2022 15:53:35"],
        *["29 de mai. de 2022, 15:53:35", "29 de mai de 2022 15:53:35", "29/05/2022, 15:53:35"],
        *["29. 5. 2022 15:53:35", "29. května 2022 15:53:35", "2022/05/29 15:53:35", "2022/5/29 午後3:53:35"],
        *[
            "2022年5月29日 15:53:35",
            "2022年5月29日 下午3:53:35",
            "2022年5月29日 15时53分35秒",
            "2022. 5. 29. 오후 3:53:35",
        ],
        *["29.5.2022 15.53.35", "29. maj 2022 15.53.35", "29.5.2022 klo 15.53.35", "44710.66221", "44710,66221"],
        *["２０２２/０５/２９ １５:５３:３５", "5/29/2022 15:53:35", "5.29.2022 15:53:35", "2022-05-29 15:53:35.000"],
    ],
)
def test_dates_are_utc_in_every_language(text):
    assert [moment for _, moment in dates.readings(text)] == [AFTERNOON]


@pytest.mark.parametrize(
    ("text", "month"),
    [
        *[("23 jun. 2017 15:52:12", 6), ("24 août 2012 à 16:27:40", 8), ("1 févr. 2020, 10:00:00", 2)],
        *[("1 mrt 2020, 10:00:00", 3), ("1 ago 2020, 10:00:00", 8), ("1 de set. de 2020, 10:00:00", 9)],
        *[("1. März 2020, 10:00:00", 3), ("1 sept 2020, 10:00:00", 9), ("1 ott 2020, 10:00:00", 10)],
        *[("1. července 2020 10:00:00", 7), ("1 juil. 2020, 10:00:00", 7), ("1 dez. 2020 10:00:00", 12)],
    ],
)
def test_months_are_known_by_their_names_and_beginnings(text, month):
    assert [moment.month for _, moment in dates.readings(text)] == [month]


@pytest.mark.parametrize(
    "text",
    [
        *["gestern 15:53", "29 jui 2022 15:53:35", "13/13/2022 10:00", "31.02.2022 10:00", "29.05.2022 25:00"],
        *["May 29, 2022, 13:53:35 PM", "May 29, 2022, 0:53:35 AM", "12345678901", "9999999.5", "15:53:35", "5/6 10:00"],
        *[
            "29 mai juin 2022 15:53",
            "Course du 29 mai 2022 15:53",
            "2022年 10:00",
            "99999/1/1 10:00:00",
            "0/0/0000 0:00",
        ],
    ],
)
def test_what_is_no_date_is_none(text):
    assert dates.readings(text) == []


def test_day_and_month_that_may_be_swapped_are_both_handed_on():
    assert dates.readings("05/06/2022 10:00") == [
        ("day first", datetime(2022, 6, 5, 10, tzinfo=UTC)),
        ("month first", datetime(2022, 5, 6, 10, tzinfo=UTC)),
    ]
    assert dates.readings("05/05/2022 10:00") == [("", datetime(2022, 5, 5, 10, tzinfo=UTC))]


def swapped(tmp_path: Path, *days: str) -> Export:
    rows = [writers.export_row(i, date=f"{day} 10:00", name=day) for i, day in enumerate(days, 1)]
    return read(tmp_path, writers.table(rows).encode())


def test_the_whole_column_decides_what_comes_first(tmp_path):
    export = swapped(tmp_path / "a", "05/06/2022", "13/06/2022")
    assert [row.start.date().isoformat() for row in export.rows] == ["2022-06-05", "2022-06-13"]
    export = swapped(tmp_path / "b", "05/06/2022", "05/13/2022")
    assert [row.start.date().isoformat() for row in export.rows] == ["2022-05-06", "2022-05-13"]
    assert export.warnings == []


@pytest.mark.parametrize(
    "days", [("05/06/2022", "07/08/2022"), ("05/06/2022", "07/08/2022", "13/06/2022", "06/13/2022")]
)
def test_a_column_that_does_not_tell_hands_both_on_and_says_so(tmp_path, days):
    export = swapped(tmp_path, *days)
    assert [len(row.dates) for row in export.rows[:2]] == [2, 2]
    assert "2 dates can be read as day/month and as month/day" in export.warnings[0]
    day_first, month_first = export.rows[0].dates
    assert (day_first.month, month_first.month) == (6, 5)
    for right in (day_first, month_first):
        assert dates.agreed(export.rows[0].dates, right + timedelta(hours=9)) == (right, [])
    assert dates.agreed(export.rows[0].dates, None) == (day_first, [])


def test_a_row_that_disagrees_with_its_recording_is_said():
    far = datetime(2089, 7, 1, 12, tzinfo=UTC)
    assert dates.agreed((AFTERNOON,), far) == (
        AFTERNOON,
        ["its row says 2022-05-29 15:53, its recording starts 2089-07-01 12:00 (UTC)"],
    )
    assert dates.agreed((AFTERNOON,), AFTERNOON - timedelta(hours=36)) == (AFTERNOON, [])
    assert dates.agreed((), far) == (far, [])
    assert dates.agreed((), None) == (None, [])


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        *[("20500.4", ".", 20500.4), ("1,073", ".", 1073), ("1,073.5", ".", 1073.5), ("-0.5", ".", -0.5)],
        *[("20500,4", ",", 20500.4), ("1.073", ",", 1073), ("1.073,5", ",", 1073.5), ("\u22120,5", ",", -0.5)],
        *[("1\u202f073,5", ",", 1073.5), ("1\xa0073", ".", 1073), ("1'073.5", ".", 1073.5), ("1e-05", ".", 1e-05)],
        *[("", ".", None), ("05. Jul", ".", None), ("12,5", ".", None), ("12.5", ",", None), ("1e999", ".", None)],
        *[("nan", ".", None), ("1,07,3", ".", None), ("٣", ".", None), ("#REF!", ",", None)],
    ],
)
def test_numbers_are_read_by_one_rule(text, rule, value):
    assert number(text, rule) == value


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        *[(["1,073", "944.1"], "."), (["1.073", "944,1"], ","), (["1,073", "2,100"], None), (["3600", ""], None)],
        *[(["1.073.000"], ","), (["0.123"], "."), (["0,123"], ","), (["1234.567"], "."), (["1,5", "2,5", "3.5"], ",")],
    ],
)
def test_the_rule_is_what_most_telling_cells_follow(cells, rule):
    assert majority(cells) == rule


def test_exact_figures_that_do_not_tell_follow_the_ratio_of_the_two_distances(tmp_path):
    figures = dict.fromkeys(Activity().figures()) | {"elapsed_time": 60}
    history = [Activity(i, **(figures | {"distance": 944.125 + i})) for i in range(1, 4)]
    data = tables.table(history).decode()
    assert [row.figures[0] for row in read(tmp_path / "a", data.encode()).rows] == [945.125, 946.125, 947.125]
    commas = data.replace(".125", ",125").replace("945,125", '"945,125"').replace("946,125", '"946,125"')
    commas = commas.replace("947,125", '"947,125"').replace("60.0", "60")
    assert [row.figures[0] for row in read(tmp_path / "b", commas.encode()).rows] == [945.125, 946.125, 947.125]


@pytest.mark.parametrize("language", LABELS)
def test_every_label_is_a_sport_of_the_api(language):
    for word, labels in LABELS[language].items():
        assert word in SPORT_TYPES
        assert [from_label(label, english=False) for label in labels] == [word] * len(labels)
        assert [from_label(label.upper()) for label in labels] == [word] * len(labels)


@pytest.mark.parametrize("language", LANGUAGES)
def test_virtual_sports_are_never_outdoors_in_any_language(language):
    for sport in ("VirtualRide", "VirtualRun", "VirtualRow"):
        word = from_label(tables.label(sport, language), english=False)
        assert word == sport
        assert reason_hidden("everyone", "archive", word, 100, ["archive"]) == "virtual: not outdoors"


@pytest.mark.parametrize(
    "label",
    [
        "Virtuelle Wanderung",
        "Marche virtuelle",
        "Virtuální chůze",
        "バーチャルハイク",
        "虚拟徒步",
        "虛擬健行",
        "Wirtualny marsz",
        "Sanal Sürüş",
        "Виртуальный заезд",
    ],
)
def test_a_virtual_sport_that_nobody_knows_is_still_virtual(label):
    assert from_label(label, english=False).startswith("Virtual")
    assert from_label(label).startswith("Virtual")
    assert from_word(label).startswith("Virtual")


def test_a_sport_that_nobody_knows_keeps_its_name_and_is_said(tmp_path):
    data = tables.table(HISTORY[:1], Style("de")).decode().replace("Radfahrt", "Unterwasserhockey")
    export = read(tmp_path, data.encode())
    assert export.rows[0].sport_type == "Unterwasserhockey"
    assert export.warnings == [
        "activities.csv, row 2 ('Unterwasserhockey'): a sport that is not known, and keeps its name"
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_columns_without_a_known_name_are_told_by_place_and_content_and_said(tmp_path, language):
    export = read(tmp_path, tables.table(HISTORY, Style(language, named=False)))
    history = [Activity(**(vars(activity) | {"gear_name": ""})) for activity in HISTORY]  # no gear without its name
    assert_same(export, history)
    [warning] = export.warnings
    assert "Activity ID is column 1 ('Κολώνα 1')" in warning
    assert "Filename is column 13" in warning
    assert "Distance is column 18" in warning


def test_one_renamed_column_is_told_by_its_content(tmp_path):
    data = (
        tables.table(HISTORY, Style("de")).decode().replace("Aktivitätsart", "Sportart").replace("Höhenzunahme", "Hm")
    )
    export = read(tmp_path, data.encode())
    assert_same(export, HISTORY)
    assert export.warnings == [
        "activities.csv: columns whose names are not known were told by their place and content: "
        "Activity Type is column 4 ('Sportart'), Elevation Gain is column 21 ('Hm')"
    ]


def test_headers_that_are_partly_english_are_read(tmp_path):
    data = tables.table(HISTORY, Style("it")).decode()
    data = data.replace("Calorie", '"<span class=""translation_missing"">Calories</span>"').replace(
        "Tipo attività", "Activity Type"
    )
    export = read(tmp_path, data.encode())
    assert_same(export, HISTORY)
    assert export.warnings == []


def test_unknown_figures_are_not_taken_where_the_two_blocks_disagree(tmp_path):
    data = tables.table([Activity(1)], Style("de")).decode()
    data = data.replace("Höhenzunahme", "?").replace(",3600.0,", ",99.0,")
    export = read(tmp_path, data.encode())
    assert export.rows[0].archive["total_elevation_gain"] is None
    assert export.warnings == []


def test_unknown_figures_are_not_taken_where_a_known_one_is_not_in_its_place(tmp_path):
    style = Style("de")
    header, row = tables.header(style), tables.cells(Activity(1), style)
    header[header.index("Höhenzunahme")] = "?"
    export = read(
        tmp_path, writers.table([[*row[:20], "777", *row[20:]]], [*header[:20], "Neu", *header[20:]]).encode()
    )
    assert export.rows[0].archive["total_elevation_gain"] is None
    assert export.rows[0].archive["average_heartrate"] == 131.25
    assert export.warnings == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (
            lambda row: ["x", *row[1:]],
            r"Activity ID.*, neither by its name nor by what it holds \(column 1 is 'Κολώνα 1'\)",
        ),
        (lambda row: [row[0], "soon", *row[2:]], "Activity Date"),
        (lambda row: [*row[:3], "12.5", *row[4:]], "Activity Type"),
        (lambda row: [*row[:12], "", *row[13:]], "Filename"),
        (lambda row: [*row[:11], "activities/1.gpx", *row[12:]], "Filename"),
    ],
)
def test_a_column_that_cannot_be_told_is_named(tmp_path, change, column):
    style = Style(named=False)
    lines = [tables.header(style), *(change(tables.cells(activity, style)) for activity in HISTORY[:2])]
    with pytest.raises(ArchiveError, match=f"no column is .*{column}") as refused:
        read(tmp_path, writers.table(lines[1:], lines[0]).encode())
    assert "\n" not in str(refused.value)


def test_somebody_elses_table_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="no column is Activity ID, Activity Date"):
        read(tmp_path, b"Kunde;Umsatz;Land\nA;12,5;DE\n")


def test_known_headers_counts_the_language_that_knows_most():
    assert known_headers(SEEN["de"].split(",")) == 17
    assert known_headers(["Kunde"]) == 0
