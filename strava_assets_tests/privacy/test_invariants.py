"""Which test fails when which invariant of PRIVACY is broken: the table, and that every test in it is there.

``strava_assets_tests`` is left out of the paths. Property tests come first, then what walks the whole pipeline, then
single cases.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROVEN = {
    "I1": [  # no vertex or segment within 25 m of Z, nor in H
        "privacy/test_properties.py::test_no_world_shows_what_is_hidden",
        "privacy/test_properties.py::test_short_steps_bend_near_a_pole",
        "privacy/test_real_tracks.py::test_no_real_recording_shows_a_zone_that_is_laid_over_it",
        "privacy/test_cut.py::test_no_walk_shows_any_zone",
        "publish/test_gate.py::test_a_vertex_moved_into_a_zone_is_found",
    ],
    "I2": [  # the same for rows and the steps between them
        "privacy/test_properties.py::test_no_world_shows_what_is_hidden",
        "privacy/test_cut.py::test_a_jump_across_a_zone_between_two_samples_is_a_gap",
        "publish/test_gate.py::test_a_row_put_back_is_found",
    ],
    "I3": [  # time and distance start at 0 in each segment and never jump
        "privacy/test_properties.py::test_no_world_shows_what_is_hidden",
        "privacy/test_properties.py::test_a_clock_that_falls_while_there_is_no_position_starts_a_new_segment",
        "privacy/test_properties.py::test_a_clock_that_trembles_does_not_stop_the_month",
        "publish/test_gate.py::test_times_that_are_not_rebased_are_found",
        "publish/test_attacks.py::test_an_odometer_that_falls_across_a_gap_is_not_believed",
    ],
    "I4": [  # what happens strictly inside H changes no byte
        "privacy/test_properties.py::test_what_happens_inside_the_cut_changes_no_byte",
        "privacy/test_properties.py::test_a_visible_sample_without_a_time_does_not_take_one_from_the_hidden",
        "privacy/test_properties.py::test_the_day_is_not_that_of_a_hidden_start",
        "privacy/test_properties.py::test_the_last_digits_of_a_hidden_odometer_are_not_told",
        "assets/test_differential.py::test_an_export_tells_nothing_of_what_happened_inside_the_cut",
        "assets/test_differential.py::test_nor_does_an_account",
    ],
    "I5": [  # no figure says more than what is visible
        "privacy/test_properties.py::test_no_world_shows_what_is_hidden",
        "publish/test_gate.py::test_a_total_restored_is_found",
        "publish/test_attacks.py::test_samples_before_the_first_position_are_hidden_and_so_are_the_calories",
    ],
    "I6": [  # no time of day
        "publish/test_gate.py::test_a_property_that_tells_too_much_is_found",
        "publish/test_fail_closed.py::test_what_breaks_an_invariant_is_not_written",
        "assets/test_flow.py::test_imported_rides_are_published_and_a_stranger_finds_nothing",
    ],
    "I7": [  # names of CONTRACT, and no free text
        "publish/test_gate.py::test_a_property_that_tells_too_much_is_found",
        "publish/test_gate.py::test_a_missing_or_foreign_file_is_found",
        "publish/test_attacks.py::test_bytes_that_say_more_than_they_mean_are_found",
    ],
    "I8": [  # no real id
        "publish/test_gate.py::test_a_property_that_tells_too_much_is_found",
        "publish/test_gate.py::test_a_number_of_stravas_is_no_time_of_day",
    ],
    "I9": [  # what has no visible run is nowhere
        "privacy/test_properties.py::test_no_world_shows_what_is_hidden",
        "privacy/test_cut.py::test_a_track_wholly_inside_is_absent",
        "assets/test_differential.py::test_an_export_tells_nothing_of_what_happened_inside_the_cut",
        "publish/test_gate.py::test_a_missing_or_foreign_file_is_found",
    ],
    "I10": [  # extents are those of what is visible
        "privacy/test_properties.py::test_no_world_shows_what_is_hidden",
        "publish/test_gate.py::test_is_proven_again_if_it_changed",
    ],
    "I11": [  # rows lie beside their line
        "privacy/test_properties.py::test_no_world_shows_what_is_hidden",
        "privacy/test_cut.py::test_the_lines_keep_within_tolerance_of_the_samples",
        "publish/test_fail_closed.py::test_what_breaks_an_invariant_is_not_written",
    ],
    "I12": [  # the same again is the same bytes, and nobody depends on others
        "assets/test_flow.py::test_the_same_again_changes_no_byte",
        "privacy/test_properties.py::test_a_ride_is_shown_alike_in_any_company",
        "privacy/test_properties.py::test_the_climb_does_not_hang_on_where_a_ride_stands_among_others",
        "publish/test_gate.py::test_adding_a_ride_changes_no_other_ones_bytes",
        "privacy/test_zones.py::test_a_shape_is_drawn_once_and_kept",
    ],
    "I13": [  # sums can be recomputed
        "publish/test_gate.py::test_a_wrong_summary_or_index_is_found",
        "assets/test_flow.py::test_imported_rides_are_published_and_a_stranger_finds_nothing",
    ],
    "I14": [  # neither Z, H, names nor the key are told
        "assets/test_nothing_told.py::test_nobody_is_told_of_zones_or_the_key",
        "publish/test_fail_closed.py::test_an_error_says_nothing_of_where_a_zone_is",
        "publish/test_attacks.py::test_a_zones_name_is_known_however_it_is_written",
        "end_to_end/test_secrets.py::test_no_secret_is_said_anywhere",
    ],
    "I15": [  # only what everyone may see
        "publish/test_taking_back.py::test_whatever_may_not_be_shown_goes_and_the_rest_stays_whole",
        "publish/test_taking_back.py::test_the_database_s_rule_is_the_same_as_the_one_with_words",
        "publish/test_gate.py::test_a_ride_that_is_hidden_goes_everywhere",
        "assets/test_flow.py::test_hidden_imports_are_not_published_until_the_owner_says_so",
    ],
    "I16": [  # in doubt nothing is written
        "publish/test_fail_closed.py::test_without_a_projection_nothing_is_cut_judged_or_written",
        "publish/test_fail_closed.py::test_what_breaks_an_invariant_is_not_written",
        "publish/test_fail_closed.py::test_an_unreadable_zone_file_changes_neither_zones_nor_files",
        "publish/test_fail_closed.py::test_without_the_key_nothing_is_written",
        "publish/test_gate.py::test_without_any_zone_nothing_is_published",
        "test_cli.py::test_a_lost_or_damaged_key_changes_nothing_that_is_public",
    ],
    "I17": [  # hiding is at once, showing needs a word
        "publish/test_gate.py::test_a_new_zone_withdraws_at_once",
        "publish/test_attacks.py::test_what_was_made_with_older_zones_passes_no_gate",
        "publish/test_fail_closed.py::test_a_zone_is_removed_only_by_who_says_that_the_place_may_be_shown",
    ],
    "I18": [  # no time of writing
        "publish/test_gate.py::test_files_tell_no_time",
        "assets/test_differential.py::test_an_export_tells_nothing_of_what_happened_inside_the_cut",
        "assets/test_s3.py::test_buckets_hold_what_folders_do",
        "publish/test_verify.py::test_whatever_is_done_by_hand_is_named",
    ],
}


def test_every_invariant_has_its_tests() -> None:
    assert list(PROVEN) == [f"I{number}" for number in range(1, 19)]
    assert all(PROVEN.values())


@pytest.mark.parametrize("invariant", PROVEN)
def test_and_they_are_there(invariant: str) -> None:
    for test in PROVEN[invariant]:
        path, name = test.split("::")
        tree = ast.parse((TESTS / path).read_text())
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, test
