-- name: activities_alive
-- Activities that typed tables may hold now: of others rows may be left until their month is made again.
select id from strava.activity where state = 'landed';
