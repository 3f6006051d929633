-- name: public_objects
-- What the gate has written under one root, below a path.
select path, sha256, bytes, fingerprint, activity_id, facts ->> 'under' as under
from strava.public_object
where root = :root and starts_with(path, :prefix)
order by path;

-- name: put_public_object!
insert into strava.public_object (root, path, sha256, bytes, fingerprint, activity_id, facts)
values (:root, :path, :sha256, :bytes, :fingerprint, :activity_id, :facts)
on conflict (root, path) do update
set sha256 = excluded.sha256, bytes = excluded.bytes, fingerprint = excluded.fingerprint,
    activity_id = excluded.activity_id, facts = excluded.facts, written_at = now();

-- name: csvs_after_the_map$
-- When the newest CSV was written, if the maps (and the index with them) were written before. Writers take turns.
select newest from (
    select max(written_at) filter (where activity_id is not null) as newest,
           max(written_at) filter (where path = :index) as map
    from strava.public_object where root = :root
) as written
where newest > coalesce(map, '-infinity');

-- name: set_proven!
update strava.public_object set facts = facts || jsonb_build_object('under', cast(:mark as text))
where root = :root and (path, sha256) in (select * from unnest(cast(:paths as text[]), cast(:read as text[])));

-- name: drop_public_objects
-- Those that there were come back.
delete from strava.public_object where root = :root and path = any(:paths) returning path;

-- name: public_objects_at
-- What is remembered of some paths at this moment.
select path, sha256 from strava.public_object where root = :root and path = any(:paths);

-- name: public_facts
-- What the bytes of some paths say.
select path, sha256, facts from strava.public_object where root = :root and path = any(:paths);

-- name: hidden_public_objects
-- CSVs that are public although their activity may not be shown now, or is not there at all. Cheap where there
-- is none: it is asked at every turn.
select object.path
from strava.public_object as object
left join strava.activity as activity on activity.id = object.activity_id
left join strava.athlete as athlete on athlete.id = activity.athlete_id
where object.root = :root and object.activity_id is not null
  and strava.may_be_shown(activity, athlete, :import_visibility, cast(:sources as text[])) is not true
order by object.path;

-- name: public_objects_not_shown
-- Of some CSVs, those that are not public now or whose activity may not be.
select unnest(cast(:paths as text[])) as path
except
select object.path
from strava.public_object as object
join strava.activity as activity on activity.id = object.activity_id
join strava.athlete as athlete on athlete.id = activity.athlete_id
where object.root = :root and object.path = any(:paths)
  and strava.may_be_shown(activity, athlete, :import_visibility, cast(:sources as text[]))
order by path;

-- name: shown_activities
-- Of some activities, those that may be shown now.
select activity.id
from strava.activity as activity join strava.athlete as athlete on athlete.id = activity.athlete_id
where activity.id = any(:ids)
  and strava.may_be_shown(activity, athlete, :import_visibility, cast(:sources as text[]));
