-- name: athletes
-- Everyone, in the order in which they came.
select * from strava.athlete order by id;

-- name: athlete_by_name^
select * from strava.athlete where lower(name) = lower(:name);

-- name: activities_of_athlete
select id, to_char(month, 'YYYY-MM') as month from strava.activity where athlete_id = :athlete_id order by id;

-- name: stop_athlete!
update strava.athlete set access_token = null, refresh_token = null, token_expires_at = null, state = 'revoked'
where id = :id;

-- name: delete_events_of_athlete!
delete from strava.webhook_event where owner_id = (select strava_id from strava.athlete where id = :id);

-- name: delete_athlete!
delete from strava.athlete where id = :id;
