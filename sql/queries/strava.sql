-- name: tokens_of^
select id, name, access_token, refresh_token, token_expires_at, scopes, state
from strava.athlete where strava_id = :strava_id;

-- name: tokens_of_everyone
-- Whoever is connected, or was and has to do something about it.
select id, name, scopes, state from strava.athlete where access_token is not null or state <> 'active' order by id;

-- name: lock_tokens_of^
-- Whoever holds this lock renews the tokens; the others wait and find them renewed. Activities of the athlete can
-- be written meanwhile: "no key" leaves the foreign keys alone.
select id, name, access_token, refresh_token, token_expires_at, scopes, state
from strava.athlete where strava_id = :strava_id for no key update;

-- name: set_tokens!
update strava.athlete
set access_token = :access_token, refresh_token = :refresh_token, token_expires_at = :token_expires_at
where strava_id = :strava_id;

-- name: set_athlete_state!
update strava.athlete set state = :state where strava_id = :strava_id;

-- name: forget_tokens!
update strava.athlete set access_token = null, refresh_token = null, token_expires_at = null, state = 'revoked'
where id = :id;

-- name: connect_athlete^
-- Connecting again keeps the row and its name; no row comes back if the name is another athlete's.
-- A name that only imported files know is not taken over: the first listing tells whether it is the
-- same person, by activities that both have. Events that waited for the connection are due.
with due as (
    update strava.webhook_event set next_attempt_at = now() where owner_id = :strava_id and state = 'pending'
)
insert into strava.athlete (strava_id, name, access_token, refresh_token, token_expires_at, scopes, connected_at)
select :strava_id, :name, :access_token, :refresh_token, :token_expires_at, :scopes, now()
where not exists (select from strava.athlete where name = :name and strava_id is distinct from :strava_id)
on conflict (strava_id) do update
set access_token = excluded.access_token, refresh_token = excluded.refresh_token,
    token_expires_at = excluded.token_expires_at, scopes = excluded.scopes,
    connected_at = now(), state = 'active'
returning id, name;

-- name: connected_athletes
-- Whose account can be read now.
select id, strava_id, name, scopes from strava.athlete
where state = 'active' and access_token is not null order by id;

-- name: unlisted_athletes
-- Who connected, for the first time or again, and was not listed from beginning to end since.
select id, name from strava.athlete
where state = 'active' and access_token is not null and not exists (
    select from strava.listing where listing.athlete_id = athlete.id and listing.listed_at >= athlete.connected_at
        and listing.after = '-infinity' and listing.before = 'infinity'
)
order by id;

-- name: athlete_by_id^
select id, strava_id, name, state from strava.athlete where id = :id;

-- name: newest_connection^
-- Who connected last, if anybody has: only a consent sets connected_at.
select id, name, connected_at from strava.athlete where state = 'active' and access_token is not null
order by connected_at desc nulls last limit 1;

-- name: put_quota!
-- Answers come out of order: within a window usage only grows, and one of an earlier window is old news.
insert into strava.api_quota as known (application, kind, span, allowed, used, resets_at)
values (:application, :kind, :span, :allowed, :used, :resets_at)
on conflict (application, kind, span) do update
set allowed = excluded.allowed, resets_at = excluded.resets_at, seen_at = now(),
    used = case when known.resets_at = excluded.resets_at then greatest(known.used, excluded.used) else excluded.used end
where known.resets_at <= excluded.resets_at;

-- name: quota
select kind, span, allowed, used, resets_at from strava.api_quota where application = :application;

-- name: pause_reading$
-- Five minutes, ten, twenty, … an hour at most. Runs that fail at the same time are one failure.
insert into strava.api_pause as known (application, reason, until)
values (:application, :reason, now() + interval '5 minutes')
on conflict (application) do update
set reason = excluded.reason,
    failures = known.failures + (known.until <= now())::int,
    until = case when known.until > now() then known.until
                 else now() + least(interval '5 minutes' * power(2, least(known.failures, 10)), interval '1 hour') end
returning until;

-- name: end_pause!
delete from strava.api_pause where application = :application;

-- name: pause_of^
select until, reason from strava.api_pause where application = :application;

-- name: add_listing!
insert into strava.listing (athlete_id, after, before)
select id, coalesce(cast(:after as timestamptz), '-infinity'), coalesce(cast(:before as timestamptz), 'infinity')
from strava.athlete where id = :athlete_id;

-- name: newest_listing$
-- When this stretch was last listed in one go.
select max(listed_at) from strava.listing
where athlete_id = :athlete_id and after <= coalesce(cast(:after as timestamptz), '-infinity')
  and before >= coalesce(cast(:before as timestamptz), 'infinity');

