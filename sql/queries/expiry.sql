-- name: aged_activities
-- Of which something from the API is older than the owner allows. Public: what is shown of it came from there.
select id, athlete_id, identity, to_char(month, 'YYYY-MM') as month, archive_file is null as from_api_only
from strava.activity
where api_read_at < now() - make_interval(days => :days)
order by id;

-- name: expire_activities
-- The API's part goes; what an export told stays, and so does the word on who may see it: a ride that Strava called
-- private must not become one of unknown visibility. The streams' file, if it names one, is deleted after this is
-- committed. What was read again meanwhile is not old any more.
update strava.activity
set api = null, api_detailed = false, api_streams_state = 'none', api_read_at = null,
    api_expired_at = now(), landing_attempts = 0, next_landing_at = null, revision = revision + 1,
    state = case when state = 'gone' then 'gone' when archive is null then 'expired' else 'landed' end,
    start_time = case when archive is null then month::timestamp at time zone 'utc' else start_time end,
    asked_at = null,
    error = case when archive is not null and error_stage = 'archive' then error end,
    error_stage = case when archive is not null and error_stage = 'archive' then error_stage end
where id = any(:ids) and api_read_at < now() - make_interval(days => :days)
returning id;

-- name: forget_old_gear!
-- Bikes and shoes that no activity names which is kept as the API told it.
delete from strava.gear
where fetched_at < now() - make_interval(days => :days)
  and not exists (select from strava.activity as activity
                  where activity.athlete_id = gear.athlete_id and activity.api ->> 'gear_id' = gear.id);
