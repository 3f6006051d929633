-- How many events a day (UTC) came with the right token and an unknown subscription or owner. The first thousand
-- of a day are rows of webhook_event too; the rest are only counted, so that a flood does not fill the disk.
create table strava.webhook_refusal (
    day     date primary key,
    events  bigint not null
);
