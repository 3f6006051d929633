-- Every bike and pair of shoes: how much, and from when to when.
select athlete_id, gear_id, gear_name, sport_type,
       count(*) as activities,
       sum(distance) as distance,
       sum(moving_time) as moving_time,
       sum(total_elevation_gain) as total_elevation_gain,
       sum(average_watts * moving_time)
           / nullif(sum(case when average_watts is not null then moving_time end), 0) as average_watts,
       min(start_date) as first_day,
       max(start_date) as last_day
from strava_activities
where gear_id is not null or gear_name is not null
group by athlete_id, gear_id, gear_name, sport_type
