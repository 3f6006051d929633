"""JSON as fast as orjson's, with what orjson refuses."""

from __future__ import annotations

import json

import pytest

from strava_assets import quick_json


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "ü🚴"]}, [], 0, 2**70, {"b": "\ud83d"}])
def test_what_is_written_is_read_alike(value: object) -> None:
    assert json.loads(quick_json.dumps(value)) == value


@pytest.mark.parametrize("text", ['{"a":[1,2.5,null]}', "NaN", '"\\ud83d"'])
def test_it_reads_what_the_standard_library_reads(text: str) -> None:
    expected, found = json.loads(text), quick_json.loads(text.encode())
    assert found == expected or (found != found and expected != expected)


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"a":', b"\xff\xfe"])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"Expecting|codec|Unexpected"):
        quick_json.loads(text)


@pytest.mark.parametrize("beside", [1, 2**70, "\ud83d"])
def test_a_number_that_is_none_is_null_whatever_stands_beside_it(beside: object) -> None:
    value = {"a": [float("nan"), {"b": float("-inf")}, 1.5, beside]}
    assert json.loads(quick_json.dumps(value)) == {"a": [None, {"b": None}, 1.5, beside]}
