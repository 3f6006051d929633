-- name: counts_for_metrics
-- What a watcher wants to know of the state, as name, label and number.
select 'activities' as name, state as label, count(*)::double precision as value from strava.activity group by state
union all
select 'activities', 'quarantined', count(*) from strava.activity where error is not null
union all
select 'webhook_events', state, count(*) from strava.webhook_event group by state
union all
select 'webhook_events_oldest_waiting_seconds', '', coalesce(extract(epoch from now() - min(received_at)), 0)
from strava.webhook_event where state in ('pending', 'requested')
union all
select 'months_waiting', '', count(*) from strava.month_request where wanted > done
union all
select 'athletes', state, count(*) from strava.athlete group by state
union all
select 'public_files', '', count(*) from strava.public_object where root = :root
union all
select 'last_publication_timestamp_seconds', '', coalesce(extract(epoch from max(written_at)), 0)
from strava.public_object where root = :root
union all
select 'api_' || kind || '_' || span || '_left', '', greatest(allowed - used, 0)
from strava.api_quota where resets_at > now() and application = :application;
