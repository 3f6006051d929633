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

-- name: resume_import$
-- The same that was stopped half-way: it goes on under its number.
select max(id) from strava.import
where athlete_id = :athlete_id and source = :source and finished_at is null and undone_at is null;

-- name: begin_import$
insert into strava.import (athlete_id, source) values (:athlete_id, :source) returning id;

-- name: finish_import!
-- Earlier ones that were stopped count as finished with it: their months are asked for, too.
update strava.import
set finished_at = now(), counts = case when id = :id then cast(:counts as jsonb) else '{"interrupted": true}' end
where id = :id or (athlete_id = :athlete_id and finished_at is null and id < :id);

-- name: months_of_unfinished_imports
-- What this import changed, and what stopped ones before it had changed without anybody asking for it.
select distinct to_char(activity.month, 'YYYY-MM') as month
from strava.activity as activity join strava.import as import on import.id = activity.import_id
where import.athlete_id = :athlete_id and import.finished_at is null;

-- name: athlete_of_import$
-- Held until what is written for them is committed. Nobody comes back who was removed meanwhile, or is being.
select id from strava.athlete where id = :id and state <> 'revoked' for key share;

-- name: known_recordings
-- Where the original of each recording is, and whether what it tells was read by this reader.
select distinct on (archive_content) archive_content, archive_file,
       archive -> 'recording' -> 'reader' = to_jsonb(cast(:reader as int)) as current
from strava.imported_activity
where archive_content is not null and archive_file is not null and archive -> 'recording' is not null
  and starts_with(archive_file, :folder)
order by archive_content, (archive -> 'recording' -> 'reader' = to_jsonb(cast(:reader as int))) desc, id desc;

-- name: facts_of_recordings
select distinct on (archive_content) archive_content, archive -> 'recording' as facts
from strava.imported_activity
where archive_content = any(:contents)
  and archive -> 'recording' -> 'reader' = to_jsonb(cast(:reader as int))
order by archive_content, id desc;

-- name: lock_archived_activities
-- By identity, by what was recorded, or by Strava's number whoever's it is: an activity has one row, whichever
-- source came first. Strava's come first, in the order in which a listing locks them, too.
select id, athlete_id, identity, strava_id, api is not null as from_api, archive_file, archive_content, start_time,
       month, state
from strava.activity
where (athlete_id = :athlete_id and (identity = any(:identities) or archive_content = any(:contents)))
   or strava_id = any(:strava_ids)
order by strava_id, id
for update;

-- name: statements_of
-- Of some activities, what imports said of them, the oldest first.
select id, import_id, activity_id, said_by, archive, archive_file, archive_content, error, visibility, released_at
from strava.imported_activity
where activity_id = any(:activity_ids)
order by import_id, id;

-- name: put_statement!
-- A repeated import says it anew; the owner's word stays unless a new one is given.
insert into strava.imported_activity as known (import_id, activity_id, said_by, archive, archive_file, archive_content,
                                               error, visibility, released_at)
values (:import_id, :activity_id, :said_by, :archive, :archive_file, :archive_content, :error, :visibility,
        case when cast(:visibility as text) is not null then now() end)
on conflict (import_id, activity_id, said_by) do update
set archive = excluded.archive, archive_file = excluded.archive_file, archive_content = excluded.archive_content,
    error = excluded.error, visibility = coalesce(excluded.visibility, known.visibility),
    released_at = coalesce(excluded.released_at, known.released_at);

-- name: add_archived_activity$
-- Nothing comes back if another process was faster.
insert into strava.activity (athlete_id, identity, strava_id, start_time, month, archive, archive_file,
                             archive_content, import_id, owner_visibility, state, landed_at, error, error_stage)
values (:athlete_id, :identity, :strava_id, :start_time, :month, :archive, :archive_file, :archive_content, :import_id,
        :owner_visibility, 'landed', now(), :error, case when cast(:error as text) is not null then 'archive' end)
on conflict do nothing
returning id;

-- name: set_archived_activity$
-- Only what changed counts as a change; the owner's word stays unless a new one is given. A recording that was known
-- by what it holds may turn out to be an activity of Strava's: its identity stays, as public ids come from it.
update strava.activity
set archive = :archive, archive_file = :archive_file, archive_content = :archive_content,
    strava_id = coalesce(strava_id, :strava_id), start_time = :start_time, month = :month,
    owner_visibility = coalesce(:owner_visibility, owner_visibility), state = :state,
    landed_at = coalesce(landed_at, case when cast(:state as text) = 'landed' then now() end),
    error = :error, error_stage = case when cast(:error as text) is not null then 'archive' end,
    import_id = :import_id, revision = revision + 1
