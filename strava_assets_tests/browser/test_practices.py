"""What Lighthouse calls best practices, checked without a network: the page of everybody at both sizes."""

from __future__ import annotations

import pytest

from strava_assets_tests.browser.conftest import DESKTOP, PHONE, Visit
from strava_assets_tests.browser.public_root import Activity

#: What is checked, and what has to be seen; beside axe (contrast, names, roles: test_map.py).
PRACTICES = {
    "doctype": "html",
    "mode": "CSS1Compat",
    "charset": "UTF-8",
    "charsetEarly": True,
    "lang": "en",
    "title": "Where we have been",
    "viewport": "width=device-width, initial-scale=1, viewport-fit=cover",
    "zoomable": True,
    "insecure": [],  # no mixed content
    "handlers": 0,  # no code in attributes
    "inline": 0,  # nor between tags
    "unsized": 0,  # no image that makes the page jump when it comes
    "opened": 0,  # no other page gets hold of this one
    "duplicates": [],
    "fonts": [],  # the system's: no text waits for a file
    "pasteBlocked": 0,
    "small": [],  # no target smaller than 24 px (WCAG 2.2, 2.5.8)
    "refused": [],  # no answer of 400 or more
    "storage": [[], [], ""],  # nothing is kept before somebody switches something
    "console": [],
    "foreign": [],
}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_keeps_the_practices_that_are_called_best(
    visit: Visit, published: list[Activity], size: tuple[int, int]
) -> None:
    seen = visit("practices", size, ride=published[0].id)
    assert {name: seen[name] for name in PRACTICES} == PRACTICES
    assert 50 <= len(seen["description"]) <= 160
    assert "default-src 'none'; script-src 'self'" in seen["policy"]
    assert seen["icon"].endswith("favicon.svg")
    assert seen["headings"][0] == 1
    assert all(after - before <= 1 for before, after in zip(seen["headings"], seen["headings"][1:], strict=False))
    assert seen["text"] >= 10
    assert seen["asked"] <= 10, "more requests than the page needs"
    assert seen["wide"] <= 0
