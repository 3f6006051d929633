"""Zones in the owner's view: the ones there are, what a drawn one would hide, and the owner's word on each.

What belongs here: JSON in and out. What does not: the deeds and what is said of them (``zone_deeds``, as on the command
line), who may (`owner_access`).

A drawing is a GeoJSON feature: a polygon, or a point with ``radius`` in metres; of its properties count ``name``,
``mode`` (everywhere, ends_only), ``expansion`` (metres), ``show_this_place`` (true: yes, what was hidden may be
published), and to try one, ``zone``: the one that would be redrawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from strava_assets.errors import StravaAssetsError, ZoneFileError
from strava_assets.gateway.owner_guard import owner_json

if TYPE_CHECKING:
    from strava_assets.gateway.owner import OwnerView
    from strava_assets.installation import Installation
    from strava_assets.privacy.tracks import Area
    from strava_assets.privacy.zones import Zone
    from strava_assets.zone_changes import Consequences
    from strava_assets.zone_deeds import Tried

#: E, metres, as on the command line.
_EXPANSIONS = (100.0, 5000.0)


async def _list(request: Request) -> Response:
    """Every zone that is kept, lifted ones included, with what is cut for it."""
    return await _done(request, listed)


def listed(view: OwnerView) -> dict[str, Any]:
    """A GeoJSON FeatureCollection."""
    from strava_assets.privacy import zone_store
    from strava_assets.privacy.zones import ends_only_shapes

    zones = zone_store.stored(view.installation().database)
    passable = ends_only_shapes(zone for zone in zones if zone.origin != "lifted")
    return {"type": "FeatureCollection", "features": [_feature(zone, passable) for zone in zones]}


@owner_json
async def _check(request: Request, told: Any) -> Response:
    """What a drawing would hide at most; changes nothing."""
    return await _done(request, checked, told)


def checked(view: OwnerView, told: Any) -> dict[str, Any]:
    """How many activities and months come near each place of a drawing, their lines there, and what is public of it."""
    from strava_assets import zone_deeds
    from strava_assets.privacy.cut_shapes import EXPANSION

    drawn, expansion = _drawing(told)
    installation = view.installation()
    kept = (told.get("properties") or {}).get("zone")
    if isinstance(kept, int) and len(drawn) == 1:
        tried = [zone_deeds.tried_again(installation, kept, drawn[0], expansion or EXPANSION)]
    else:
        tried = zone_deeds.tried(installation, drawn, expansion or EXPANSION)
    answers = [
        {"name": zone.name, "mode": zone.mode, **_hidden(installation, found, zone.geometry)}
        for zone, found in zip(drawn, tried, strict=True)
    ]
    said: list[str] = []
    zone_deeds.say_holes(drawn, said.append)
    return {"said": said, "zones": answers}


@owner_json
async def _hides(request: Request, told: Any) -> Response:
    """What a zone that is kept hides, and would show again; changes nothing."""
    return await _done(request, hiding, request.path_params["zone"])


def hiding(view: OwnerView, zone: int) -> dict[str, Any]:
    """As `checked` says it of a drawing."""
    from strava_assets import zone_deeds

    installation = view.installation()
    found = zone_deeds.hidden_by(installation, zone)
    assert found.known is not None
    return _hidden(installation, found, found.known.geometry)


def _hidden(installation: Installation, found: Tried, geometry: Any) -> dict[str, Any]:
    """What lies in reach of a place: how many activities come near, their lines there, and which of them are public."""
    import shapely

    from strava_assets import uncut
    from strava_assets.privacy import geodesy
    from strava_assets.publish.showing import shown_in

    by_activity = uncut.lines_in(installation, found.near, found.area)
    lines = shapely.MultiLineString([part for line in by_activity.values() for part in line.geoms])
    plane = geodesy.geometry_to_plane(lines, found.area.center) if by_activity else lines
    return {
        "across": round(geodesy.across([geometry])),
        "zone": found.known.id if found.known else None,
        "activities": sum(found.near.values()),
        "months": len(found.near),
        "rides": len(by_activity),
        "metres": round(shapely.length(plane)),
        "public": [
            {"date": each.date, "name": each.name, "path": each.path}
            for each in shown_in(installation.gate(), _cut(found))
        ],
        "at_most": found.known is None,
        "geometry": _geojson(geometry),
        "reach": _shown(found.area.geometry, found.area.center),
        "lines": json.loads(shapely.to_geojson(lines)),
    }


@owner_json
async def _add(request: Request, told: Any) -> Response:
    """Put a drawing in force."""
    return await _done(request, added, told)


def added(view: OwnerView, told: Any) -> dict[str, Any]:
    """As ``strava-assets zones add``."""
    from strava_assets import zone_deeds

    drawn, expansion = _drawing(told)
    said: list[str] = []
    try:
        changes, done = zone_deeds.add(
            view.installation(),
            drawn,
            said.append,
            source="drawn on the map",
            expansion=expansion,
            show=_means_it(told),
        )
    except ZoneFileError:
        raise
    except StravaAssetsError as error:
        return _half_done(said, error)
    return {"said": said, "zones": [zone.id for zone in changes.concerned], **_consequences(done)}


@owner_json
async def _redraw(request: Request, told: Any) -> Response:
    """Give a zone another outline."""
    return await _done(request, redrawn, request.path_params["zone"], told)


def redrawn(view: OwnerView, zone: int, told: Any) -> dict[str, Any]:
    """As ``strava-assets zones redraw``."""
    from strava_assets import zone_deeds

    drawn, expansion = _drawing(told)
    said: list[str] = []
    try:
        done = zone_deeds.redraw(
            view.installation(), zone, drawn, said.append, expansion=expansion, show=_means_it(told)
        )
    except ZoneFileError:
        raise
    except StravaAssetsError as error:
        return _half_done(said, error)
    return {"said": said, "zones": [zone], **_consequences(done)}


@owner_json
async def _confirm(request: Request, told: Any) -> Response:
    """Make a provisional place the owner's own, or hide a lifted one again."""
    return await _done(request, confirmed, request.path_params["zone"])


