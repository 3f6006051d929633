-- When the API is asked for an activity again, how old what it said is, and when Strava is not asked at all.

alter table strava.activity
    add column landing_attempts int not null default 0,  -- readings in vain, one after the other
    add column next_landing_at timestamptz,              -- null: as soon as the quota allows
    add column api_read_at timestamptz,                  -- when the oldest part of what the API said was read
    add column api_expired_at timestamptz;               -- when that was deleted for its age; null: it was not

update strava.activity set api_read_at = coalesce(landed_at, listed_at) where api is not null;

-- 'expired': known from the API only, and deleted for its age. The row keeps the ids, the month and who may see it.
alter table strava.activity drop constraint activity_state_check;
alter table strava.activity add constraint activity_state_check
    check (state in ('listed', 'landed', 'gone', 'expired'));

create index activity_expired_streams on strava.activity (id)
where api_expired_at is not null and api_streams is not null;

-- What the API still has to tell, and for how many reads. Recordings that were imported need none; Only You rides of
-- somebody who does not allow us to see such ones would be denied.
create view strava.to_land as
select id, athlete_id, strava_id, start_time, month, api, api_detailed, api_streams, api_streams_state, state, revision,
       landing_attempts, next_landing_at,
       (not api_detailed)::int + (api -> 'manual' is distinct from 'true'::jsonb)::int as reads
from strava.activity
where strava_id is not null and api is not null and archive_file is null and state in ('listed', 'landed')
  and (state = 'listed' or api_streams_state in ('none', 'wanted'))
  and (visibility <> 'only_me' or exists (
      select from strava.athlete as athlete
      where athlete.id = activity.athlete_id and 'activity:read_all' = any(athlete.scopes)));

-- Strava is down, or has set the application inactive: no run is started for reads until then.
create table strava.api_pause (
    application  text primary key,
    reason       text not null,
    failures     int not null default 1,
    until        timestamptz not null
);
