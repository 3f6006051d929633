-- Tombstones, which of two answers is newer, and the one rule on what may be public at this moment.
alter table strava.activity
    add column gone_at      timestamptz,           -- state gone: since when,
    add column gone_because text,                  -- and who said so
    add column asked_at     timestamptz;           -- when Strava was asked for what is in api: what was asked later wins

update strava.activity
set gone_at = now(), gone_because = 'Strava does not show it any more', api = null, api_detailed = false,
    api_streams_state = 'none'
where state = 'gone';

-- A row in state gone that still names a streams file: the file is to be deleted.
create index activity_gone_streams on strava.activity (id) where state = 'gone' and api_streams is not null;

-- Looked into, and their months asked for in the same transaction; done once what must go first has gone.
create index webhook_event_requested on strava.webhook_event (id) where state = 'requested';

-- Whether an activity may be public now, as far as that is known without reading its track. The same rule, with
-- words, is privacy.visibility.reason_hidden; a test holds them against each other.
create function strava.may_be_shown(activity strava.activity, athlete strava.athlete, import_visibility text,
                                    sources text[])
returns boolean language sql immutable as $$
    select activity.state = 'landed' and athlete.state <> 'revoked'
       and case activity.visibility
               when 'everyone' then true
               when 'unknown' then coalesce(activity.owner_visibility, import_visibility) = 'everyone'
               else false
           end
       and (activity.api is null or 'api' = any(sources))
       and ((activity.archive is null and activity.api is not null) or 'archive' = any(sources))
$$;
