"""A zone's name is known in a text as people write it, and not where only letters are alike."""

from __future__ import annotations

import pytest

from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets_tests.publish.test_attacks import zone_named


@pytest.mark.parametrize(
    ("zone", "text", "told"),
    [
        ("Bäckerei", "bei der Backerei", True),
        ("Backerei", "zur BÄCKEREI!", True),
        ("Zürich", "Zu\u0308rich", True),
        ("Oma", "zu Oma", True),
        ("Oma", "Omaha", False),
        ("Omas", "Omaswil", True),
        ("Hof", "Bahnhof", False),
        ("Rosenhof", "Neurosenhof", False),
        ("X", "X marks the spot", False),
        ("Q7", "to q7", True),
        ("Q7", "to q77", False),
        ("Am Hang 3", "am_hang-3", True),
        ("Am Hang 3", "am Hang", False),
        ("", "anything", False),
        ("!!!", "!!!", False),
    ],
)
def test_it_is_told(zone: str, text: str, told: bool) -> None:
    assert ZoneNames([zone_named(zone)]).told_by(text) is told
    assert ZoneNames([zone_named("Elsewhere"), zone_named(zone)]).told_by(text) is told


def test_no_text_and_no_zone_tell_nothing() -> None:
    assert not ZoneNames([zone_named("Rosenhof")]).told_by(None)
    assert not ZoneNames([zone_named("Rosenhof")]).told_by("")
    assert not ZoneNames([]).told_by("Rosenhof")
