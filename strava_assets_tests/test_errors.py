"""Every error of ours is the same in another process."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from strava_assets.errors import StravaAssetsError, StravaRateLimited


def kinds(root: type[StravaAssetsError]) -> list[type[StravaAssetsError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("kind", kinds(StravaAssetsError))
def test_what_one_process_tells_another_is_what_it_was(kind: type[StravaAssetsError]) -> None:
    more = [datetime(2026, 11, 22, 4, tzinfo=UTC)] if issubclass(kind, StravaRateLimited) else []
    error = kind("what is wrong, and what to do", *more)
    told = pickle.loads(pickle.dumps(error))
    assert (type(told), str(told), vars(told)) == (kind, "what is wrong, and what to do", vars(error))
