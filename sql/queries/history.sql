-- name: landed_month
-- What has landed for one month: everything that a typed row is made from.
select activity.id, activity.athlete_id, activity.identity, activity.strava_id, activity.start_time,
       activity.api, activity.api_detailed, activity.api_streams, activity.api_streams_state,
       activity.archive, activity.archive_file, activity.cropped, activity.visibility, activity.owner_visibility,
       activity.revision, activity.error, activity.error_stage
from strava.activity as activity
where activity.month = :month and activity.state = 'landed'
order by activity.id;

-- name: gear_of_athletes
select athlete_id, id, name, frame_type from strava.gear order by athlete_id, id;

-- name: set_error!
-- Quarantine: the activity stays, its month goes on without it.
update strava.activity set error = :error, error_stage = :stage
where id = :id and (error is distinct from :error or error_stage is distinct from :stage);

-- name: clear_errors!
update strava.activity set error = null, error_stage = null
where id = any(:ids) and error_stage = :stage;

-- name: quarantined
-- Activities that a stage could not read, with the reason.
select activity.id, activity.identity, activity.start_time, activity.error, activity.error_stage,
       coalesce(activity.api ->> 'name', activity.archive ->> 'name', activity.archive ->> 'filename', '') as name,
       to_char(activity.month, 'YYYY-MM') as month
from strava.activity as activity
where activity.error is not null and (cast(:month as date) is null or activity.month = :month)
order by activity.start_time, activity.id;

-- name: months_with_activities
-- Every month that holds, or held, an activity, and how many.
select to_char(month, 'YYYY-MM') as month, count(*) as activities from strava.activity group by month order by month;

-- name: made_with$
select mark from strava.made_with for update;

-- name: put_made_with!
insert into strava.made_with (mark) values (:mark)
on conflict (only_one) do update set mark = excluded.mark, since = now();

-- name: request_every_month!
insert into strava.month_request (month, reason)
select distinct month, :reason from strava.activity where state = 'landed'
on conflict (month) do update
set wanted = strava.month_request.wanted + 1, reason = excluded.reason, requested_at = now();

-- name: request_month!
-- Whatever else is asked for already does more than cutting again.
insert into strava.month_request (month, reason) values (:month, :reason)
on conflict (month) do update
set wanted = strava.month_request.wanted + 1, requested_at = now(),
    reason = case when excluded.reason = 'zones' and strava.month_request.wanted > strava.month_request.done
                  then strava.month_request.reason else excluded.reason end;

-- name: requested_months
-- Months that were asked for since they were last gone through. An event's own run is given a
-- minute to come to be before anybody else takes its month.
select to_char(month, 'YYYY-MM') as month, wanted, reason from strava.month_request
where wanted > done
  and (cast(:fresh_events as boolean) or reason <> 'webhook' or requested_at < now() - interval '1 minute')
order by month;

-- name: month_done!
-- Only what had been asked for when the work began: a request in between stays; where nothing was landed and typed,
-- so does whatever is more than cutting again.
update strava.month_request set done = wanted
where month = :month and requested_at <= :began and (cast(:landed as boolean) or reason = 'zones');

-- name: landed_counts^
select count(*) filter (where state = 'landed') as landed,
       count(*) filter (where state = 'landed' and api is not null) as api,
       count(*) filter (where state = 'landed' and archive is not null) as archive,
       count(*) filter (where state = 'listed') as listed
from strava.activity where month = :month;

-- name: identities_of_month
-- Every activity that belongs to a month, gone ones too: whose public file may be there.
select id, athlete_id, identity from strava.activity where month = :month;

-- name: identities
select id, athlete_id, identity from strava.activity order by id;

-- name: events_of_late
-- The newest events, for a person who wonders where a ride is.
select id, state, outcome from strava.webhook_event order by id desc limit 5;
