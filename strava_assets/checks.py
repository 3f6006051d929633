"""Dagster's word "asset check": what is looked at after an asset was made.

What belongs here: checks on whole assets. What does not: the gate, which proves every byte before it is
written; ``masked_geometries`` carries its own blocking check, so that nothing downstream runs after it.
"""

from typing import Any

import dagster as dg

from strava_assets.database.connection import queries
from strava_assets.publish.verify import verify
from strava_assets.resources import InstallationResource


@dg.asset_check(asset="activities", description="Every activity that landed could be read.")
def nothing_quarantined(installation: InstallationResource) -> dg.AssetCheckResult:
    """A warning with the list; one broken activity never fails its month."""
    with installation.installation.database.transaction() as connection:
        rows = list(queries().quarantined(connection, month=None))
    table = [
        dg.TableRecord(
            {"month": row["month"], "name": row["name"][:60], "stage": row["error_stage"], "reason": row["error"][:200]}
        )
        for row in rows[:100]
    ]
    return dg.AssetCheckResult(
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"quarantined": len(rows)} | ({"which": dg.MetadataValue.table(table)} if table else {}),
    )


@dg.asset_check(
    asset="dashboard",
    blocking=True,
    description="Every public file, read again from the public root, keeps every invariant of PRIVACY.md.",
)
def public_root_keeps_the_invariants(installation: InstallationResource) -> dg.AssetCheckResult:
    """The same reading as the command ``verify``."""
    judgement = verify(installation.gate())
    tested = judgement.tested
    table = [
        dg.TableRecord({"invariant": f.invariant, "where": f.where, "what": f.what}) for f in judgement.findings[:100]
    ]
    told: dict[str, Any] = {
        "files tested": tested.files,
        "vertices tested": tested.vertices,
        "segments tested": tested.segments,
        "rows tested": tested.rows,
        "findings": len(judgement.findings),
        "nearest to a zone": f"{tested.nearest:.0f} m" if tested.nearest < 1e6 else "none within 2 km",
    }
    if table:
        told["which"] = dg.MetadataValue.table(table)
    first = next((f"{f.invariant} {f.where}: {f.what}" for f in judgement.findings), None)
    return dg.AssetCheckResult(
        passed=not judgement.findings,
        description=first and f"{first}. See all {len(judgement.findings)} with: strava-assets verify",
        metadata=told,
    )
