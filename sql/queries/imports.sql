-- name: imports
-- Every import with how many activities it told of, and of how many nobody else knows.
select import.id, import.source, import.started_at, import.finished_at, import.undone_at, import.counts,
       athlete.name as athlete, count(said.id) as activities,
       count(said.id) filter (where said.alone) as only_here
from strava.import as import
join strava.athlete as athlete on athlete.id = import.athlete_id
left join lateral (
    select activity.id, activity.api is null and not exists (
               select from strava.imported_activity as other
               where other.activity_id = activity.id and other.import_id <> import.id) as alone
    from strava.activity as activity
    where activity.id in (select activity_id from strava.imported_activity where import_id = import.id)
) as said on true
group by import.id, athlete.name
order by import.id;

-- name: lock_activities_of_import
select id, athlete_id, identity, strava_id, api is not null as from_api, api, api_detailed, api_streams_state,
       api_expired_at, archive_file, archive_content, start_time, month, state, owner_visibility
from strava.activity
where id in (select activity_id from strava.imported_activity where import_id = :import_id)
order by strava_id, id
for update;

-- name: undo_import!
update strava.import set undone_at = coalesce(undone_at, now()), finished_at = coalesce(finished_at, now())
where id = :id;

-- name: forget_statements!
delete from strava.imported_activity where import_id = :import_id;

-- name: forget_rejected_files!
delete from strava.rejected_file where import_id = :import_id;

-- name: without_archive!
-- What only an import told goes; what the API told stays, and so does a tombstone.
update strava.activity
set archive = null, archive_file = null, archive_content = null, import_id = null, start_time = :start_time,
    month = :month, state = :state, owner_visibility = :owner_visibility,
    error = case when error_stage = 'archive' then null else error end,
    error_stage = case when error_stage = 'archive' then null else error_stage end, revision = revision + 1
where id = :id;

-- name: bar_activity!
-- Nothing is left to be shown: no run reads it, and the gate lets it through no more.
update strava.activity set state = 'expired', revision = revision + 1 where id = :id and state <> 'expired';

-- name: put_back_word!
update strava.activity set owner_visibility = :owner_visibility, revision = revision + 1
where id = :id and owner_visibility is distinct from :owner_visibility;

-- name: remove_activities!
delete from strava.activity where id = any(:ids);

-- name: originals_in_use
-- Of everything but one import, and the activities that go with it.
select archive_file from strava.imported_activity where archive_file is not null and import_id <> :import_id
union
select archive_file from strava.activity where archive_file is not null and not id = any(:going);

-- name: import_by_id^
select import.id, import.athlete_id, import.source, import.undone_at, athlete.name as athlete
from strava.import as import join strava.athlete as athlete on athlete.id = import.athlete_id
where import.id = :id;

-- name: newest_import$
-- The one that counts still; or was being taken back when that was broken off.
select max(id) from strava.import as import
where undone_at is null or exists (select from strava.imported_activity where import_id = import.id);

-- name: activities_of_import
select distinct activity_id as id from strava.imported_activity where import_id = :import_id;

-- name: activities_by_number
select id, athlete_id, identity, strava_id from strava.activity where strava_id = any(:strava_ids);

-- name: put_owners_word!
-- With everything that imports said of these activities: one that is taken back later does not take the word along.
update strava.imported_activity set visibility = :word, released_at = now()
where case when cast(:import_id as bigint) is null then activity_id = any(:ids) else import_id = :import_id end;

-- name: release_activities
-- Who may see it counts only where Strava does not say so itself.
with asked as (
    select id, month, visibility, owner_visibility from strava.activity where id = any(:ids)
), changed as (
    update strava.activity as activity set owner_visibility = :word, revision = revision + 1
    from asked where activity.id = asked.id and activity.owner_visibility is distinct from :word
    returning activity.id
)
select asked.id, to_char(asked.month, 'YYYY-MM') as month, asked.visibility,
       exists (select from changed where changed.id = asked.id) as changed
from asked order by asked.id;
