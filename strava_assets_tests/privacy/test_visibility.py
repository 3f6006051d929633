"""What is not visible to everyone, not released or not outdoors is absent, whoever asks."""

from __future__ import annotations

import pytest

from strava_assets.privacy.visibility import reason_hidden

BOTH = ("archive", "api")


@pytest.mark.parametrize(
    ("visibility", "reason"),
    [
        ("everyone", None),
        ("followers_only", "visible to followers only"),
        ("only_me", "visible to its owner only"),
        ("hidden", "not released by its owner"),
        ("unknown", "not released by its owner"),
        ("", "not released by its owner"),
    ],
)
def test_only_what_is_visible_to_everyone_may_be_shown(visibility: str, reason: str | None) -> None:
    assert reason_hidden(visibility, "api", "Ride", 100, BOTH) == reason


@pytest.mark.parametrize(
    ("provenance", "sources", "may"),
    [
        ("api", BOTH, True),
        ("archive+api", BOTH, True),
        ("archive+api", ("archive",), False),
        ("archive+api", ("api",), False),
        ("api", ("archive",), False),
        ("api", (), False),
    ],
)
def test_every_source_that_a_ride_is_made_of_has_to_be_published(
    provenance: str, sources: tuple[str, ...], may: bool
) -> None:
    reason = reason_hidden("everyone", provenance, "Ride", 100, sources)
    assert reason == (None if may else "its source is not published")


@pytest.mark.parametrize(
    ("sport", "positions", "reason"),
    [
        ("VirtualRide", 100, "virtual: not outdoors"),
        ("VirtualRow", 100, "virtual: not outdoors"),
        ("Ride", 1, None),
        ("Ride", 0, "no positions"),
    ],
)
def test_who_was_nowhere_is_on_no_map(sport: str, positions: int, reason: str | None) -> None:
    assert reason_hidden("everyone", "api", sport, positions, BOTH) == reason
