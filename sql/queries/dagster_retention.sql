-- name: forget_events!
-- Dagster's event log, less what still tells a partition's state: its newest materialisation.
delete from event_logs as event
where event.timestamp < now() at time zone 'utc' - make_interval(days => :days)
  and not exists (
      select from runs where runs.run_id = event.run_id
        and runs.status in ('QUEUED', 'NOT_STARTED', 'STARTING', 'STARTED', 'CANCELING'))
  and (event.dagster_event_type is distinct from 'ASSET_MATERIALIZATION'
       or exists (
           select from event_logs as newer
           where newer.dagster_event_type = 'ASSET_MATERIALIZATION' and newer.asset_key = event.asset_key
             and newer.partition is not distinct from event.partition and newer.id > event.id));

-- name: forget_runs!
-- Runs of which nothing is left.
delete from runs
where runs.update_timestamp < now() at time zone 'utc' - make_interval(days => :days)
  and runs.status in ('SUCCESS', 'FAILURE', 'CANCELED')
  and not exists (select from event_logs where event_logs.run_id = runs.run_id);
