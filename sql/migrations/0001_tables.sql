-- The state of one installation. Originals of recordings are files in the private store; here is
-- what is known of them, and what became of each.
create schema if not exists strava;

create table strava.athlete (
    id                bigint generated always as identity primary key,
    strava_id         bigint unique,               -- null: known from imported files only
    name              text not null,
    identity          text not null default '',    -- set once, keys the public id: it outlives a rename
    access_token      bytea,                       -- Fernet, as is the next
    refresh_token     bytea,
    token_expires_at  timestamptz,
    connected_at      timestamptz,                 -- the last consent, not the last refresh
    scopes            text[] not null default '{}',
    state             text not null default 'active'
                      check (state in ('active', 'reconnect', 'revoked')),
    created_at        timestamptz not null default now()
);
create unique index athlete_name on strava.athlete (name);

create function strava.name_athlete() returns trigger language plpgsql as $$
begin
    new.identity := coalesce('strava:' || new.strava_id, 'name:' || lower(new.name));
    return new;
end $$;
create trigger athlete_identity before insert on strava.athlete
for each row execute function strava.name_athlete();

create table strava.gear (
    athlete_id  bigint not null references strava.athlete on delete cascade,
    id          text not null,                     -- Strava's: b123, g123
    name        text,
    frame_type  int,                               -- bikes: 1 mtb, 2 cross, 3 road, 4 tt, 5 gravel
    original    jsonb not null,
    fetched_at  timestamptz not null default now(),
    primary key (athlete_id, id)
);

create table strava.import (
    id           bigint generated always as identity primary key,
    athlete_id   bigint not null references strava.athlete on delete cascade,
    source       text not null,                    -- the file or folder, its name only
    started_at   timestamptz not null default now(),
    finished_at  timestamptz,
    counts       jsonb not null default '{}'
);

-- One row an activity, whichever sources know it.
create table strava.activity (
    id               bigint generated always as identity primary key,
    athlete_id       bigint not null references strava.athlete on delete cascade,
    identity         text not null,                -- strava:<id>, or file:<sha256 of the content>
    strava_id        bigint,
    start_time       timestamptz not null,
    month            date not null check (extract(day from month) = 1),

    api              jsonb,                        -- the detail as Strava gave it (the summary until then)
    api_detailed     boolean not null default false,
    api_streams      text,                         -- object in the private store
    api_streams_state text not null default 'none'
                     check (api_streams_state in ('none', 'wanted', 'stored', 'absent')),
    archive          jsonb,                        -- the export's row, or what the file says of itself
    archive_file     text,                         -- object in the private store
    import_id        bigint references strava.import on delete set null,

    visibility       text not null default 'unknown'
                     check (visibility in ('everyone', 'followers_only', 'only_me', 'unknown')),
    owner_visibility text check (owner_visibility in ('everyone', 'hidden')),  -- the owner's word, for 'unknown'
    state            text not null default 'listed'
                     check (state in ('listed', 'landed', 'gone')),
    revision         bigint not null default 1,    -- grows whenever anything above changes
    error            text,                         -- why it is quarantined; null: it is not
    error_stage      text,
    listed_at        timestamptz not null default now(),
    landed_at        timestamptz,
    unique (athlete_id, identity)
);
create index activity_month on strava.activity (month);
create unique index activity_strava_id on strava.activity (strava_id) where strava_id is not null;

-- Files that are no recording, or a broken one: they have no start, so no month.
create table strava.rejected_file (
    athlete_id  bigint not null references strava.athlete on delete cascade,
    sha256      text not null,
    path        text not null,                     -- inside the export or the folder
    reason      text not null,
    import_id   bigint references strava.import on delete set null,
    seen_at     timestamptz not null default now(),
    primary key (athlete_id, sha256, path)
);

-- Which stretch of an account was listed, and when: a listing is not paid for twice.
create table strava.listing (
    id          bigint generated always as identity primary key,
    athlete_id  bigint not null references strava.athlete on delete cascade,
    after       timestamptz not null,
    before      timestamptz not null,
    listed_at   timestamptz not null default now()
);

-- A drawn (or provisional) zone Z, and the secret shape H that is cut for it. H is drawn once and
-- kept: zones that overlap share one. Z is WKB in lon/lat (EPSG:4326); H is WKB in metres of the
-- azimuthal equidistant projection around (lon, lat), so that no border of the map cuts through it.
create table strava.cut_shape (
    id          bigint generated always as identity primary key,
    lon         double precision not null,
    lat         double precision not null,
    geometry    bytea not null,
    drawn_at    timestamptz not null default now()
);

create table strava.privacy_zone (
    id            bigint generated always as identity primary key,
    name          text not null default '',
    origin        text not null default 'drawn' check (origin in ('drawn', 'provisional')),
    mode          text not null default 'everywhere' check (mode in ('everywhere', 'ends_only')),
    expansion     double precision not null check (expansion >= 0),  -- E, metres
    geometry      bytea not null,
    cut_shape_id  bigint not null references strava.cut_shape,
    source        text not null default '',
    added_at      timestamptz not null default now()
);

-- What the gate has written, what it saw in the bytes it decoded, and from which inputs.
create table strava.public_object (
    root         text not null,                    -- the public root's URL
    path         text not null,
    sha256       text not null,
    bytes        bigint not null,
    fingerprint  text,                             -- of the inputs; null: made from other public objects
    activity_id  bigint,
    facts        jsonb not null default '{}',      -- decoded: rows, segments, length, time, …
    written_at   timestamptz not null default now(),
    primary key (root, path)
);
create index public_object_activity on strava.public_object (activity_id);

create table strava.webhook_subscription (
    id            bigint primary key,              -- Strava's
    callback_url  text not null,
    created_at    timestamptz not null default now()
);

-- Every event ever received, and what became of it. Readers ask for state = 'pending', never for
-- "ids above the last I saw": ids commit out of order.
create table strava.webhook_event (
    id               bigint generated always as identity primary key,
    received_at      timestamptz not null default now(),
    subscription_id  bigint not null,
    owner_id         bigint not null,
    object_type      text not null check (object_type in ('activity', 'athlete')),
    object_id        bigint not null,
    aspect_type      text not null check (aspect_type in ('create', 'update', 'delete')),
    event_time       timestamptz not null,
    updates          jsonb not null default '{}',
    digest           text not null unique,         -- retries of one event are one row
    deliveries       int not null default 1,
    state            text not null default 'pending'
                     check (state in ('pending', 'requested', 'done', 'ignored')),
    outcome          text,
    attempts         int not null default 0,
    next_attempt_at  timestamptz not null default now(),
    handled_at       timestamptz
);
create index webhook_event_pending on strava.webhook_event (next_attempt_at, id) where state = 'pending';

-- The application's quota at Strava as its last answer told it; one row for each window.
create table strava.api_quota (
    application  text not null,
    kind         text not null check (kind in ('read', 'overall')),
    span         text not null check (span in ('quarter_hour', 'day')),
    allowed      int not null,
    used         int not null,
    resets_at    timestamptz not null,
    seen_at      timestamptz not null default now(),
    primary key (application, kind, span)
);

-- Months that something asked for again (an import, an event, a new zone), counted up; and how far
-- the count was when the month was last gone through. Nothing needs to be marked or handed over.
create table strava.month_request (
    month         date primary key,
    wanted        bigint not null default 1,
    done          bigint not null default 0,
    reason        text not null default '',
    requested_at  timestamptz not null default now()
);
