"""Masked: what may be seen of each activity.

What belongs here: ``masked_geometries``. What does not: the cut (``privacy``).
"""

import time
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from strava_assets.assets.common import BY_YEAR, OWNERS, Redo
from strava_assets.assets.zones import privacy_zones
from strava_assets.partitions import monthly
from strava_assets.places import cover_tables
from strava_assets.privacy import masked, zone_store
from strava_assets.privacy.invariants import Tested, forbidden_areas, near_zones
from strava_assets.privacy.tracks import Tracks
from strava_assets.publish.picture import as_markdown, tracks_svg
from strava_assets.requests import ZONES, months_in_reach, request_months
from strava_assets.resources import InstallationResource
from strava_assets.tables import Months, if_any, months_of

CLEAR = "keeps_clear_of_private_places"


@dg.asset(
    partitions_def=monthly,
    backfill_policy=BY_YEAR,
    group_name="masked",
    kinds={"geopandas", "shapely", "parquet"},
    owners=OWNERS,
    code_version=masked.VERSION,
    io_manager_key="parquet",
    deps=[privacy_zones],
    check_specs=[
        dg.AssetCheckSpec(
            CLEAR,
            asset="masked_geometries",
            blocking=True,
            description="No line of the map comes within 25 m of a zone or touches its cut.",
        )
    ],
    metadata={
        "dagster/column_schema": dg.TableSchema(
            [
                dg.TableColumn("first", "list<int>", "sample index where each visible run starts"),
                dg.TableColumn("last", "list<int>", "sample index where it ends, included"),
                dg.TableColumn("geometry", "MultiLineString", "simplified, on a grid of 1e-5 degrees, EPSG:4326"),
                *(dg.TableColumn(name) for name in masked.COLUMNS if name not in ("first", "last")),
            ]
        )
    },
    description="For each activity its visible runs, as sample index ranges and as lines for the map, and the figures "
    "of what is visible. Cut by index, then simplified, then quantised.",
)
def masked_geometries(
    context: dg.AssetExecutionContext,
    config: Redo,
    installation: InstallationResource,
    activities: Months,
    activity_streams: Months,
) -> Any:
    """Mask what changed, or whose zones in reach did."""
    opened = installation.installation
    added = cover_tables(opened, (activities[month] for month in activities))
    if added:  # other months may have tracks there
        elsewhere = set(months_in_reach(opened.store, added)) - set(context.partition_keys)
        request_months(opened.database, elsewhere, ZONES)
    zones = zone_store.in_force(opened.database)
    sources = opened.settings.sources
    areas = forbidden_areas(zones)
    tested, findings = Tested(), 0
    before = months_of(opened.store, "masked_geometries", list(context.partition_keys))
    results = {}
    for month in activities:
        began = time.perf_counter()
        typed = activities[month]
        prints = masked.fingerprints(typed, zones, sources)
        there = if_any(before.frame, month)
        old = masked.empty() if there is None else there
        kept = old[old["fingerprint"].eq(old["activity_id"].map(prints)) & (not config.force)]
        known = set(kept["activity_id"].astype(int))
        changed = [activity for activity in prints if activity not in known]
        if changed:
            ids = pa.array(changed, pa.int64())
            fresh = masked.mask(
                typed.filter(pc.is_in(typed.column("activity_id"), ids)),
                activity_streams.read(month, activities=ids),
                zones,
                sources,
                prints,
            )
            frame = pd.concat([kept, fresh]) if len(kept) else fresh
        else:
            frame = kept
        frame = frame.sort_values("activity_id", ignore_index=True)
        if changed or there is None or len(frame) != len(old):
            results[month] = frame
        shown = frame[frame["hidden_because"].isna()]
        tracks = Tracks.of([part for geometry in shown.geometry for part in _parts(geometry)])
        findings += len(near_zones("I1", tracks, [""] * (len(tracks.starts) - 1), areas, tested))
        raw, visible = int(frame["samples"].fillna(0).sum()), int(frame["samples_visible"].fillna(0).sum())
        context.add_asset_metadata(
            {
                "dagster/partition_row_count": len(frame),
                "on the map": len(shown),
                "not shown": len(frame) - len(shown),
                "masked now": len(changed),
                "unchanged": len(kept),
                "samples": raw,
                "samples visible": visible,
                "vertices": int(shown["vertices"].sum()),
                "seconds": round(time.perf_counter() - began, 3),
                "as published": dg.MetadataValue.md(
                    as_markdown(
                        tracks_svg(list(shown.geometry), list(shown["sport_type"])), f"tracks of {month} as published"
                    )
                ),
            },
            partition_key=month,
        )
    yield dg.Output(results)
    yield dg.AssetCheckResult(
        check_name=CLEAR,
        passed=findings == 0,
        metadata={
            "lines that come too near": findings,
            "vertices tested": tested.vertices,
            "segments tested": tested.segments,
            "nearest to a zone": f"{tested.nearest:.0f} m" if tested.nearest < 1e6 else "none within 2 km",
        },
    )


def _parts(geometry: Any) -> list[Any]:
    return [shapely.get_coordinates(part) for part in shapely.get_parts(geometry)]
