"""Writing ``activities.csv`` as accounts of each language get it, and as spreadsheets leave it; all invented.

Date formats and names of months are those of the Unicode CLDR, which exports follow, and older ones that
were seen; headers and labels are the product's own words, so what is tested with them is the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from strava_assets.archive.export import FIGURES
from strava_assets.archive.languages import HEADERS
from strava_assets.archive.sport_labels import LABELS

#: The English columns of 2026, all of them.
COLUMNS = [
    *["Activity ID", "Activity Date", "Activity Name", "Activity Type", "Activity Description", "Elapsed Time"],
    *["Distance", "Max Heart Rate", "Relative Effort", "Commute", "Activity Private Note", "Activity Gear", "Filename"],
    *["Athlete Weight", "Bike Weight", "Elapsed Time", "Moving Time", "Distance", "Max Speed", "Average Speed"],
    *["Elevation Gain", "Elevation Loss", "Elevation Low", "Elevation High", "Max Grade", "Average Grade"],
    *["Average Positive Grade", "Average Negative Grade", "Max Cadence", "Average Cadence", "Max Heart Rate"],
    *["Average Heart Rate", "Max Watts", "Average Watts", "Calories", "Max Temperature", "Average Temperature"],
    *["Relative Effort", "Total Work", "Number of Runs", "Uphill Time", "Downhill Time", "Other Time"],
    *["Perceived Exertion", "Type", "Start Time", "Weighted Average Power", "Power Count"],
    *["Prefer Perceived Exertion", "Perceived Relative Effort", "Commute", "Total Weight Lifted", "From Upload"],
    *["Grade Adjusted Distance", "Weather Observation Time", "Weather Condition", "Weather Temperature"],
    *["Apparent Temperature", "Dewpoint", "Humidity", "Weather Pressure", "Wind Speed", "Wind Gust", "Wind Bearing"],
    *["Precipitation Intensity", "Sunrise Time", "Sunset Time", "Moon Phase", "Bike", "Gear"],
    *["Precipitation Probability", "Precipitation Type", "Cloud Cover", "Weather Visibility", "UV Index"],
    *["Weather Ozone", "Jump Count", "Total Grit", "Average Flow", "Flagged", "Average Elapsed Speed"],
    *["Dirt Distance", "Newly Explored Distance", "Newly Explored Dirt Distance", "Activity Count", "Total Steps"],
    *["Carbon Saved", "Pool Length", "Training Load", "Intensity", "Average Grade Adjusted Pace", "Timer Time"],
    *["Total Cycles", "Recovery", "With Pet", "Competition", "Long Run", "For a Cause", "With Kid"],
    *["Downhill Distance", "Total Sets", "Total Reps", "Media"],
]
#: Where the second of two is.
EXACT = {"elapsed_time": 15, "distance": 17, "max_heartrate": 30}
SHOWN = {"elapsed_time": 5, "distance": 6, "max_heartrate": 7}

_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "ene feb mar abr may jun jul ago sept oct nov dic",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "pt": "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
}


def _named(language: str, pattern: str) -> Callable[[datetime], str]:
    return lambda moment: pattern.format(
        d=moment.day, mon=_MONTHS[language].split()[moment.month - 1], y=moment.year, t=f"{moment:%H:%M:%S}",
        t12=f"{(moment.hour - 1) % 12 + 1}:{moment:%M:%S}", half="AM" if moment.hour < 12 else "PM",
    )  # fmt: skip


#: Language to how it writes a date, the newest way first.
DATES: dict[str, list[Callable[[datetime], str]]] = {
    "en": [
        _named("en", "{mon} {d}, {y}, {t12}\u202f{half}"),
        _named("en", "{mon} {d}, {y}, {t12} {half}"),
        _named("en", "{d} {mon} {y}, {t}"),
    ],
    "de": [lambda moment: f"{moment:%d.%m.%Y, %H:%M:%S}", lambda moment: f"{moment:%d.%m.%Y %H:%M:%S}"],
    "fr": [_named("fr", "{d} {mon} {y}, {t}"), _named("fr", "{d} {mon} {y} à {t}")],
    "es": [_named("es", "{d} {mon} {y}, {t}"), _named("es", "{d} de {mon}. de {y} {t12}\u202fp.m.")],
    "it": [_named("it", "{d} {mon} {y}, {t}")],
    "nl": [_named("nl", "{d} {mon} {y}, {t}"), _named("nl", "{d} {mon}. {y} {t}")],
    "pt": [
        _named("pt", "{d} de {mon} de {y}, {t}"),
        _named("pt", "{d} de {mon} de {y} {t}"),
        lambda moment: f"{moment:%d/%m/%Y, %H:%M:%S}",
    ],
    "cs": [lambda moment: f"{moment.day}. {moment.month}. {moment.year} {moment.hour}:{moment:%M:%S}"],
    "ja": [lambda moment: f"{moment:%Y/%m/%d %H:%M:%S}"],
    "zh-Hans": [lambda moment: f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M:%S}"],
    "zh-Hant": [
        lambda moment: (
            f"{moment.year}年{moment.month}月{moment.day}日 {'上午' if moment.hour < 12 else '下午'}"
            f"{(moment.hour - 1) % 12 + 1}:{moment:%M:%S}"
        )
    ],
}
DATES["es"][1] = lambda moment: (
    _named("es", "{d} {mon} {y}, {t12}\u202f")(moment) + ("a.m." if moment.hour < 12 else "p.m.")
)
LANGUAGES = tuple(DATES)
_POINT = ("en", "ja", "zh-Hans", "zh-Hant")


@dataclass(frozen=True)
class Activity:
    """What a row says, in metres, seconds and Strava's words."""

    strava_id: int = 12070555079
    start: datetime = datetime(2022, 5, 29, 15, 53, 35, tzinfo=UTC)
    name: str = "Morning"
    sport_type: str = "Ride"
    filename: str = "activities/12866632127.fit.gz"
    gear_name: str = ""
    description: str = ""
    distance: float | None = 20500.4
    elapsed_time: float | None = 3600.0
    moving_time: float | None = 3540.0
    total_elevation_gain: float | None = 210.5
    average_speed: float | None = 5.79
    max_speed: float | None = 12.5
    average_watts: float | None = 180.25
    calories: float | None = 612.0
    average_heartrate: float | None = 131.25
    max_heartrate: float | None = 151.0
    average_cadence: float | None = 82.0

    def figures(self) -> dict[str, float | None]:
        """In the product's order."""
        return {word: getattr(self, word) for word in FIGURES}


