-- name: tokens_of^
select id, name, access_token, refresh_token, token_expires_at, scopes, state
from strava.athlete where strava_id = :strava_id;

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
insert into strava.api_quota (application, kind, span, allowed, used, resets_at)
values (:application, :kind, :span, :allowed, :used, :resets_at)
on conflict (application, kind, span) do update
set allowed = excluded.allowed, used = excluded.used, resets_at = excluded.resets_at, seen_at = now();

-- name: quota
select kind, span, allowed, used, resets_at from strava.api_quota where application = :application;

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
       athlete.strava_id as owner_strava_id
from strava.activity as activity join strava.athlete as athlete on athlete.id = activity.athlete_id
where activity.strava_id = any(:strava_ids)
order by activity.strava_id
for update of activity;

-- name: add_listed_activity$
-- Nothing comes back if another process was faster, or the athlete has gone.
insert into strava.activity (athlete_id, identity, strava_id, start_time, month, api, api_detailed, visibility, asked_at)
select id, 'strava:' || cast(:strava_id as bigint), :strava_id, :start_time, :month, :api, :detailed, :visibility,
       :asked_at
from strava.athlete where id = :athlete_id and state <> 'revoked'
on conflict do nothing
returning id;

-- name: set_activity_api!
-- What Strava says now. An old failure is forgiven: its input has changed. A tombstone is no more.
update strava.activity
set api = :api, api_detailed = :detailed, visibility = :visibility, start_time = :start_time, month = :month,
    asked_at = :asked_at, gone_at = null, gone_because = null, state = :state, api_streams_state = :streams_state,
    landed_at = case when :streams_state = 'wanted' then null else landed_at end, error = null, error_stage = null,
    revision = revision + 1
where id = :id;

-- name: listed_before
-- Activities that Strava once told of and that a listing of their stretch should hold. Only You rides only where
-- the athlete allows us to see such ones.
select activity.strava_id
from strava.activity as activity join strava.athlete as athlete on athlete.id = activity.athlete_id
where athlete_id = :athlete_id and activity.strava_id is not null and api is not null and activity.state <> 'gone'
  and (visibility <> 'only_me' or 'activity:read_all' = any(athlete.scopes))
  and (cast(:after as timestamptz) is null or start_time > cast(:after as timestamptz) + interval '1 day')
  and (cast(:before as timestamptz) is null or start_time < cast(:before as timestamptz) - interval '1 day')
  and listed_at < :began;

-- name: pending_landing
-- What the API still has to tell of some months, newest first. Failures are tried again after a while,
-- and so are streams that were not ready. Imported recordings need no read at all; Only You rides of somebody who
-- does not allow us to see such ones would be denied.
select id, athlete_id, strava_id, start_time, month, api, api_detailed, api_streams, api_streams_state, state, revision
from strava.activity
where month = any(:months) and strava_id is not null and api is not null and archive_file is null and state <> 'gone'
  and (state = 'listed' or api_streams_state in ('none', 'wanted'))
  and (error is null or error_stage <> 'landing' or landed_at is null or landed_at < now() - interval '1 hour')
  and (api_streams_state <> 'wanted' or landed_at is null or landed_at < now() - interval '15 minutes')
  and (visibility <> 'only_me' or exists (
      select from strava.athlete where athlete.id = athlete_id and 'activity:read_all' = any(scopes)))
order by start_time desc, id desc;

-- name: set_detail!
-- An activity whose streams could not be read: one read is saved next time.
update strava.activity
set api = :api, api_detailed = true, visibility = :visibility, start_time = :start_time, month = :month,
    asked_at = :asked_at, revision = revision + 1
where id = :id and revision = :revision;

-- name: set_landed!
update strava.activity
set api = :api, api_detailed = true, visibility = :visibility, start_time = :start_time, month = :month,
    asked_at = coalesce(cast(:asked_at as timestamptz), asked_at), api_streams = :streams, api_streams_state = :streams_state, state = 'landed', landed_at = now(),
    error = null, error_stage = null, revision = revision + 1
where id = :id and revision = :revision;

-- name: set_landing_error!
update strava.activity set error = :error, error_stage = 'landing', landed_at = now() where id = :id;

-- name: set_gone$
-- A tombstone: what Strava said of it goes; the row stays and says since when and why. The streams' file, if it
-- names one, is deleted after this is committed. For somebody who does not allow us to see Only You rides, Strava's
-- 404 tells nothing of one: it stays as it is, which is hidden.
update strava.activity as activity
set state = 'gone', gone_at = now(), gone_because = :because, api = null, api_detailed = false,
    api_streams_state = 'none', asked_at = :asked_at, landed_at = null, error = null, error_stage = null,
    revision = revision + 1
from strava.athlete as athlete
where activity.strava_id = :strava_id and activity.athlete_id = :athlete_id and athlete.id = activity.athlete_id
  and activity.state <> 'gone' and (activity.asked_at is null or activity.asked_at <= :asked_at)
  and (activity.visibility <> 'only_me' or 'activity:read_all' = any(athlete.scopes))
returning to_char(activity.month, 'YYYY-MM') as month;

-- name: activity_by_strava_id^
select id, athlete_id, state, visibility from strava.activity where strava_id = :strava_id;

-- name: lock_gone_streams
-- Files of activities that are gone; whoever brings one back waits until this is through.
select id, api_streams from strava.activity where state = 'gone' and api_streams is not null
order by id limit 100 for update skip locked;

-- name: forget_streams!
update strava.activity set api_streams = null where id = any(:ids);

-- name: lock_activity^
select state from strava.activity where id = :id for update;

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
update strava.activity set athlete_id = :to_id, revision = revision + 1 where athlete_id = :from_id;
