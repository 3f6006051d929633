-- name: athletes_for_import
-- Everybody an import may belong to; locked, so that two imports do not make the same person twice.
select id, strava_id, name from strava.athlete order by id for update;

-- name: add_imported_athlete^
-- No row comes back if the name or the number has just been taken.
insert into strava.athlete (strava_id, name) values (:strava_id, :name)
on conflict do nothing
returning id, strava_id, name;

-- name: learn_strava_id!
-- An export tells the number of somebody known by name only. The identity stays: public ids depend on it.
update strava.athlete set strava_id = :strava_id where id = :id and strava_id is null;

-- name: begin_import$
insert into strava.import (athlete_id, source) values (:athlete_id, :source) returning id;

-- name: finish_import!
-- Earlier ones that were killed count as finished with it: what they landed was gone through again.
update strava.import
set finished_at = now(), counts = case when id = :id then cast(:counts as jsonb) else '{"interrupted": true}' end
where id = :id or (athlete_id = :athlete_id and finished_at is null and id < :id);

-- name: months_of_unfinished_imports
-- What this import changed, and what killed ones before it had changed without anybody asking for it.
select distinct to_char(activity.month, 'YYYY-MM') as month
from strava.activity as activity join strava.import as import on import.id = activity.import_id
where import.athlete_id = :athlete_id and import.finished_at is null;

-- name: archived_activity^
-- By identity, or by Strava's number whoever's it is: an activity has one row, whichever source came first.
select id, athlete_id, api is not null as from_api, archive, archive_file, start_time, month, state
from strava.activity
where (athlete_id = :athlete_id and identity = :identity) or strava_id = :strava_id
order by strava_id is null
limit 1
for update;

-- name: add_archived_activity$
-- Nothing comes back if another process was faster.
insert into strava.activity (athlete_id, identity, strava_id, start_time, month, archive, archive_file, import_id,
                             owner_visibility, state, landed_at, error, error_stage)
values (:athlete_id, :identity, :strava_id, :start_time, :month, :archive, :archive_file, :import_id,
        :owner_visibility, 'landed', now(), :error, case when cast(:error as text) is not null then 'archive' end)
on conflict do nothing
returning id;

-- name: set_archived_activity$
-- Only what changed counts as a change; the owner's word stays unless a new one is given, and so does
-- an original that a later export no longer holds.
update strava.activity
set archive = :archive, archive_file = coalesce(:archive_file, archive_file), start_time = :start_time, month = :month,
    owner_visibility = coalesce(:owner_visibility, owner_visibility), state = :state,
    landed_at = coalesce(landed_at, case when cast(:state as text) = 'landed' then now() end),
    error = :error, error_stage = case when cast(:error as text) is not null then 'archive' end,
    import_id = :import_id, revision = revision + 1
where id = :id
  and (archive, archive_file, start_time, month, owner_visibility, state,
       case when error_stage = 'archive' then error end)
      is distinct from
      (cast(:archive as jsonb), coalesce(:archive_file, archive_file), cast(:start_time as timestamptz),
       cast(:month as date), coalesce(:owner_visibility, owner_visibility), cast(:state as text), cast(:error as text))
returning id;

-- name: reject_file!
insert into strava.rejected_file (athlete_id, sha256, path, reason, import_id)
values (:athlete_id, :sha256, :path, :reason, :import_id)
on conflict (athlete_id, sha256, path) do update
set reason = excluded.reason, import_id = excluded.import_id, seen_at = now();

-- name: accept_file!
-- A file that can be read now is rejected no longer, whether we learned to or somebody repaired it.
delete from strava.rejected_file as rejected
where rejected.athlete_id = :athlete_id
  and (rejected.sha256 = :sha256
       or (rejected.path = :path and exists (
            select from strava.import as import
            where import.id = rejected.import_id and import.source = :source)));
