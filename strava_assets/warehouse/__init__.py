"""The warehouse: the whole history as tables for questions of one's own. Private, but for what is named public.

What belongs here: the lake's files, and the databases that are loaded from them. What does not: Dagster, and what is
published. The lake reads typed tables; every database reads the lake, so that all of them give the same numbers.
"""
