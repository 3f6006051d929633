-- name: put_webhook_event^
-- The whole judgement and the commit in one statement: a subscription or an owner that we do not know is
-- written down and refused, and counted; after a thousand a day, new ones are only counted. A retry is counted,
-- and taken if what was missing is known by now.
with judged as (
    select case
        when not exists (select from strava.webhook_subscription where id = :subscription_id)
            then 'refused: unknown subscription'
        when not exists (select from strava.athlete where strava_id = :owner_id) then 'refused: unknown owner'
    end as refusal
), counted as (
    insert into strava.webhook_refusal as refusals (day, events)
    select (now() at time zone 'utc')::date, 1 from judged where refusal is not null
    on conflict (day) do update set events = refusals.events + 1
    returning events
), kept as (
    insert into strava.webhook_event as event (subscription_id, owner_id, object_type, object_id, aspect_type,
                                               event_time, updates, digest, state, outcome)
    select :subscription_id, :owner_id, :object_type, :object_id, :aspect_type, :event_time, :updates, :digest,
           case when refusal is null then 'pending' else 'ignored' end, refusal
    from judged
    where refusal is null
       or (select events from counted) <= 1000
       or exists (select from strava.webhook_event where digest = :digest)
    on conflict (digest) do update
    set deliveries = event.deliveries + 1,
        state = case when starts_with(event.outcome, 'refused') then excluded.state else event.state end,
        outcome = case when starts_with(event.outcome, 'refused') then excluded.outcome else event.outcome end
    returning starts_with(coalesce(outcome, ''), 'refused') as refused
)
select coalesce((select refused from kept), true) as refused;

-- name: pending_events
-- In the order in which they came; those that were put off only when their time has come, and those of somebody
-- who has to connect again not before that, unless they tell of leaving.
select event.id, event.owner_id, event.object_type, event.object_id, event.aspect_type, event.event_time,
       event.updates, event.received_at, event.attempts, event.outcome
from strava.webhook_event as event left join strava.athlete as athlete on athlete.strava_id = event.owner_id
where event.state = 'pending' and event.next_attempt_at <= now()
  and (athlete.state is distinct from 'reconnect' or event.object_type = 'athlete')
order by event.id
limit :limit;

-- name: requested_events
-- Looked into by a tick that did not come to its end: what is left of them is to go on. With their months.
select event.id, to_char(activity.month, 'YYYY-MM') as month
from strava.webhook_event as event
left join strava.activity as activity on event.object_type = 'activity' and activity.strava_id = event.object_id
where event.state = 'requested'
order by event.id;

-- name: events_waiting^
-- How many wait, and until when the first of them does. What a tick left half done waits for nothing.
select count(*) as events, min(case event.state when 'pending' then event.next_attempt_at else now() end) as until
from strava.webhook_event as event left join strava.athlete as athlete on athlete.strava_id = event.owner_id
where event.state = 'requested'
   or event.state = 'pending' and (athlete.state is distinct from 'reconnect' or event.object_type = 'athlete');

-- name: events_of_unconnected
-- How many wait for somebody who has to connect again.
select athlete.name, count(*) as events
from strava.webhook_event as event join strava.athlete as athlete on athlete.strava_id = event.owner_id
where event.state = 'pending' and athlete.state = 'reconnect' and event.object_type = 'activity'
group by athlete.id order by athlete.id;

-- name: defer_events!
-- Attempts are those that failed for the activity's own sake; what everybody waits for (null) leaves them.
update strava.webhook_event
set attempts = coalesce(:attempts, attempts), next_attempt_at = :until, outcome = :outcome
where id = any(:ids) and state = 'pending';

-- name: mark_events_requested!
-- Looked into: handled, as far as Strava is concerned.
update strava.webhook_event set state = 'requested', outcome = :outcome, handled_at = now()
where id = any(:ids) and state = 'pending';

-- name: mark_events_done!
update strava.webhook_event set state = 'done', handled_at = now() where id = any(:ids) and state = 'requested';

-- name: put_subscription!
insert into strava.webhook_subscription (id, callback_url) values (:id, :callback_url)
on conflict (id) do update set callback_url = excluded.callback_url;

-- name: forget_subscription!
delete from strava.webhook_subscription where id = :id;

-- name: athlete_of_owner^
select id, state from strava.athlete where strava_id = :strava_id;
