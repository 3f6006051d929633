-- name: note_trouble!
-- A failure, or a state that lasts (then it was not seen "again"). What happened before what is known changes
-- nothing, so that the same failure may be noted any number of times. Partitions that fail are added to those that
-- have not succeeded since they did.
insert into strava.alert as known (subject, athlete_id, jobs, partitions, title, wrong, remedy, since, seen_at)
values (:subject, :athlete_id, :jobs, :partitions, :title, :wrong, :remedy, :since, :seen_at)
on conflict (subject) do update
set partitions = case when known.ended_at is null
                      then array(select unnest(known.partitions || excluded.partitions) as part group by part order by part)
                      else excluded.partitions end,
    title = excluded.title, wrong = excluded.wrong, remedy = excluded.remedy,
    since = case when known.ended_at is null then known.since else excluded.since end,
    seen_at = case when known.ended_at is null and :lasting then known.seen_at else excluded.seen_at end,
    told_at = case when known.ended_at is null then known.told_at end,
    ended_at = null
where excluded.seen_at > coalesce(known.ended_at, known.seen_at);

-- name: end_of_trouble!
update strava.alert set ended_at = :now where subject = :subject and ended_at is null;

-- name: end_of_runs!
-- A run succeeded: what had failed before, for the partitions that it went over.
with rest as (
    select subject, array(select part from unnest(partitions) as part where part <> all(:partitions)) as partitions
    from strava.alert
    where ended_at is null and seen_at < :at and :job = any(jobs)
      and (partitions && :partitions or cardinality(partitions) = 0)
)
update strava.alert
set partitions = rest.partitions, ended_at = case when cardinality(rest.partitions) = 0 then :at end
from rest where alert.subject = rest.subject;

-- name: end_of_reconnects!
update strava.alert set ended_at = :now
from strava.athlete
where athlete.id = alert.athlete_id and athlete.state = 'active' and alert.ended_at is null;

-- name: forget_who_left!
-- Who took access back needs no mending.
delete from strava.alert using strava.athlete where athlete.id = alert.athlete_id and athlete.state = 'revoked';

-- name: athletes_to_connect_again
select id, name from strava.athlete where state = 'reconnect' order by id;

-- name: events_stuck^
-- Events that have waited for more than an hour, and what became of the oldest. Not those of an athlete who
-- has to connect again, which is told by itself; nor for a day those that wait for the quota.
select count(*) as events, min(received_at) as since, (array_agg(outcome order by id))[1] as outcome
from strava.webhook_event as event
where state = 'pending' and received_at < :now - interval '1 hour'
  and not exists (select from strava.athlete where strava_id = event.owner_id and state = 'reconnect')
  and not (received_at > :now - interval '1 day' and starts_with(coalesce(outcome, ''), 'Strava''s rate limit is spent'));

-- name: withdrawal_stuck^
-- Events that were looked into more than an hour ago and are not done: each tick withdraws first, so that cannot be.
select count(*) as events, min(coalesce(handled_at, received_at)) as since
from strava.webhook_event
where state = 'requested' and coalesce(handled_at, received_at) < :now - interval '1 hour';

-- name: reading_stuck^
-- Nothing was read since Strava began to fail, and whether that is more than an hour, in which it failed at least
-- twice: pauses are 5, 10, 20 and 40 minutes long, and where nothing waits to be read the next try is hours later.
select reason, failures >= 5 or (failures >= 2 and until < :now - interval '1 hour') as lasts
from strava.api_pause where application = :application;

-- name: lock_alerts$
-- One process at a time tells; the lock goes with the transaction.
select pg_try_advisory_xact_lock(1095517780);

-- name: untold
-- Wrong and never told, or failed again a day after it was; or over, which is told even if the beginning was not.
-- What begins again within three hours of the mail that it works again is told when these are over, if it is not:
-- a trouble that comes and goes leaves mails to the others.
select subject, title, partitions, wrong, remedy, since, ended_at, told_at
from strava.alert
where case when ended_at is not null
           then end_told_at is null or end_told_at < coalesce(told_at, since - interval '3 hours')
           when told_at is null then end_told_at is null or end_told_at < :now - interval '3 hours'
           else told_at < :now - interval '1 day' and seen_at > told_at end
order by since, subject
for update;

-- name: troubles^
select count(*) as wrong, count(*) filter (where told_at is null) as held from strava.alert where ended_at is null;

-- name: mails_lately^
select count(*) filter (where refused is null and tried_at > :now - interval '1 hour') as this_hour,
       count(*) filter (where refused is null) as this_day,
       max(tried_at) filter (where refused is not null and tried_at > :now - interval '15 minutes') as refused_at
from strava.alert_mail where tried_at > :now - interval '1 day';

-- name: mark_told!
update strava.alert
set told_at = case when ended_at is null then :now else told_at end,
    end_told_at = case when ended_at is null then end_told_at else :now end
where subject = any(:subjects);

-- name: put_mail!
with old as (delete from strava.alert_mail where tried_at < :now - interval '60 days')
insert into strava.alert_mail (tried_at, refused) values (:now, :refused);
