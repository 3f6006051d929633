-- What is wrong now, or was: one row a subject (run:<job>, athlete:<our id>, events, withdrawal, reading). The owner is
-- told by mail, once each way. A new beginning takes the row of the old one.
create table strava.alert (
    subject      text primary key,
    athlete_id   bigint references strava.athlete on delete cascade,  -- whose name the words hold
    jobs         text[] not null default '{}',   -- of a failed run: whose success counts, and
    partitions   text[] not null default '{}',   -- for which partitions there was none yet
    title        text not null,                  -- in words: what this is about,
    wrong        text not null,                  -- what is wrong with it,
    remedy       text not null,                  -- and what to do
    since        timestamptz not null,
    seen_at      timestamptz not null,           -- the last failure
    told_at      timestamptz,                    -- the last mail that said so
    ended_at     timestamptz,                    -- null: it is wrong now
    end_told_at  timestamptz
);

-- Every mail that was tried: so many in an hour are enough, and one that was refused is not repeated at once.
create table strava.alert_mail (
    id        bigint generated always as identity primary key,
    tried_at  timestamptz not null,
    refused   text                               -- why; null: it was taken
);