-- name: lock_activities
-- Those of a page that are known, whoever's they are: activities have one identity.
select activity.id, activity.athlete_id, activity.strava_id, activity.start_time, activity.month, activity.api,
       activity.api_detailed, activity.api_streams, activity.api_streams_state, activity.archive is not null as imported,
       activity.archive_file, activity.visibility, activity.state, activity.error, activity.asked_at,
       activity.api_expired_at,
       athlete.strava_id as owner_strava_id
from strava.activity as activity join strava.athlete as athlete on athlete.id = activity.athlete_id
where activity.strava_id = any(:strava_ids)
order by activity.strava_id
for update of activity;

-- name: add_listed_activity$
-- Nothing comes back if another process was faster, or the athlete has gone.
insert into strava.activity (athlete_id, identity, strava_id, start_time, month, api, api_detailed, api_read_at,
                             visibility, asked_at)
select id, 'strava:' || cast(:strava_id as bigint), :strava_id, :start_time, :month, :api, :detailed, now(),
       :visibility, :asked_at
from strava.athlete where id = :athlete_id and state <> 'revoked'
on conflict do nothing
returning id;

-- name: set_activity_api!
-- What Strava says now. An old failure is forgiven, and what is missing is asked for at once: its input has changed.
-- A tombstone is no more.
update strava.activity
set api = :api, api_detailed = :detailed, visibility = :visibility, start_time = :start_time, month = :month,
    asked_at = :asked_at, gone_at = null, gone_because = null, state = :state, api_streams_state = :streams_state,
    api_read_at = coalesce(api_read_at, now()), api_expired_at = null, landing_attempts = 0, next_landing_at = null,
    error = null, error_stage = null, revision = revision + 1
where id = :id;

-- name: read_again!
-- A listing tells all that is kept of those that were never read in full: they are as fresh as it.
update strava.activity set api_read_at = now()
where strava_id = any(:strava_ids) and api is not null and not api_detailed;

-- name: set_visibility!
update strava.activity set visibility = :visibility, revision = revision + 1 where id = :id;

-- name: listed_before
-- Activities that Strava once told of and that a listing of their stretch should hold. Only You rides only where
-- the athlete allows us to see such ones.
select activity.strava_id
from strava.activity as activity join strava.athlete as athlete on athlete.id = activity.athlete_id
where athlete_id = :athlete_id and activity.strava_id is not null and activity.state not in ('gone', 'expired')
  and (api is not null or api_expired_at is not null)
  and (visibility <> 'only_me' or 'activity:read_all' = any(athlete.scopes))
  and (cast(:after as timestamptz) is null or start_time > cast(:after as timestamptz) + interval '1 day')
  and (cast(:before as timestamptz) is null or start_time < cast(:before as timestamptz) - interval '1 day')
  and listed_at < :began;

-- name: pending_landing
-- What the API still has to tell of some months: first what an event told of (it is there in full already, less its
-- streams), then newest first. What was read in vain waits for its time.
select id, athlete_id, strava_id, start_time, month, api, api_detailed, api_streams, api_streams_state, state, revision,
       landing_attempts
from strava.to_land
where month = any(:months) and (next_landing_at is null or next_landing_at <= now())
order by api_detailed desc, start_time desc, id desc;

-- name: months_to_land
-- Months in which something can be read now, newest first: reads for what events told of, and for the rest. What an
-- event waits for is left to it. Asked: a run of that month is to come, or under way.
select to_char(land.month, 'YYYY-MM') as month,
       coalesce(sum(land.reads) filter (where land.api_detailed), 0) as live_reads,
       count(*) filter (where land.api_detailed) as live,
       coalesce(sum(land.reads) filter (where not land.api_detailed), 0) as reads,
       count(*) filter (where not land.api_detailed) as activities,
       coalesce(bool_or(asked.wanted > asked.done), false) as asked
from strava.to_land as land
join strava.athlete as athlete on athlete.id = land.athlete_id and athlete.state = 'active'
    and athlete.access_token is not null
left join strava.month_request as asked on asked.month = land.month
where (land.next_landing_at is null or land.next_landing_at <= now())
  and not exists (select from strava.webhook_event as event
                  where event.state = 'pending' and event.object_id = land.strava_id)
group by land.month
order by land.month desc;

-- name: backlog^
-- All that is still to be read of connected accounts, and when the first of what was read in vain is tried again.
-- An account that was never listed has at least one page.
with connected as (
    select id from strava.athlete where state = 'active' and access_token is not null
), unlisted as (
    select ceil(greatest(count(activity.id), 1) / 200.0)::int as pages
    from connected left join strava.activity as activity on activity.athlete_id = connected.id and activity.api is not null
    where not exists (select from strava.listing where listing.athlete_id = connected.id)
    group by connected.id
)
select count(*) as activities,
       coalesce(sum(reads), 0) + (select coalesce(sum(pages), 0) from unlisted) as reads,
       count(*) filter (where next_landing_at > now()) as later,
       min(next_landing_at) filter (where next_landing_at > now()) as again_at
