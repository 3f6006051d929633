-- What each import said of an activity. What an activity holds of them is made from all that is said, so that an
-- import can be taken back: `archive.statements` is the rule.
create table strava.imported_activity (
    id               bigint generated always as identity primary key,
    import_id        bigint not null references strava.import on delete cascade,
    activity_id      bigint not null references strava.activity on delete cascade,
    said_by          text not null,                -- export: a row of its table; file:<sha256>: a file by itself
    archive          jsonb not null,
    archive_file     text,                         -- object in the private store
    archive_content  text,                         -- SHA-256 of the recording itself, out of any packing
    error            text,
    visibility       text check (visibility in ('everyone', 'hidden')),  -- the owner's word, if one was given,
    released_at      timestamptz,                                        -- and when: the newest counts
    unique (import_id, activity_id, said_by)
);
create index imported_activity_activity on strava.imported_activity (activity_id);
create index imported_activity_content on strava.imported_activity (archive_content);

alter table strava.import add column undone_at timestamptz;  -- since when it counts no more

alter table strava.activity
    add column archive_content text,
    -- Strava shows less of it than was recorded: then only Strava's samples are used. Outlives what the API told.
    add column cropped boolean not null default false;

-- The same recording has one row, whatever it is called and however it is packed.
create index activity_archive_content on strava.activity (archive_content) where archive_content is not null;
create index activity_athlete_start on strava.activity (athlete_id, start_time);

create function strava.seconds(value jsonb) returns double precision language sql immutable as $$
    select case when jsonb_typeof(value) = 'number' then value::double precision end
$$;

-- From the first to the last sample of a recording. Originals of older versions say it as a figure only.
create function strava.recorded_seconds(archive jsonb) returns double precision language sql immutable as $$
    select coalesce(strava.seconds(archive -> 'recording' -> 'span'),
                    strava.seconds(archive -> 'recording' -> 'figures' -> 'elapsed_time'))
$$;

-- A few seconds are how Strava counts. Without what the API told, what was known of it stays.
create function strava.note_crop() returns trigger language plpgsql as $$
begin
    if new.archive_file is null then
        new.cropped := false;
    elsif new.api is not null then
        new.cropped := coalesce(strava.seconds(new.api -> 'elapsed_time') < strava.recorded_seconds(new.archive) - 5,
                                false);
    end if;
    return new;
end $$;
create trigger activity_crop before insert or update of api, archive, archive_file on strava.activity
for each row execute function strava.note_crop();

-- The streams of what was cropped are read, too.
create or replace view strava.to_land as
select id, athlete_id, strava_id, start_time, month, api, api_detailed, api_streams, api_streams_state, state, revision,
       landing_attempts, next_landing_at,
       (not api_detailed)::int + (api -> 'manual' is distinct from 'true'::jsonb)::int as reads
from strava.activity
where strava_id is not null and api is not null and (archive_file is null or cropped) and state in ('listed', 'landed')
  and (state = 'listed' or api_streams_state in ('none', 'wanted'))
  and (visibility <> 'only_me' or exists (
      select from strava.athlete as athlete
      where athlete.id = activity.athlete_id and 'activity:read_all' = any(athlete.scopes)));

-- What was imported before this. Of a packed original only a repeated import tells what is in it.
update strava.activity
set archive_content = coalesce(substring(identity from '^file:(.*)$'),
                               substring(archive_file from '([0-9a-f]{64})\.(?:fit|gpx|tcx)$'))
where archive_file is not null;

insert into strava.imported_activity (import_id, activity_id, said_by, archive, archive_file, archive_content, error,
                                      visibility, released_at)
select import_id, id, case when strava_id is null then identity else 'export' end, archive, archive_file,
       archive_content, case when error_stage = 'archive' then error end, owner_visibility,
       case when owner_visibility is not null then now() end
from strava.activity
where archive is not null and import_id is not null;

-- What was cropped is to be made again.
insert into strava.month_request (month, reason)
select distinct month, 'cropped on Strava' from strava.activity where archive_file is not null and api is not null
    and strava.seconds(api -> 'elapsed_time') < strava.recorded_seconds(archive) - 5
on conflict (month) do update
set wanted = strava.month_request.wanted + 1, reason = excluded.reason, requested_at = now();
update strava.activity set api = api, revision = revision + 1
where archive_file is not null and api is not null
    and strava.seconds(api -> 'elapsed_time') < strava.recorded_seconds(archive) - 5;
