"""PostgreSQL: the embedded server, connections, migrations, named queries.

The SQL itself lives in ``sql/``. What does not belong here: anything that knows what a column means.
"""