from strava.to_land where athlete_id in (select id from connected);

-- name: set_detail!
-- An activity whose streams could not be read: one read is saved next time.
update strava.activity
set api = :api, api_detailed = true, visibility = :visibility, start_time = :start_time, month = :month,
    asked_at = :asked_at, revision = revision + 1
where id = :id and revision = :revision;

-- name: set_landed!
update strava.activity
set api = :api, api_detailed = true, visibility = :visibility, start_time = :start_time, month = :month,
    asked_at = coalesce(cast(:asked_at as timestamptz), asked_at), api_streams = :streams,
    api_streams_state = :streams_state, state = 'landed', landed_at = now(), api_read_at = now(),
    landing_attempts = case when cast(:again_at as timestamptz) is null then 0 else landing_attempts + 1 end,
    next_landing_at = :again_at, error = null, error_stage = null, revision = revision + 1
where id = :id and revision = :revision;

-- name: set_landing_error!
update strava.activity
set error = :error, error_stage = 'landing', landing_attempts = landing_attempts + 1, next_landing_at = :again_at
where id = :id;

-- name: land_now!
update strava.activity set landing_attempts = 0, next_landing_at = null where id = :id;

-- name: put_off_landing!
-- Of athletes who are connected: whoever has to connect again is not asked for anyway, and goes on at once after that.
update strava.activity as activity set next_landing_at = :until
from strava.athlete as athlete
where activity.id = any(:ids) and athlete.id = activity.athlete_id and athlete.state = 'active';

-- name: set_gone$
-- A tombstone: what Strava said of it goes; the row stays and says since when and why. The streams' file, if it
-- names one, is deleted after this is committed. For somebody who does not allow us to see Only You rides, Strava's
-- 404 tells nothing of one: it stays as it is, which is hidden.
update strava.activity as activity
set state = 'gone', gone_at = now(), gone_because = :because, api = null, api_detailed = false,
    api_streams_state = 'none', asked_at = :asked_at, landed_at = null, api_read_at = null, api_expired_at = null,
    landing_attempts = 0, next_landing_at = null, error = null, error_stage = null, revision = revision + 1
from strava.athlete as athlete
where activity.strava_id = :strava_id and activity.athlete_id = :athlete_id and athlete.id = activity.athlete_id
  and activity.state <> 'gone' and (activity.asked_at is null or activity.asked_at <= :asked_at)
  and (activity.visibility <> 'only_me' or 'activity:read_all' = any(athlete.scopes))
returning to_char(activity.month, 'YYYY-MM') as month;

-- name: activity_by_strava_id^
select id, athlete_id, state, visibility from strava.activity where strava_id = :strava_id;

-- name: lock_gone_streams
-- Files of activities that are gone or expired; whoever brings one back waits until this is through.
select id, api_streams from strava.activity
where (state = 'gone' or api_expired_at is not null) and api_streams is not null
order by id limit 100 for update skip locked;

-- name: forget_streams!
update strava.activity set api_streams = null where id = any(:ids);

-- name: lock_activity^
select state, api_expired_at from strava.activity where id = :id for update;

-- name: gear_of_activity$
select api ->> 'gear_id' from strava.activity where id = :id;

-- name: known_gear
select id from strava.gear where athlete_id = :athlete_id;

-- name: put_gear!
insert into strava.gear (athlete_id, id, name, frame_type, original)
values (:athlete_id, :id, :name, :frame_type, :original)
on conflict (athlete_id, id) do update
set name = excluded.name, frame_type = excluded.frame_type, original = excluded.original, fetched_at = now();

-- name: move_connection!
-- The account turns out to be that of somebody whose files were imported: one person, one row. The older
-- row stays, as the public ids come from it.
with moved as (
    delete from strava.athlete where id = :from_id
    returning strava_id, access_token, refresh_token, token_expires_at, scopes, connected_at, state
)
update strava.athlete as kept
set strava_id = moved.strava_id, access_token = moved.access_token, refresh_token = moved.refresh_token,
    token_expires_at = moved.token_expires_at, scopes = moved.scopes,
    connected_at = moved.connected_at, state = moved.state
from moved where kept.id = :to_id and kept.strava_id is null;

-- name: move_activities!
-- With what imports said of them.
with moved as (
    update strava.import set athlete_id = :to_id where athlete_id = :from_id
)
update strava.activity set athlete_id = :to_id, revision = revision + 1 where athlete_id = :from_id;
