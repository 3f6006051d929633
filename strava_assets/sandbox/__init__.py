"""A simulated Strava: the API, OAuth and webhooks over a synthetic athlete or a folder of real files.

For the demo, the screenshots and the tests. Nothing outside this folder knows of it, except the
commands that start it.
"""
