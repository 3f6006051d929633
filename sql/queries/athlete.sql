-- name: athletes
-- Everyone, in the order in which they came.
select * from strava.athlete order by id;

-- name: athlete_by_name^
select * from strava.athlete where lower(name) = lower(:name);
