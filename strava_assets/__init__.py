"""strava_assets: a person's Strava history as Dagster assets, cut and published.

The folders are the flow. ``strava`` and ``archive`` bring originals in, ``privacy`` decides
what may be seen, ``publish`` is the only way out, ``assets`` says all of it in Dagster's words.
Nothing is done on import.
"""