@dataclass(frozen=True)
class Style:
    """How a table is written.

    ``columns`` is how many of `COLUMNS` there are; ``named`` whether their names are known; ``spreadsheet``
    whether one saved it again, in its own decimals, dates (day first) and separator.
    """

    language: str = "en"
    columns: int = 103
    named: bool = True
    date: int = 0
    miles: bool = False
    spreadsheet: bool = False
    separator: str = ","
    newline: str = "\n"
    encoding: str = "utf-8"


def label(sport_type: str, language: str) -> str:
    """What exports of the language call a sport; in English, the word with blanks."""
    known = LABELS.get(language, {}).get(sport_type)
    return known[0] if known else "".join(f" {c}" if c.isupper() else c for c in sport_type).strip()


def header(style: Style) -> list[str]:
    """The names of the columns; those that are not read have no translation here."""
    words = {name: word for word, name in HEADERS["en"].items()}
    ours = HEADERS[style.language]
    names = [ours[words[name]].split(" | ")[0] if name in words else f"{name} *" for name in COLUMNS]
    return [name if style.named else f"Κολώνα {place}" for place, name in enumerate(names[: style.columns], 1)]


def cells(activity: Activity, style: Style) -> list[str]:
    """One row."""
    words = {name: word for word, name in HEADERS["en"].items()}
    row = [""] * len(COLUMNS)
    decimal = "." if style.language in _POINT else ","
    if style.spreadsheet:
        date = f"{activity.start:%d.%m.%Y %H:%M}"
    else:
        date = DATES[style.language][style.date % len(DATES[style.language])](activity.start)
    row[:5] = [
        str(activity.strava_id), date, activity.name, label(activity.sport_type, style.language), activity.description
    ]  # fmt: skip
    row[9:13] = ["false", "", activity.gear_name, activity.filename]
    for place, name in enumerate(COLUMNS):
        word = words.get(name)
        if word in FIGURES and (word not in EXACT or EXACT[word] == place):
            value = getattr(activity, word)
            text = "" if value is None else repr(float(value))
            row[place] = text.replace(".", ",") if style.spreadsheet else text
    row[5] = "" if activity.elapsed_time is None else f"{activity.elapsed_time:.0f}"
    row[6] = "" if activity.distance is None else _shown(activity, style, decimal)
    return row[: style.columns]


def _shown(activity: Activity, style: Style, decimal: str) -> str:
    if activity.sport_type in ("Swim", "Rowing"):
        text = f"{activity.distance / (0.9144 if style.miles else 1):,.0f}"
        return text if decimal == "." else text.replace(",", ".")
    return f"{activity.distance / (1609.344 if style.miles else 1000):.2f}".replace(".", decimal)


def table(activities: Sequence[Activity], style: Style = Style()) -> bytes:
    """The whole file."""
    rows = [header(style), *(cells(activity, style) for activity in activities)]
    lines = [style.separator.join(_quoted(cell, style.separator) for cell in row) for row in rows]
    return "".join(line + style.newline for line in lines).encode(style.encoding)


def _quoted(cell: str, separator: str) -> str:
    """As Strava quotes, and spreadsheets: whichever end a line has, both are quoted inside a cell."""
    return '"{}"'.format(cell.replace('"', '""')) if any(c in cell for c in f'"\r\n{separator}') else cell


def without_seconds(activity: Activity) -> Activity:
    """What is left of it after a spreadsheet."""
    return replace(activity, start=activity.start.replace(second=0))
