"""Faults of the cut, of what is made of it, of zones and of who may be seen: ``privacy`` and what it needs."""

from __future__ import annotations

from strava_assets_tests.faults.fault import Fault

CUT, MASKED, LINES = "privacy/cut.py", "privacy/masked.py", "privacy/lines.py"
FIGURES, SHAPES, ZONE_FILES = "privacy/figures.py", "privacy/cut_shapes.py", "privacy/zone_files.py"
STORE = "privacy/zone_store.py"

FAULTS = (
    # the cut
    Fault(
        "the track is simplified before it is cut",
        MASKED,
        "    runs = cut.visible_runs(month.samples, areas, short_too=whole)\n",
        """\
    drawn, _ = lines.simplified(month.samples, cut.visible_runs(month.samples, []))
    cells_of_all = np.rint(np.column_stack([month.samples.lon, month.samples.lat]) * lines.CELLS)
    kept = (cells_of_all[:, None] == drawn[None]).all(-1).any(1)
    rough = np.where(kept, month.samples.lon, np.nan)
    rough_samples = Samples(rough, month.samples.lat, month.samples.time, month.samples.starts)
    runs = cut.visible_runs(rough_samples, areas, short_too=whole)
""",
        ("privacy/test_masked.py::test_the_cut_comes_first_and_sees_every_sample_that_simplifying_would_drop",),
    ),
    Fault(
        "a step across a zone hides nothing if both its ends are outside",
        "privacy/tracks.py",
        "    met[step[shapely.intersects(area.geometry, lines)]] = True\n",
        "",
        ("privacy/test_long_steps.py::test_it_is_found_from_every_side_and_only_if_it_meets",),
    ),
    Fault(
        "a step that meets a zone hides only the sample before it",
        "privacy/tracks.py",
        "] + 1] = True\n",
        "] + 0] = True\n",
        ("privacy/test_tracks.py::test_a_step_that_crosses_a_narrow_place_is_found_however_short",),
    ),
    Fault(
        "a run begins one sample too early",
        CUT,
        "    first, last = first[enough], last[enough]\n",
        "    first, last = np.maximum(first[enough] - 1, 0), last[enough]\n",
        ("privacy/test_cut.py::test_going_back_in_time_starts_a_new_run",),
    ),
    Fault(
        "a run ends one sample too late",
        CUT,
        "    first, last = first[enough], last[enough]\n",
        "    first, last = first[enough], np.minimum(last[enough] + 1, len(visible) - 1)\n",
        ("privacy/test_plainly.py",),
    ),
    Fault(
        "the margin around the cut shape is missing",
        CUT,
        "shapely.buffer(shape.geometry, margin, quad_segs=32)",
        "shape.geometry",
        ("privacy/test_masked.py::test_a_track_that_skirts_the_cut_keeps_the_margin_and_one_that_comes_nearer_is_cut",),
    ),
    Fault(
        "of several zones only the first is cut",
        CUT,
        "    for area in areas:\n",
        "    for area in areas[:1]:\n",
        ("privacy/test_masked.py::test_a_zone_is_cut_however_large_its_month",),
    ),
    Fault(
        "a run of exactly 200 m is hidden: > for >=",
        CUT,
        ">= SHORTEST_RUN * 1e6",
        "> SHORTEST_RUN * 1e6",
        ("privacy/test_cut.py::test_a_run_of_exactly_200_m_is_shown_and_not_a_millimetre_less",),
    ),
    Fault(
        "runs that are too short are shown",
        CUT,
        "    first, last = first[enough], last[enough]\n",
        "",
        ("privacy/test_cut.py::test_runs_shorter_than_200_m_are_hidden",),
    ),
    Fault(
        "samples before the first visible one are shown with it",
        MASKED,
        '    row["first"] = (runs.first[mine] - start).tolist()\n',
        '    row["first"] = [0, *(runs.first[mine] - start).tolist()][: len(mine)]\n',
        ("publish/test_attacks.py::test_samples_before_the_first_position_are_hidden_and_so_are_the_calories",),
    ),
    Fault(
        "each run is shown with the sample after it",
        MASKED,
        '    row["last"] = (runs.last[mine] - start).tolist()\n',
        '    row["last"] = (runs.last[mine] - start + 1).tolist()\n',
        ("privacy/test_masked.py::test_the_table_says_which_samples_are_visible",),
    ),
    Fault(
        "one activity's run goes on in the next activity",
        CUT,
        "    goes_on[tracks.starts[(tracks.starts > 0) & (tracks.starts < len(visible))] - 1] = False\n",
        "",
        ("privacy/test_gaps.py::test_an_activity_of_one_sample_does_not_go_on_in_the_next",),
    ),
    Fault(
        "a pause or a leap is no gap",
        CUT,
        "return np.concatenate([back, late, far[around | jumped]])",
        "return back",
        ("privacy/test_cut.py::test_a_leap_of_a_kilometre_in_a_second_is_a_gap_wherever_it_goes",),
    ),
    Fault(
        "a hidden pause decides what is usual",
        CUT,
        "times = times[np.isfinite(times)]",
        "times = elapsed[own][np.isfinite(elapsed[own])]",
        ("privacy/test_gaps.py::test_what_happened_in_a_hidden_place_does_not_decide_what_is_usual",),
    ),
    # the lines
    Fault(
        "simplifying moves the line twice as far as the margin allows",
        LINES,
        "tolerance, preserve_topology=False)",
        "2.5 * tolerance, preserve_topology=False)",
        ("privacy/test_cut.py::test_the_lines_keep_within_tolerance_of_the_samples",),
    ),
    Fault(
        "a chord may be of any length",
        LINES,
        "int(LONGEST_CHORD * 1e6)",
        "int(1e18)",
        ("privacy/test_lines.py::test_no_chord_is_longer_than_two_kilometres_and_no_straight_leaves_the_track",),
    ),
    Fault(
        "vertices are quantised on a grid ten times as coarse",
        LINES,
        "CELLS = 100_000",
        "CELLS = 10_000",
        ("privacy/test_lines.py",),
    ),
    Fault(
        "metres are those of the equator everywhere",
        LINES,
        "_DEGREE * np.cos(np.radians(np.minimum.reduceat(np.abs(lat), heads)))",
        "_DEGREE * np.ones(len(heads)) * 0.1",
        ("privacy/test_cut.py::test_the_lines_keep_within_tolerance_of_the_samples",),
    ),
    # the figures
    Fault(
        "time goes on from the hidden start",
        FIGURES,
        "[first][run]",
        "[first][run] * 0",
        ("privacy/test_cut.py::test_the_differential_holds_inside_the_cut",),
    ),
    Fault(
        "time starts anew in the first run only",
        FIGURES,
        "[first][run]",
        "[first][0]",
        ("privacy/test_figures.py::test_times_and_distances_are_told_in_tenths_since_the_runs_own_beginning",),
    ),
    Fault(
        "the track's length goes on across what is hidden",
        FIGURES,
        "np.floor((walked - walked[heads][run]) / 1e5 + 0.5) / 10",
        "np.floor(walked / 1e5 + 0.5) / 10",
        ("privacy/test_figures.py::test_times_and_distances_are_told_in_tenths_since_the_runs_own_beginning",),
    ),
    Fault(
        "an odometer is believed that knows more than the visible track",
        FIGURES,
        "        believed &= (wheel[ends] > 0) & (wheel[ends] <= ODOMETER_SLACK * chord)\n",
        "        pass\n",
        ("privacy/test_figures.py::test_the_odometer_is_believed_while_it_is_no_longer_than_the_track",),
    ),
    Fault(
        "the climb from one run to the next is counted",
        FIGURES,
        "rise = np.where(np.diff(line) == 0, np.maximum(np.diff(coords[:, 1]), 0.0), 0.0)",
        "rise = np.maximum(np.diff(coords[:, 1]), 0.0)",
        ("privacy/test_figures.py::test_what_lies_between_two_runs_adds_nothing",),
    ),
    Fault(
        "means are taken over samples, not over time",
        FIGURES,
        "    weight = np.where(weight > 0, np.minimum(weight, 30.0), 0.0)\n",
        "    weight = np.ones(len(weight))\n",
        ("privacy/test_figures.py::test_a_sample_stands_for_the_time_until_the_next_one",),
    ),
    Fault(
        "totals are those of the whole ride",
        MASKED,
        "            value = float(values[name][place])\n",
        '            value = float(values[name][place] if row[name] is None or name != "distance" else row[name])\n',
        ("privacy/test_masked.py::test_no_figure_of_the_whole_ride_comes_through",),
    ),
    Fault(
        "averages are those of the whole ride",
        MASKED,
        '        if name != "calories":\n',
        '        if name not in ("calories", "average_heartrate", "average_watts", "average_speed"):\n',
        ("privacy/test_masked.py::test_no_figure_of_the_whole_ride_comes_through",),
    ),
    Fault(
        "calories of a partly hidden ride are shown",
        MASKED,
        '        row["calories"] = None\n',
        "        pass\n",
        ("privacy/test_masked.py::test_calories_are_shown_of_whole_rides_only",),
    ),
    Fault(
        "the day is that of the hidden start",
        MASKED,
        'row["start_time"] + timedelta(seconds=',
        'row["start_time"] + timedelta(seconds=0 * ',
        ("privacy/test_masked.py::test_the_day_is_that_of_the_first_visible_sample",),
    ),
    Fault(
        "the name and the bike of a hidden ride stay in its row",
        MASKED,
        '"hidden_because", "samples")\n                else None',
        '"hidden_because", "samples", "name", "gear_name")\n                else None',
        ("privacy/test_masked.py::test_of_what_is_hidden_nothing_is_carried_on",),
    ),
    Fault(
        "samples of a hidden ride end up in its neighbour",
        MASKED,
        'table.filter(pc.is_in(table.column("activity_id"), pa.array(ids, pa.int64())))',
        "table",
        ("privacy/test_masked.py::test_a_ride_that_is_not_asked_for_does_not_end_up_in_its_neighbour",),
    ),
    Fault(
        "a new zone makes no masked row stale",
        MASKED,
        "|{reach.get(row['activity_id'], '')}",
        "",
        ("privacy/test_masked.py::TestAFingerprint",),
    ),
    Fault(
        "a cut shape that moved makes no masked row stale",
        MASKED,
        'f"{shape.center}".encode() + ',
        "",
        ("privacy/test_masked.py::TestAFingerprint",),
    ),
    # where only ends are hidden
    Fault(
        "who stops where only ends are hidden is shown",
        "privacy/passes.py",
        "return bool((np.hypot(*(plane[later[now]] - plane[now]).T) >= STRIDE).all())",
        "return True",
        ("privacy/test_passes.py::test_who_stops_for_a_minute_was_there",),
    ),
    Fault(
        "one zone that hides only ends decides for all that share its shape",
        "privacy/zones.py",
        "if zone.mode != ENDS_ONLY}",
        "if zone.mode != ENDS_ONLY and not zones}",
        ("privacy/test_passes.py::test_one_zone_that_hides_everything_decides_for_all_that_share_its_shape",),
    ),
    # who may be seen
    Fault(
        "what nobody released is shown",
        "privacy/visibility.py",
        'if visibility != "everyone":',
        'if visibility not in ("everyone", "unknown"):',
        ("privacy/test_visibility.py::test_only_what_is_visible_to_everyone_may_be_shown",),
    ),
    Fault(
        "one published source is enough",
        "privacy/visibility.py",
        'if not set(provenance.split("+")) <= set(sources):',
        'if not set(provenance.split("+")) & set(sources):',
        ("privacy/test_visibility.py::test_every_source_that_a_ride_is_made_of_has_to_be_published",),
    ),
    # zones and their shapes
    Fault(
        "a zone file is read without the rows that are wrong",
        ZONE_FILES,
        "        places, holes = _judged(row[frame.geometry.name], radius, where, tell_where=not numbers)\n",
        """\
        try:
            places, holes = _judged(row[frame.geometry.name], radius, where, tell_where=not numbers)
        except ZoneFileError:
            continue
""",
        ("privacy/test_zones.py::test_one_bad_row_refuses_the_whole_file_and_is_named",),
    ),
    Fault(
        "a zone file's coordinate reference system is ignored",
        ZONE_FILES,
        'yield name, frame.to_crs("OGC:CRS84") if len(frame) else frame',
        "yield name, frame",
        ("privacy/test_zones.py::test_polygons_points_and_other_crs_are_read",),
    ),
    Fault(
        "the shape is not displaced",
        SHAPES,
        "lambda c: c + [distance * math.cos(angle), distance * math.sin(angle)]",
        "lambda c: c",
        ("privacy/test_zones.py::test_the_cut_shape_holds_the_zone_and_its_guard_wherever_it_lands",),
    ),
    Fault(
        "the shape is displaced, but does not hold the zone any more",
        SHAPES,
        "    shape = _filled(shapely.union(grown, _guarded(plane)))\n",
        "    shape = _filled(shapely.buffer(moved, GUARD))\n",
        ("privacy/test_zones.py::test_the_cut_shape_holds_the_zone_and_its_guard_wherever_it_lands",),
    ),
    Fault(
        "the displacement comes from a source that can be foreseen",
        SHAPES,
        "    source = secrets.SystemRandom()\n",
        "    source = __import__('random').Random(4)\n",
        ("privacy/test_zones.py::test_the_cut_shape_holds_the_zone_and_its_guard_wherever_it_lands",),
    ),
    Fault(
        "the displacement crowds around the middle",
        SHAPES,
        "radius * math.sqrt(source.random())",
        "radius * source.random() ** 2",
        ("privacy/test_zones.py::test_the_cut_shape_holds_the_zone_and_its_guard_wherever_it_lands",),
    ),
    Fault(
        "an extended shape forgets what it hid before",
        SHAPES,
        "_filled(shapely.union(shape.geometry, shapely.make_valid(moved)))",
        "_filled(shapely.make_valid(moved))",
        ("privacy/test_cut_shapes.py::test_an_extended_shape_hides_both",),
    ),
    Fault(
        "an extension is drawn with the default E, and keeps it",
        STORE,
        """\
            wider = cut_shapes.extend(shape, beside)
        shape = wider
    if shape.expansion < expansion:
""",
        """\
            wider = cut_shapes.extend(shape, cut_shapes.draw(united))
        shape = wider
    elif shape.expansion < expansion:
""",
        ("privacy/test_zones.py::test_a_place_keeps_the_size_of_cut_that_its_owner_chose",),
    ),
    Fault(
        "the shape is drawn again whenever zones are read",
        STORE,
        "            _shape(row),\n            row[",
        "            cut_shapes.draw(shapely.from_wkb(bytes(row['geometry']))),\n            row[",
        ("privacy/test_zones.py::test_a_shape_is_drawn_once_and_kept",),
    ),
    Fault(
        "a place that is drawn again gets another shape",
        STORE,
        "queries().unused_shapes(connection)",
        "[]",
        (
            "privacy/test_zone_store.py"
            "::test_a_shape_that_no_zone_names_any_more_is_cut_again_for_a_place_that_it_holds",
        ),
    ),
    Fault(
        "a zone that is drawn otherwise forgets what was cut for it",
        STORE,
        "_shape_for(connection, [zone, *touched], [], drawn.geometry,",
        "_shape_for(connection, touched, [], drawn.geometry,",
        ("privacy/test_zone_store.py::test_a_zone_that_outgrows_its_shape_has_it_grown_and_no_second_draw",),
    ),
    Fault(
        "a zone that outgrows its shape is drawn a second time",
        STORE,
        "                if redrawn is None\n",
        "                if True\n",
        ("privacy/test_zone_store.py::test_a_zone_that_is_drawn_far_beyond_its_shape_is_displaced_as_before",),
    ),
    Fault(
        "a zone that outgrows its shape a little is displaced, where growing tells less",
        STORE,
        " and redrawn is None\n",
        "\n",
        ("privacy/test_zone_store.py::test_a_zone_that_outgrows_its_shape_has_it_grown_and_no_second_draw",),
    ),
    Fault(
        "a zone that is drawn far beyond its shape is displaced otherwise than before",
        "privacy/cut_shapes.py",
        "moved = shapely.transform(new, lambda c: c + vector)",
        "moved = _displaced(new, expansion)",
        ("privacy/test_zone_store.py::test_a_zone_that_is_drawn_far_beyond_its_shape_is_displaced_as_before",),
    ),
    Fault(
        "a zone may be drawn otherwise somewhere else",
        STORE,
        "if not shapely.intersects(plane, zone.shape.geometry):",
        "if False:",
        ("privacy/test_zone_store.py::test_drawing_a_zone_otherwise_shows_nothing_without_the_owner_s_word",),
    ),
    Fault(
        "of the ends of tracks only one is hidden",
        "privacy/provisional.py",
        "        ends = ends[_distance(ends, lon, lat) > RADIUS]\n    return places",
        "        ends = ends[:0]\n    return places",
        ("privacy/test_zones.py::test_until_a_zone_is_drawn_the_ends_of_tracks_are_hidden",),
    ),
)
