"""Faults of the gate, of the map and the index, of taking back and of reading all of it again: ``publish``."""

from __future__ import annotations

from strava_assets_tests.faults.fault import Fault

GATE, MAPS = "publish/gate.py", "publish/map_files.py"
TAKING_BACK, VERIFY, JUDGE = "publish/taking_back.py", "publish/verify.py", "publish/judging/judge.py"
LAKES = "publish/judging/lakes.py"

FAULTS = (
    # the gate
    Fault(
        "the gate lets one finding pass",
        GATE,
        "        if judgement.findings:\n",
        "        if len(judgement.findings) > 1:\n",
        ("publish/test_gate.py::test_one_finding_is_enough_to_refuse",),
    ),
    Fault(
        "the gate writes before it judges",
        GATE,
        "        judgement, rests_on = self._judged(objects)\n",
        """\
        for path, data in objects.items():
            self._write(path, data)
        judgement, rests_on = self._judged(objects)
""",
        ("publish/test_gate.py::test_the_gate_refuses_and_writes_nothing",),
    ),
    Fault(
        "the gate does not see that a zone was added while a file was made",
        GATE,
        "            if _marks(zone_store.in_force(self._database)) != _marks(self.rules.zones):\n",
        "            if not zone_store.in_force(self._database) and self.rules.zones:\n",
        ("publish/test_attacks.py::test_what_was_made_with_older_zones_passes_no_gate",),
    ),
    Fault(
        "the gate does not ask whether an activity may still be shown",
        GATE,
        "        return [path for path in csvs if activities.get(path) not in released]\n",
        "        return []\n",
        ("publish/test_races.py::test_a_file_without_an_activity_does_not_pass",),
    ),
    Fault(
        "without any zone everything is published",
        JUDGE,
        "not (rules.zones or rules.allow_no_zones)",
        "False",
        ("publish/test_gate.py::test_without_any_zone_nothing_is_published",),
    ),
    Fault(
        "the rows of a CSV are not held against the zones",
        "publish/judging/csvs.py",
        '    result.findings += invariants.near_zones("I2", Tracks.of(lines), names, areas, result.tested)\n',
        "",
        ("publish/test_gate.py::test_a_row_put_back_is_found",),
    ),
    Fault(
        "the 25 m around the zone itself are not guarded",
        "privacy/invariants.py",
        "shapely.union(zone.shape.geometry, guarded)",
        "zone.shape.geometry",
        ("privacy/test_limits.py::test_a_shape_that_does_not_hold_its_zone_does_not_make_it_visible",),
    ),
    Fault(
        "what was proven under other zones is not proven again",
        "publish/judging/maps.py",
        'if remembered.get("under") == rules.mark else {}',
        "if remembered else {}",
        ("publish/test_gate.py::TestWhatWasProven::test_is_proven_again_under_another_zone",),
    ),
    Fault(
        "a zone's name written without its accents is let through",
        "publish/judging/zone_names.py",
        "if not unicodedata.combining(letter))",
        ")",
        ("publish/test_zone_names.py::test_it_is_told",),
    ),
    Fault(
        "a ride's name tells the name of a zone",
        MAPS,
        "    return None if hidden_names.told_by(rest) else rest\n",
        "    return rest\n",
        ("publish/test_gate.py::test_names_that_tell_a_zones_name_are_replaced",),
    ),
    Fault(
        "a ride's name tells when it began",
        MAPS,
        "    rest = clocks.without_instant(text)\n",
        "    rest = text\n",
        ("publish/test_features.py::test_a_name_that_the_recorder_gave_tells_no_time_of_day",),
    ),
    Fault(
        "files tell when they were written",
        GATE,
        "    os.utime(path, (NO_TIME, NO_TIME))\n",
        "",
        ("publish/test_gate.py::test_a_file_tells_no_time_from_its_first_moment",),
    ),
    Fault(
        "folders tell when something in them was withdrawn",
        GATE,
        "            self._forget_times(one_of)\n",
        "            pass\n",
        ("publish/test_gate.py::test_a_folder_does_not_tell_when_something_in_it_was_withdrawn",),
    ),
    # the public lake
    Fault(
        "a table stays when its CSV is withdrawn",
        GATE,
        "        gone = sorted(named | self._tables_of(connection, named))\n",
        "        gone = sorted(named)\n",
        ("publish/test_public_lake.py::test_what_is_hidden_leaves_its_tables_at_once",),
    ),
    Fault(
        "a table stays when its CSV becomes another",
        GATE,
        "self._withdraw(connection, self._tables_of(connection, stale) - objects.keys())",
        "0",
        ("publish/test_public_lake.py::test_a_csv_that_changes_takes_its_table_along",),
    ),
    Fault(
        "a CSV may change while a table is made of it",
        GATE,
        "[path for path, digest in rests_on.read.items() if sha256(self.read_if_any(path)) != digest]",
        "[]",
        ("publish/test_public_lake.py::test_a_csv_that_changes_while_its_table_is_made_is_made_anew",),
    ),
    Fault(
        "the rows of a table are not held against their CSV",
        LAKES,
        "        if decoded.rows != rows.num_rows or not all(\n",
        "        if decoded.rows != rows.num_rows and not all(\n",
        ("publish/test_public_lake.py::test_a_sample_that_is_not_the_csvs_is_found",),
    ),
    Fault(
        "the points of a table are not held against its columns",
        LAKES,
        '        add(Finding("I13", path, "its points are not those of its columns"))\n',
        "        pass\n",
        ("publish/test_public_lake.py::test_a_sample_that_is_not_the_csvs_is_found",),
    ),
    Fault(
        "the lines of a table are not held against the map",
        LAKES,
        '            add(Finding("I11", where, "its lines are not the map\'s"))\n',
        "            pass\n",
        ("publish/test_public_lake.py::test_a_row_that_is_not_the_maps_is_found",),
    ),
    Fault(
        "a table may say more than its rows",
        LAKES,
        "    if not same:  # statistics",
        "    if not ours:  # statistics",
        ("publish/test_public_lake.py::test_bytes_that_tell_something_beside_the_rows_are_found",),
    ),
    Fault(
        "the positions of a table are not held against the zones",
        LAKES,
        '    result.findings += invariants.near_zones("I2", Tracks.of(lines), names, areas, result.tested)\n',
        "",
        ("publish/test_public_lake.py::test_a_table_with_a_hidden_place_does_not_pass_even_if_its_csv_had_it",),
    ),
    Fault(
        "a table bears the time of its writing",
        "geoparquet.py",
        """separators=(",", ":"))})\n""",
        """separators=(",", ":")), "written": "2024-05-01T06:30:00Z"})\n""",
        ("publish/test_public_lake.py::test_files_tell_no_time_and_are_for_everybody",),
    ),
    Fault(
        "tables are not read again",
        VERIFY,
        "            total.add(judge({read: data}, gate.rules, seen))\n",
        "",
        ("publish/test_public_lake.py::test_what_was_put_there_by_somebody_else_is_told_of",),
    ),
    # the map and the index
    Fault(
        "Strava's own numbers are published unasked",
        MAPS,
        'if with_strava_id and row.get("strava_id") is not None',
        'if row.get("strava_id") is not None',
        ("publish/test_features.py::test_stravas_numbers_are_told_only_where_the_owner_wants_it",),
    ),
    Fault(
        "rides of a day stand in the order in which they were ridden",
        MAPS,
        '    ordered = sorted(features, key=lambda feature: feature.properties["actID"])\n',
        "    ordered = list(features)\n",
        ("publish/test_features.py::test_the_order_of_a_days_rides_tells_no_clock",),
    ),
    Fault(
        "an activity is on the map before its samples are public",
        MAPS,
        "            and path not in barred\n            and f.made_from",
        "            and f.made_from",
        ("publish/test_races.py::test_between_the_judgement_and_the_lock_of_the_map",),
    ),
    Fault(
        "the index counts more than what is visible",
        "publish/summaries.py",
        '"activities": len(shown.features),',
        '"activities": len(shown.features) + 1,',
        ("publish/test_summaries.py::test_the_index_says_what_the_maps_show",),
    ),
    Fault(
        "the index tells the day of the build",
        "publish/summaries.py",
        'max(feature.properties["startDate"] for feature in shown.features)',
        "date.today().isoformat()",
        ("publish/test_summaries.py::test_the_index_says_what_the_maps_show",),
    ),
    Fault(
        "the box is larger than what is visible",
        "publish/topojson_file.py",
        "    numbers = np.array(boxes)\n",
        "    numbers = np.array(boxes) + [-900, -900, 900, 900]\n",
        ("publish/test_gate.py::test_what_was_published_keeps_every_invariant",),
    ),
    Fault(
        "ids are hashes without the key",
        "publish/ids.py",
        "hmac.digest(key, ",
        'hmac.digest(b"", ',
        ("publish/test_ids.py",),
    ),
    Fault(
        "weekly means are not weighed by moving time",
        "publish/summaries.py",
        "round(sum(value * weight for value, weight in known) / total, 1)",
        "round(sum(value for value, _ in known) / len(known), 1)",
        ("publish/test_summaries.py",),
    ),
    Fault(
        "a column that the owner does not publish is published",
        "publish/csv_files.py",
        "and name not in dropped)]",
        ")]",
        ("publish/test_csv_files.py::test_a_column_that_the_owner_keeps_is_in_no_file",),
    ),
    # taking back
    Fault(
        "a withdrawal leaves the CSV",
        TAKING_BACK,
        "        raise\n    gate.withdraw(csvs)\n",
        "        raise\n",
        ("publish/test_attacks.py::test_a_zone_named_like_a_ride_withdraws_all_the_same",),
    ),
    Fault(
        "a table that outlived its CSV is not looked for",
        TAKING_BACK,
        "        gate.withdraw(gate.tables_left())\n",
        "",
        (
            "publish/test_public_lake.py"
            "::test_a_table_that_could_not_be_deleted_keeps_no_csv_and_goes_with_the_next_withdrawal",
        ),
    ),
    Fault(
        "a withdrawal leaves the map",
        TAKING_BACK,
        "        _show_only(gate, remaining)\n    except StoreUnavailable",
        "        pass\n    except StoreUnavailable",
        ("publish/test_attacks.py::test_a_zone_named_like_a_ride_withdraws_all_the_same",),
    ),
    Fault(
        "a withdrawal believes its memory, not what lies there",
        TAKING_BACK,
        "csvs = {path: match for path in gate.paths() if path not in proven",
        "csvs = {path: match for path in known if path not in proven",
        ("publish/test_gate.py::test_a_new_zone_withdraws_also_what_nobody_remembers",),
    ),
    Fault(
        "the CSV is withdrawn before the map that shows it",
        TAKING_BACK,
        "    until_alone(gate, show_the_rest)\n    return gate.withdraw(csvs)\n",
        "    gone = gate.withdraw(csvs)\n    until_alone(gate, show_the_rest)\n    return gone\n",
        ("publish/test_taking_back.py::test_the_map_goes_before_the_csv",),
    ),
    # verify
    Fault(
        "verify holds the map against its memory of the CSVs",
        VERIFY,
        "gate.rules, _Read(total.facts)))",
        "gate.rules, _Read(gate.facts(csvs))))",
        ("publish/test_gate.py::test_verify_believes_the_bytes_and_no_memory",),
    ),
    Fault(
        "verify looks only at what it remembers",
        VERIFY,
        "gate.paths()",
        "sorted(gate.known())",
        ("publish/test_gate.py::test_a_missing_or_foreign_file_is_found",),
    ),
    Fault(
        "verify does not miss an activity that is on no map",
        VERIFY,
        "for csv in csvs if csv not in shown",
        "for csv in csvs if not csv",
        ("publish/test_gate.py::test_a_csv_that_is_on_no_map_is_found",),
    ),
)
