-- name: athletes
-- Everyone, in the order in which they came.
select * from strava.athlete order by id;

-- name: athlete_by_name^
select * from strava.athlete where lower(name) = lower(:name);

-- name: activities_of_athlete
select id, to_char(month, 'YYYY-MM') as month from strava.activity where athlete_id = :athlete_id order by id;

-- name: months_of_athletes
select distinct to_char(month, 'YYYY-MM') as month from strava.activity
where athlete_id = any(:ids) and state = 'landed' order by month;

-- name: stop_athlete!
-- Nothing of theirs is read or published from now on. Only who is still revoked, if that is asked.
update strava.athlete set state = 'revoked'
where id = :id and (state = 'revoked' or not cast(:only_revoked as boolean));

-- name: delete_events_of_athlete!
delete from strava.webhook_event where owner_id = (select strava_id from strava.athlete where id = :id);

-- name: delete_activities_of_athlete!
delete from strava.activity where athlete_id = :id;

-- name: delete_listings_of_athlete!
delete from strava.listing where athlete_id = :id;

-- name: delete_athlete!
-- With everything that is theirs. Who connected again while they were removed stays, and begins anew.
delete from strava.athlete where id = :id and state = 'revoked';
