"""The commands ``strava-assets zones …``: the places to hide, shown, tried, added, taken out, suggested.

What belongs here: arguments, and what is said. What does not: what a zone is (``privacy``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strava_assets.errors import SettingsError, StravaAssetsError
from strava_assets.terminal import err, opened, out, table

app = typer.Typer(no_args_is_help=True, help="Privacy zones: the places to hide.")


@app.command("list")
def zones_list() -> None:
    """The zones in force."""
    from strava_assets.privacy import zone_store

    installation = opened()
    zones = zone_store.stored(installation.database)
    in_force = {zone.id for zone in zone_store.in_force(installation.database)}
    shown = table("id", "name", "kind", "expansion", "in force")
    for zone in zones:
        shown.add_row(
            str(zone.id),
            zone.name or "—",
            zone.origin,
            f"{zone.expansion:.0f} m",
            "yes" if zone.id in in_force else "no: zones were drawn",
        )
    out.print(shown)
    if not zones:
        out.print("No zone is drawn. Until one is, every place where a track starts or ends is hidden.")
    elif all(zone.origin == "provisional" for zone in zones):
        out.print(
            "These are provisional: places where tracks start or end. Draw your own: strava-assets zones add FILE"
        )


@app.command("check")
def zones_check(file: Path) -> None:
    """Read a zones file and say what would be hidden; changes nothing."""
    from strava_assets.privacy.zones import read_zone_file

    zones = read_zone_file(file)
    out.print(f"{file}: {len(zones)} zones, all valid")


@app.command("add")
def zones_add(
    file: Path,
    expansion: Annotated[
        float, typer.Option(min=100, max=5000, help="Radius E of the hidden displacement, metres.")
    ] = 300,
) -> None:
    """Put a file's zones in force; what is public and lies there is withdrawn at once."""
    from strava_assets.privacy import zone_store
    from strava_assets.privacy.zones import read_zone_file
    from strava_assets.publish.taking_back import withdraw_exposed
    from strava_assets.requests import ZONES, months_in_reach, request_months

    drawn = read_zone_file(file)
    installation = opened()
    provisional = [zone for zone in zone_store.in_force(installation.database) if zone.origin == "provisional"]
    added = zone_store.add(installation.database, drawn, source=file.name, expansion=expansion)
    months = months_in_reach(installation.store, [*added, *provisional])
    request_months(installation.database, months, ZONES)
    try:
        withdrawn = withdraw_exposed(installation.gate())
    except StravaAssetsError:
        err.print("The zones are in force, but what is public there could not be withdrawn:")
        raise
    out.print(
        f"{len(added)} zones added, {len(drawn) - len(added)} were there already; {len(withdrawn)} public "
        f"activities withdrawn; {len(months)} months to do again: strava-assets materialize"
    )
    if provisional and added:
        out.print(
            f"{len(provisional)} provisional places are no longer hidden, as you have drawn your own zones. "
            "See where tracks start and end before you publish: strava-assets zones suggest"
        )


@app.command("remove")
def zones_remove(
    zone: int,
    show: Annotated[bool, typer.Option("--show-this-place", help="Yes, what was hidden may be published.")] = False,
) -> None:
    """Take a zone out of force. What was hidden there is published at the next run."""
    from strava_assets.privacy import zone_store
    from strava_assets.requests import ZONES, months_in_reach, request_months

    if not show:
        raise SettingsError("removing a zone publishes what it hid; say --show-this-place if that is meant")
    installation = opened()
    removed = zone_store.remove(installation.database, zone)
    months = months_in_reach(installation.store, [removed])
    request_months(installation.database, months, ZONES)
    out.print(f"zone {zone} removed; {len(months)} months to do again: strava-assets materialize")


@app.command("suggest")
def zones_suggest(
    save: Annotated[Path | None, typer.Option(help="Write their polygons to this file, as GeoJSON.")] = None,
) -> None:
    """Places where many tracks start or end, the most frequent first. Adds nothing."""
    from strava_assets.places import as_features, suggest

    places = suggest(opened())
    shown = table("tracks", "covered", "latitude, longitude")
    for place in places:
        shown.add_row(str(place.tracks), "yes" if place.covered else "no", f"{place.lat:.5f}, {place.lon:.5f}")
    out.print(shown)
    if not places:
        out.print("No track has been typed yet: strava-assets import, then materialize")
    elif save is None:
        out.print("As polygons of 150 m in a file, to look at and to thin out: --save places.geojson")
    else:
        try:
            save.write_text(as_features(places))
        except OSError as error:
            raise SettingsError(f"cannot write {save}: {error.strerror}") from error
        out.print(f"Saved. Take out what is no private place, then: strava-assets zones add {save}")
