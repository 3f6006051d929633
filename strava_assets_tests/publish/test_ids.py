"""Public ids say nothing to who has no key, and nothing of each other."""

from __future__ import annotations

import hashlib
import hmac
import re

from strava_assets.publish.ids import public_id

KEY, OTHER = b"k" * 32, b"o" * 32


def test_the_same_thing_has_the_same_id_under_the_same_key_only() -> None:
    assert public_id(KEY, "activity", "strava:1") == public_id(KEY, "activity", "strava:1")
    assert public_id(KEY, "activity", "strava:1") != public_id(OTHER, "activity", "strava:1")


def test_kinds_and_things_are_told_apart_also_where_their_letters_run_together() -> None:
    pairs = [("athlete", "1"), ("activity", "1"), ("activity", "2"), ("activit", "y1"), ("", "activity1")]
    ids = [public_id(KEY, *pair) for pair in pairs]
    assert len(set(ids)) == len(pairs)
    assert all(re.fullmatch(r"[0-9a-f]{16}", each) for each in ids)


def test_it_is_that_of_any_other_release() -> None:
    """Stable for an installation: addresses are not to change with an upgrade."""
    expected = hmac.new(KEY, b"activity\0strava:77", hashlib.sha256).hexdigest()[:16]
    assert public_id(KEY, "activity", "strava:77") == expected
