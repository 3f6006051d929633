"""Dagster's word "IO manager": typed tables, one Parquet file a month, in the private store.

What belongs here: Dagster's side of ``tables``. What does not: how a table is kept, or what is in it.
Tables hold what is private; nothing here can reach the public root.
"""

from collections.abc import Mapping

import dagster as dg

from strava_assets.resources import InstallationResource
from strava_assets.tables import UNCUT, Months, Table, encode, key_of, months_of


class ParquetByMonth(dg.ConfigurableIOManager):
    """Saves a mapping of month to table, or to the bytes of its file where a year of tables is too much to hold.

    Loads `Months`. A month that the mapping does not name keeps its file: it is what it was.
    """

    installation: InstallationResource

    def handle_output(self, context: dg.OutputContext, obj: Mapping[str, Table | bytes]) -> None:
        """Write each month's table, whole or not at all."""
        table = context.asset_key.path[-1]
        written = 0
        for month, rows in obj.items():
            data = rows if isinstance(rows, bytes) else encode(rows)
            self.installation.store.write(key_of(table, month), data)
            if table == "activities":  # what is forgotten there is not kept elsewhere until the owner looks
                self.installation.store.delete(key_of(UNCUT, month))
            written += len(data)
        context.log.info(f"{table}: {len(obj)} months written, {written:,} bytes")

    def load_input(self, context: dg.InputContext) -> Months:
        """The months that the run asks for, as far as there are any."""
        within = list(context.asset_partition_keys) if context.has_asset_partitions else None
        return months_of(self.installation.store, context.asset_key.path[-1], within)
