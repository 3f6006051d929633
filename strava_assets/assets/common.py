"""What every stage says of itself the same way: run config, owners, metadata of months.

What belongs here: Dagster vocabulary shared by the stages. What does not: anything of one stage.
"""

import warnings
from typing import Any

import dagster as dg
import pyarrow as pa

from strava_assets.database.connection import queries
from strava_assets.installation import Installation
from strava_assets.partitions import MONTHS_A_RUN, first_day

# we know that it is; users should not have to read it at every command
warnings.filterwarnings("ignore", message=r"(Parameter|Class) `\w+`.* is currently in (beta|preview)")

OWNERS = ["team:athlete"]
BY_YEAR = dg.BackfillPolicy.multi_run(MONTHS_A_RUN)


class Redo(dg.Config):
    """Run config of the stages that skip what did not change."""

    force: bool = False


def column_schema(schema: pa.Schema, notes: dict[str, str]) -> dg.TableSchema:
    """An Arrow schema in Dagster's words."""
    return dg.TableSchema([dg.TableColumn(field.name, str(field.type), notes.get(field.name)) for field in schema])


def quarantine_table(installation: Installation, month: str) -> dict[str, Any]:
    """Metadata: the activities of a month that a stage could not read, if there are any."""
    with installation.database.transaction() as connection:
        rows = list(queries().quarantined(connection, month=first_day(month)))
    if not rows:
        return {"quarantined": 0}
    records = [
        dg.TableRecord(
            {"activity": row["id"], "name": row["name"][:60], "stage": row["error_stage"], "reason": row["error"][:200]}
        )
        for row in rows
    ]
    return {"quarantined": len(rows), "quarantine": dg.MetadataValue.table(records)}
