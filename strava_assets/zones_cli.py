"""The commands ``strava-assets zones …``: the places to hide, shown, tried, drawn, decided on, suggested.

What belongs here: arguments and tables. What does not: what a zone is (``privacy``), the deeds and what is said of them
(``zone_deeds``).
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strava_assets.errors import SettingsError
from strava_assets.terminal import opened, out, table

if TYPE_CHECKING:
    from strava_assets.installation import Installation

app = typer.Typer(no_args_is_help=True, help="Privacy zones: the places to hide.")

EndsOnly = Annotated[
    bool, typer.Option("--ends-only", help="Hide only where tracks begin, end or stop; rides that pass are shown.")
]
Show = Annotated[bool, typer.Option("--show-this-place", help="Yes, what was hidden may be published.")]


@app.command("list")
def zones_list(
    every: Annotated[bool, typer.Option("--all", help="Also places that you let be shown.")] = False,
) -> None:
    """Your zones, and places found where tracks start or end."""
    from strava_assets.privacy import zone_store
    from strava_assets.privacy.geodesy import across
    from strava_assets.privacy.zones import ends_only_shapes
    from strava_assets.zone_deeds import HIDES, many, places

    zones = zone_store.stored(opened().database)
    passable = ends_only_shapes(zone for zone in zones if zone.origin != "lifted")
    shown = table("id", "name", "kind", "hides", "across", "E", "in force")
    found = places(zones)
    for place in found if every else [place for place in found if place[0].origin != "lifted"]:
        zone = place[0]
        shared = zone.mode == "ends_only" and zone.origin == "drawn" and zone.shape_id not in passable
        shown.add_row(
            str(zone.id),
            zone.name or "—",
            zone.origin,
            "everything, as it overlaps another" if shared else HIDES[zone.mode],
            f"{across([zone.geometry for zone in place]):,.0f} m",
            f"{zone.expansion:.0f} m",
            "no: you let it be shown" if zone.origin == "lifted" else "yes",
        )
    if shown.row_count:
        out.print(shown)
    kinds = Counter(place[0].origin for place in found)
    if kinds["lifted"] and not every:
        out.print(f"{many(kinds['lifted'], 'place')} that you let be shown: zones list --all")
    if not kinds["drawn"]:
        out.print("You have drawn no zone. Until you do, every place where a track starts or ends is hidden.")
    if kinds["provisional"]:
        out.print(
            f"{many(kinds['provisional'], 'place')} hidden provisionally, until you decide on each. How often tracks "
            "start or end there: zones suggest\n  To keep one as it is: strava-assets zones confirm ID\n"
            "  To draw it yourself:  strava-assets zones add FILE\n"
            "  To have it shown:     strava-assets zones remove ID --show-this-place"
        )


@app.command("check")
def zones_check(file: Path, ends_only: EndsOnly = False) -> None:
    """Read a zones file and say what would be hidden; changes nothing."""
    from strava_assets.privacy.geodesy import across
    from strava_assets.privacy.zone_files import read_zone_file
    from strava_assets.zone_deeds import HIDES, many, say_holes, tried

    drawn = read_zone_file(file, _mode(ends_only))
    installation = _if_there()
    shown = table(
        "zone", "across", "hides", "in force", "activities near it", title=f"{file}: {many(len(drawn), 'zone')}"
    )
    for number, (zone, found) in enumerate(zip(drawn, tried(installation, drawn), strict=True), start=1):
        known, near = found.known, found.near
        shown.add_row(
            zone.name or f"{number}",
            f"{across([zone.geometry]):,.0f} m",
            HIDES[zone.mode],
            f"yes: zone {known.id}" + ("" if known.mode == zone.mode else f", which hides {HIDES[known.mode]}")
            if known
            else "not yet",
            (f"{'' if known else 'at most '}{sum(near.values()):,} in {many(len(near), 'month')}" if near else "none")
            if installation
            else "—",
        )
    out.print(shown)
    say_holes(drawn, out.print)
    large = [zone.name or "one" for zone in drawn if across([zone.geometry]) > 1000]
    if large:
        out.print(
            f"{', '.join(large[:3])}: wider than a kilometre. Small is good, 100 to 150 m: what is cut is "
            "displaced, and 600 m wider anyway."
        )


@app.command("add")
def zones_add(
    file: Annotated[Path | None, typer.Argument(show_default=False)] = None,
    expansion: Annotated[
        float | None,
        typer.Option(min=100, max=5000, show_default="300", help="Radius E of the hidden displacement, metres."),
    ] = None,
    ends_only: EndsOnly = False,
    show: Show = False,
    postgis: Annotated[
        bool, typer.Option("--postgis", help="What was drawn in its table privacy_zones, instead of a file.")
    ] = False,
) -> None:
    """Put a file's zones in force. An export's zip will do. What is public and lies there is withdrawn at once.

    A zone that is there already comes to hide more if it is added with a larger E, or without --ends-only; with
    another name, it is called that.
    """
    from strava_assets import zone_deeds
    from strava_assets.privacy.zone_files import read_zone_file

    if (file is None) != postgis:
        raise SettingsError("which zones? name a file; or say --postgis, and nothing else")
    if file is None:
        _add_from_postgis()
        return
    drawn = read_zone_file(file, _mode(ends_only))
    zone_deeds.add(opened(), drawn, out.print, source=file.name, expansion=expansion, show=show)


def _add_from_postgis() -> None:
    from strava_assets.warehouse import upkeep

    visit = upkeep.visit_postgis(opened(), out.print)
    if not visit.taken_in:
        out.print("Nothing new is drawn in PostGIS.")


@app.command("redraw")
def zones_redraw(zone: int, file: Path) -> None:
    """Give one of your zones the outline in a file. What is cut for it only grows: nothing is shown by it."""
    from strava_assets import zone_deeds
    from strava_assets.privacy import zone_store
    from strava_assets.privacy.zone_files import read_zone_file

    installation = opened()
    kept = zone_store.named(installation.database, zone)
    zone_deeds.redraw(installation, zone, read_zone_file(file, kept.mode), out.print)


@app.command("confirm")
def zones_confirm(zones: Annotated[list[int], typer.Argument(metavar="ID…")]) -> None:
    """Make provisional places your own, as they are cut now. Or hide again what you had let be shown."""
    from strava_assets import zone_deeds

    zone_deeds.confirm(opened(), zones, out.print)


@app.command("remove")
def zones_remove(
    zones: Annotated[list[int] | None, typer.Argument(metavar="ID…")] = None,
    provisional: Annotated[bool, typer.Option("--provisional", help="All places that are still provisional.")] = False,
    show: Show = False,
) -> None:
    """Take zones out of force. What was hidden there is published at the next run, and not found again."""
    from strava_assets import zone_deeds

    if not zones and not provisional:
        raise SettingsError("which zone? strava-assets zones list shows their ids; or say --provisional")
    zone_deeds.remove(opened(), zones or [], out.print, show=show, provisional=provisional)


@app.command("suggest")
def zones_suggest(
    save: Annotated[Path | None, typer.Option(help="Write the polygons of those that you have not drawn.")] = None,
    most: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 12,
) -> None:
    """Places where many tracks start or end, the most frequent first. Adds nothing."""
    from strava_assets.places import as_features, suggest

    installation = opened()
    if save is not None and installation.settings.is_public(save):
        raise SettingsError(f"{save} would be public, and it tells where you live: save it elsewhere")
    places = suggest(installation, most)
    if not places:
        out.print("There is no track outdoors yet: strava-assets import or connect, then strava-assets materialize")
        return
    shown = table("tracks", "share", "first", "last", "hidden", "latitude, longitude")
    words = {"drawn": "yes: zone {}", "provisional": "provisionally: zone {}", "lifted": "no: you removed zone {}"}
    for place in places:
        shown.add_row(
            f"{place.tracks:,}",
            f"{place.share:.0%}" if place.share >= 0.005 else "< 1%",
            f"{place.first}",
            f"{place.last}",
            words[place.zone.origin].format(place.zone.id) if place.zone else "no",
            f"{place.lat:.5f}, {place.lon:.5f}",
        )
    out.print(shown)
    mine = [place for place in places if not place.is_drawn]
    if not mine:
        out.print("Zones of your own hide all of them.")
    elif save is None:
        out.print("As polygons in a file, to look at and to thin out: --save places.geojson")
    else:
        try:
            with os.fdopen(os.open(save, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(as_features(mine))
        except OSError as error:
            raise SettingsError(f"cannot write {save}: {error.strerror}") from error
        out.print(
            f"Saved {len(mine)}. Take out what is no private place, then: strava-assets zones add {save}\n"
            "Drawn like this, a place that is hidden already stays hidden by the same shape."
        )


def _mode(ends_only: bool) -> str:
    return "ends_only" if ends_only else "everywhere"


def _if_there() -> Installation | None:
    """The installation, if there is one: a file can be looked at before anything else was done."""
    from strava_assets.settings import load

    settings = load()
    there = settings.database_url is not None or (settings.home_path / "postgres").is_dir()
    return opened(settings) if there else None
