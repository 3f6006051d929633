-- The settings and the versions of the program that every month was last asked for with: when they are others, all
-- months are asked for again.
create table strava.made_with (
    only_one  boolean primary key default true check (only_one),
    mark      text not null,
    since     timestamptz not null default now()
);