where id = :id
  and (archive, archive_file, start_time, month, owner_visibility, state, coalesce(strava_id, :strava_id),
       case when error_stage = 'archive' then error end)
      is distinct from
      (cast(:archive as jsonb), cast(:archive_file as text), cast(:start_time as timestamptz), cast(:month as date),
       coalesce(:owner_visibility, owner_visibility), cast(:state as text), strava_id, cast(:error as text))
returning id;

-- name: set_archive_content!
-- What is in an original that an older version landed.
update strava.activity set archive_content = :content where id = :id and archive_content is null;

-- name: not_in_this_export
-- What earlier exports held and this one does not, as far as it reaches: an older export than theirs knows no later
-- rides. Statements are found by their activity.
select activity.strava_id
from strava.activity as activity
where activity.athlete_id = :athlete_id and activity.strava_id is not null and activity.state <> 'gone'
  and activity.start_time <= (
      select max(newest.start_time) from strava.imported_activity as said
      join strava.activity as newest on newest.id = said.activity_id
      where said.import_id = :import_id and said.said_by = 'export')
  and exists (select from strava.imported_activity as said
              where said.activity_id = activity.id and said.said_by = 'export')
  and not exists (select from strava.imported_activity as said
                  where said.activity_id = activity.id and said.said_by = 'export' and said.import_id = :import_id)
order by activity.start_time desc, activity.strava_id;

-- name: twins
-- A file that was imported by itself, and an activity of Strava's that is the same ride: the same recording; or it
-- began within five seconds and lasted as long; or what Strava shows lies within it, and is at least half of it (it
-- was cropped there). Nobody rides twice at a time; where two come into question, none is taken.
with mine as (
    select id, athlete_id, archive_content, start_time, strava.recorded_seconds(archive) as seconds
    from strava.activity where strava_id is null and archive is not null
), pairs as (
    select mine.id as file_id, other.id as id
    from mine join strava.activity as other
      on other.athlete_id = mine.athlete_id and other.strava_id is not null
     and other.start_time between mine.start_time - interval '5 seconds'
                              and mine.start_time + make_interval(secs => least(mine.seconds, 864000) / 2 + 5)
    cross join lateral (
        select coalesce(strava.seconds(other.api -> 'elapsed_time'), strava.recorded_seconds(other.archive),
                        strava.seconds(other.archive -> 'elapsed_time')) as seconds,
               extract(epoch from other.start_time - mine.start_time) as later
    ) as shown
    where mine.seconds > 0 and other.state <> 'gone'
      and (abs(shown.later) <= 5 and abs(shown.seconds - mine.seconds) <= greatest(5, mine.seconds / 100)
           or other.api is not null and shown.seconds >= mine.seconds / 2
              and shown.later + shown.seconds <= mine.seconds + 5)
    union
    select mine.id, other.id
    from mine join strava.activity as other
      on other.athlete_id = mine.athlete_id and other.archive_content = mine.archive_content
     and other.strava_id is not null
)
select file_id, min(id) as id from pairs group by file_id having count(*) = 1 order by min(id), file_id;

-- name: look_alike
-- Files imported by themselves that begin and end with another, one of both told by this import; hidden ones are decided.
select newer.identity, newer.archive ->> 'filename' as filename, older.archive ->> 'filename' as other
from strava.activity as newer
join strava.activity as older on older.athlete_id = newer.athlete_id and older.id < newer.id
 and older.start_time between newer.start_time - interval '1 second' and newer.start_time + interval '1 second'
where newer.athlete_id = :athlete_id and newer.strava_id is null and older.strava_id is null
  and newer.state <> 'gone' and older.state <> 'gone'
  and newer.owner_visibility is distinct from 'hidden' and older.owner_visibility is distinct from 'hidden'
  and strava.recorded_seconds(newer.archive) > 0
  and abs(strava.recorded_seconds(newer.archive) - strava.recorded_seconds(older.archive)) <= 1
  and exists (select from strava.imported_activity as said
              where said.import_id = :import_id and said.activity_id in (newer.id, older.id))
order by newer.start_time, newer.id, older.id;

-- name: lock_pair
select id, athlete_id, identity, strava_id, api is not null as from_api, archive_file, archive_content, start_time,
       month, state, owner_visibility
from strava.activity where id = any(:ids) order by strava_id, id for update;

-- name: move_statements!
-- What is said by the same import of both stays with the activity.
update strava.imported_activity as moved set activity_id = :to_id
where activity_id = :from_id and not exists (
    select from strava.imported_activity as there
    where there.activity_id = :to_id and there.import_id = moved.import_id and there.said_by = moved.said_by);

-- name: remove_activity!
delete from strava.activity where id = :id;

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
