"""The commands ``strava-assets zones …``: the places to hide, shown, tried, drawn, decided on, suggested.

What belongs here: arguments, and what is said. What does not: what a zone is (``privacy``), what follows from a change
(``zone_changes``).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strava_assets.errors import SettingsError, StravaAssetsError
from strava_assets.terminal import err, opened, out, table

if TYPE_CHECKING:
    from strava_assets.installation import Installation
    from strava_assets.privacy.zones import DrawnZone, Zone

app = typer.Typer(no_args_is_help=True, help="Privacy zones: the places to hide.")

EndsOnly = Annotated[
    bool, typer.Option("--ends-only", help="Hide only where tracks begin, end or stop; rides that pass are shown.")
]
Show = Annotated[bool, typer.Option("--show-this-place", help="Yes, what was hidden may be published.")]
#: Activities that are named on the terminal; the rest are in the report.
_NAMED = 5
_HIDES = {"everywhere": "everything", "ends_only": "ends only"}
_ORDER = ("drawn", "provisional", "lifted")
_AGAIN = "strava-assets materialize"


@app.command("list")
def zones_list(
    every: Annotated[bool, typer.Option("--all", help="Also places that you let be shown.")] = False,
) -> None:
    """Your zones, and the places that were found where tracks start or end."""
    from strava_assets.privacy import zone_store
    from strava_assets.privacy.geodesy import across
    from strava_assets.privacy.zones import ends_only_shapes

    zones = zone_store.stored(opened().database)
    passable = ends_only_shapes(zone for zone in zones if zone.origin != "lifted")
    shown = table("id", "name", "kind", "hides", "across", "E", "in force")
    places = _places(zones)
    for place in places if every else [place for place in places if place[0].origin != "lifted"]:
        zone = place[0]
        shared = zone.mode == "ends_only" and zone.origin == "drawn" and zone.shape_id not in passable
        shown.add_row(
            str(zone.id),
            zone.name or "—",
            zone.origin,
            "everything, as it overlaps another" if shared else _HIDES[zone.mode],
            f"{across([zone.geometry for zone in place]):,.0f} m",
            f"{zone.expansion:.0f} m",
            "no: you let it be shown" if zone.origin == "lifted" else "yes",
        )
    if shown.row_count:
        out.print(shown)
    kinds = Counter(place[0].origin for place in places)
    if kinds["lifted"] and not every:
        out.print(f"{_many(kinds['lifted'], 'place')} that you let be shown: zones list --all")
    if not kinds["drawn"]:
        out.print("You have drawn no zone. Until you do, every place where a track starts or ends is hidden.")
    if kinds["provisional"]:
        out.print(
            f"{_many(kinds['provisional'], 'place')} hidden provisionally, until you decide on each. How often tracks "
            "start or end there: zones suggest\n  To keep one as it is: strava-assets zones confirm ID\n"
            "  To draw it yourself:  strava-assets zones add FILE\n"
            "  To have it shown:     strava-assets zones remove ID --show-this-place"
        )


@app.command("check")
def zones_check(file: Path, ends_only: EndsOnly = False) -> None:
    """Read a zones file and say what would be hidden; changes nothing."""
    from strava_assets.privacy import zone_store
    from strava_assets.privacy.cut_shapes import EXPANSION
    from strava_assets.privacy.geodesy import across
    from strava_assets.privacy.zone_files import read_zone_file
    from strava_assets.requests import in_reach, reach_of, reach_of_any

    drawn = read_zone_file(file, _mode(ends_only))
    installation = _if_there()
    kept = zone_store.stored(installation.database) if installation else []
    shown = table(
        "zone", "across", "hides", "in force", "activities near it", title=f"{file}: {_many(len(drawn), 'zone')}"
    )
    for number, zone in enumerate(drawn, start=1):
        known = [other for other in kept if other.origin == "drawn" and other.geometry.equals_exact(zone.geometry)]
        reach = reach_of(known[0]) if known else reach_of_any(zone.geometry, EXPANSION)
        near = in_reach(installation.store, [reach]) if installation else {}
        shown.add_row(
            zone.name or f"{number}",
            f"{across([zone.geometry]):,.0f} m",
            _HIDES[zone.mode],
            f"yes: zone {known[0].id}"
            + ("" if known[0].mode == zone.mode else f", which hides {_HIDES[known[0].mode]}")
            if known
            else "not yet",
            (f"{'' if known else 'at most '}{sum(near.values()):,} in {_many(len(near), 'month')}" if near else "none")
            if installation
            else "—",
        )
    out.print(shown)
    _say_holes(drawn)
    large = [zone.name or "one" for zone in drawn if across([zone.geometry]) > 1000]
    if large:
        out.print(
            f"{', '.join(large[:3])}: wider than a kilometre. Small is good, 100 to 150 m: what is cut is "
            "displaced, and 600 m wider anyway."
        )


@app.command("add")
def zones_add(
    file: Path,
    expansion: Annotated[
        float | None,
        typer.Option(min=100, max=5000, show_default="300", help="Radius E of the hidden displacement, metres."),
    ] = None,
    ends_only: EndsOnly = False,
    show: Show = False,
) -> None:
    """Put a file's zones in force (an export's zip will do); what is public and lies there is withdrawn at once.

    A zone that is there already comes to hide more if it is added with a larger E, or without --ends-only; with
    another name, it is called that.
    """
    from strava_assets.privacy import zone_store
    from strava_assets.privacy.zone_files import read_zone_file
    from strava_assets.privacy.zones import ends_only_shapes

    drawn = read_zone_file(file, _mode(ends_only))
    installation = opened()
    changes = zone_store.put(installation.database, drawn, source=file.name, expansion=expansion, show=show)
    _say_holes(drawn)
    counts = {
        "added": changes.added,
        "enlarged": changes.enlarged,
        "hide everything now": changes.tightened,
        "hide only ends now": changes.loosened,
        "renamed": changes.renamed,
    }
    told = [f"{len(zones)} {words}" for words, zones in counts.items() if zones]
    if changes.known:
        told.append(f"{changes.known} were there already")
    out.print(f"Zones: {', '.join(told)}.")
    if changes.smaller:
        out.print(
            f"{len(changes.smaller)} have a larger E than {expansion:.0f} m and keep it: nothing comes to "
            "hide less by being added."
        )
    if changes.replaced:
        out.print(
            f"{_many(changes.replaced, 'place')} that had a shape already: it stays the one that was cut there before."
        )
    if changes.redrawn:
        out.print(
            f"{len(changes.redrawn)} lie a little outside what was cut for their place before; it was made larger. Who "
            "kept older files can tell that."
        )
    less = [zone for zone in [*changes.added, *changes.loosened] if zone.mode == "ends_only"]
    passable = ends_only_shapes(zone_store.in_force(installation.database)) if less else set()
    if any(zone.shape_id in passable for zone in less):
        out.print("Where only ends are hidden, rides that pass without a stop are shown from the next run on.")
    if overlapped := [zone for zone in less if zone.shape_id not in passable]:
        out.print(f"{_ids(overlapped)}: everything is hidden, as it overlaps a zone that hides everything.")
    _follow_up(installation, changes.concerned)
    _say_undecided(installation)


@app.command("confirm")
def zones_confirm(zones: Annotated[list[int], typer.Argument(metavar="ID…")]) -> None:
    """Make provisional places your own, as they are cut now; or hide again what you had let be shown."""
    from strava_assets.privacy import zone_store

    installation = opened()
    confirmed, hidden_again = zone_store.confirm(installation.database, zones)
    out.print(f"{_ids(confirmed)} confirmed: cut as before.")
    if hidden_again:
        _follow_up(installation, hidden_again)
    _say_undecided(installation)


@app.command("remove")
def zones_remove(
    zones: Annotated[list[int] | None, typer.Argument(metavar="ID…")] = None,
    provisional: Annotated[bool, typer.Option("--provisional", help="All places that are still provisional.")] = False,
    show: Show = False,
) -> None:
    """Take zones out of force. What was hidden there is published at the next run, and not found again."""
    from strava_assets.privacy import zone_store
    from strava_assets.requests import months_in_reach, request_months

    if not zones and not provisional:
        raise SettingsError("which zone? strava-assets zones list shows their ids; or say --provisional")
    if not show:
        raise SettingsError("removing a zone publishes what it hid; say --show-this-place if that is meant")
    installation = opened()
    kept = zone_store.stored(installation.database)
    ids = [*(zones or []), *(zone.id for zone in kept if provisional and zone.origin == "provisional")]
    removed = zone_store.remove(installation.database, *ids) if ids else []
    months = months_in_reach(installation.store, removed)
    request_months(installation.database, months, "zone removed")
    out.print(f"{_ids(removed)} removed; {_many(len(months), 'month')} to do again: {_AGAIN}")
    left = {zone.shape_id: zone for zone in zone_store.in_force(installation.database)}
    for zone in removed:
        if zone.shape_id in left:  # removed alone
            out.print(f"Zone {left[zone.shape_id].id} overlaps zone {zone.id}: their cut stays in force as it is.")
    if removed and not any(zone.origin == "drawn" for zone in left.values()):
        out.print(
            "You have no zone of your own now: other places where tracks start or end are hidden provisionally from "
            "the next run on. What you removed stays shown."
        )


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


def _follow_up(installation: Installation, changed: Sequence[Zone]) -> None:
    """Withdraw, report, ask for months; and say all of it."""
    from strava_assets.tables import months_of
    from strava_assets.zone_changes import follow_up

    try:
        done = follow_up(installation, changed)
    except StravaAssetsError:
        err.print("The zones are in force, but what is public there could not be withdrawn:")
        raise
    if done.exposed:
        out.print(f"{_many(len(done.exposed), 'public activity')} showed such a place: withdrawn. The newest:")
        for each in done.exposed[:_NAMED]:
            out.print(f"  {each.date or 'on no map'}  {each.name}  {each.path}")
        out.print(f"All of them: {done.report}\nCopies that others made of these files are beyond reach.")
    elif changed:
        out.print("Nothing that is public showed such a place.")
    if done.months:
        out.print(f"{_many(done.months, 'month')} to do again: {_AGAIN}")
    elif changed and len(months_of(installation.store, "activities")):
        out.print(
            "No month to do again: no track that is here comes near. If one should, are latitude and longitude in the "
            "right order?"
        )
    else:
        out.print("No month to do again.")


def _say_undecided(installation: Installation) -> None:
    from strava_assets.privacy import zone_store

    zones = zone_store.in_force(installation.database)
    if left := len({zone.shape_id for zone in zones if zone.origin == "provisional"}):
        out.print(
            f"{_many(left, 'more place')} hidden until you decide on each: strava-assets zones list\nTo have them all "
            "shown: strava-assets zones remove --provisional --show-this-place"
        )
    if zones and len(installation.athletes()) > 1:
        out.print(
            "Of athletes none of whose tracks begins or ends in a zone that was drawn, new places are looked for and "
            "hidden all the same."
        )
    elif left:
        out.print("New ones are not looked for any more.")


def _say_holes(drawn: Sequence[DrawnZone]) -> None:
    for number, zone in enumerate(drawn, start=1):
        if zone.holes:
            out.print(f"Zone {zone.name or number}: {_many(zone.holes, 'hole')} filled: it would be hidden anyway.")


def _places(zones: Sequence[Zone]) -> list[list[Zone]]:
    """Zones for the list: what is provisional or lifted and shares a shape is one place."""
    places: dict[tuple[str, int], list[Zone]] = {}
    for zone in zones:
        places.setdefault(("", zone.id) if zone.origin == "drawn" else (zone.origin, zone.shape_id), []).append(zone)
    return sorted(places.values(), key=lambda place: (_ORDER.index(place[0].origin), place[0].id))


def _ids(zones: Sequence[Zone]) -> str:
    shown = ", ".join(str(place[0].id) for place in _places(zones)[:12])
    more = len(_places(zones)) - 12
    return f"Zone{'s' if len(_places(zones)) != 1 else ''} {shown or 'none'}" + (
        f" and {more} more" if more > 0 else ""
    )


def _many(count: int, thing: str) -> str:
    """``1 month``, ``2 months``, ``3 activities``."""
    several = thing.removesuffix("y") + "ies" if thing.endswith("y") else thing + "s"
    return f"{count:,} {thing if count == 1 else several}"


def _mode(ends_only: bool) -> str:
    return "ends_only" if ends_only else "everywhere"


def _if_there() -> Installation | None:
    """The installation, if there is one: a file can be looked at before anything else was done."""
    from strava_assets.settings import load

    settings = load()
    there = settings.database_url is not None or (settings.home_path / "postgres").is_dir()
    return opened(settings) if there else None
