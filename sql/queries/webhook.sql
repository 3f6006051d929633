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
-- In the order in which they came; those that were put off only when their time has come.
select id, owner_id, object_type, object_id, aspect_type, event_time, updates, attempts
from strava.webhook_event
where state = 'pending' and next_attempt_at <= now()
order by id
limit :limit;

-- name: events_waiting^
-- How many wait, and until when the first of them does.
select count(*) as events, min(next_attempt_at) as until from strava.webhook_event where state = 'pending';

-- name: defer_events!
update strava.webhook_event
set attempts = attempts + :counted, next_attempt_at = :until, outcome = :outcome
where id = any(:ids) and state = 'pending';

-- name: set_event_outcome!
update strava.webhook_event set outcome = :outcome where id = any(:ids);

-- name: mark_events_done!
update strava.webhook_event set state = 'done', handled_at = now() where id = any(:ids) and state = 'pending';

-- name: put_subscription!
insert into strava.webhook_subscription (id, callback_url) values (:id, :callback_url)
on conflict (id) do update set callback_url = excluded.callback_url;

-- name: forget_subscription!
delete from strava.webhook_subscription where id = :id;

-- name: athlete_of_owner^
select id, state from strava.athlete where strava_id = :strava_id;
