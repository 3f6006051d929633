"""The faults: each rule of the promise in docs/privacy.md, broken as it might be by a hand that slips.

A text has to stand exactly once in its file. If it does no more, the code was changed: plant the fault where the rule
is kept now. A test is named by its file and its function; where it has cases, all of them are run.
"""

from __future__ import annotations

from strava_assets_tests.faults import cutting, publishing

FAULTS = (*cutting.FAULTS, *publishing.FAULTS)