def confirmed(view: OwnerView, zone: int) -> dict[str, Any]:
    """As ``strava-assets zones confirm``."""
    from strava_assets import zone_deeds

    said: list[str] = []
    try:
        done = zone_deeds.confirm(view.installation(), [zone], said.append)
    except ZoneFileError:
        raise
    except StravaAssetsError as error:
        return _half_done(said, error)
    return {"said": said, **_consequences(done)}


@owner_json
async def _remove(request: Request, told: Any) -> Response:
    """Take a zone out of force, if the owner says the word."""
    show = isinstance(told, dict) and told.get("show_this_place") is True
    return await _done(request, removed, request.path_params["zone"], show)


def removed(view: OwnerView, zone: int, show: bool) -> dict[str, Any]:
    """As ``strava-assets zones remove``."""
    from strava_assets import zone_deeds

    said: list[str] = []
    months = zone_deeds.remove(view.installation(), [zone], said.append, show=show)
    return {"said": said, "withdrawn": [], "months": len(months)}


#: Path, what is done, and how it is asked for.
ROUTES = [
    ("/zones.json", _list, "GET"),
    ("/zones/check", _check, "POST"),
    ("/zones", _add, "POST"),
    ("/zones/{zone:int}/check", _hides, "POST"),
    ("/zones/{zone:int}/redraw", _redraw, "POST"),
    ("/zones/{zone:int}/confirm", _confirm, "POST"),
    ("/zones/{zone:int}/remove", _remove, "POST"),
]


async def _done(request: Request, deed: Any, *told: Any) -> Response:
    """Do it in a thread, and one such thing at a time."""
    view: OwnerView = request.app.state.owner
    answer = await anyio.to_thread.run_sync(deed, view, *told, limiter=view.one_at_a_time)
    return JSONResponse(answer, status_code=503 if "error" in answer else 200)


def _drawing(told: Any) -> tuple[list[Any], float | None]:
    """What was drawn, and E if it is said."""
    from strava_assets.privacy.zone_files import read_drawing

    drawn = read_drawing(told if isinstance(told, Mapping) else {})
    expansion = (told.get("properties") or {}).get("expansion")
    if expansion is None:
        return drawn, None
    least, most = _EXPANSIONS
    if isinstance(expansion, bool) or not isinstance(expansion, int | float) or not least <= expansion <= most:
        raise ZoneFileError(f"the expansion is a number of metres between {least:.0f} and {most:.0f}")
    return drawn, float(expansion)


def _means_it(told: Mapping[str, Any]) -> bool:
    """Whether the owner says that what was hidden may be published."""
    properties = told.get("properties")
    return isinstance(properties, Mapping) and properties.get("show_this_place") is True


def _consequences(done: Consequences | None) -> dict[str, Any]:
    if done is None:
        return {"withdrawn": [], "months": 0}
    shown = [{"date": each.date, "name": each.name, "path": each.path} for each in done.exposed]
    return {"withdrawn": shown, "months": done.months}


def _half_done(said: list[str], error: StravaAssetsError) -> dict[str, Any]:
    """The zones are in force, and something could not be withdrawn: the owner must know both."""
    return {"said": said, "error": str(error)}


def _feature(zone: Zone, passable: set[int]) -> dict[str, Any]:
    from strava_assets.privacy.geodesy import across

    return {
        "type": "Feature",
        "id": zone.id,
        "properties": {
            "id": zone.id,
            "name": zone.name,
            "mode": zone.mode,
            "origin": zone.origin,
            "in_force": zone.origin != "lifted",
            "hides_everything": zone.shape_id not in passable,
            "expansion": zone.expansion,
            "across": round(across([zone.geometry])),
            "shape": zone.shape_id,
            "cut": None if zone.origin == "lifted" else _shown(zone.shape.geometry, zone.shape.center),
        },
        "geometry": _geojson(zone.geometry),
    }


def _shown(plane: Any, center: tuple[float, float]) -> dict[str, Any]:
    """A geometry in metres around a centre, as GeoJSON."""
    from strava_assets.privacy import geodesy
    from strava_assets.privacy.zones import unfolded

    return _geojson(unfolded(geodesy.geometry_to_degrees(plane, center)))


def _cut(found: Tried) -> Area:
    """What is cut there; where that is not known, what may be."""
    from strava_assets.privacy.tracks import Area

    return Area(found.known.shape.center, found.known.shape.geometry) if found.known else found.area


def _geojson(geometry: Any) -> dict[str, Any]:
    import shapely

    found: dict[str, Any] = json.loads(shapely.to_geojson(geometry))
    return found
