-- Day by day: what has come together since the year began, and since the first day.
select start_date, athlete_id, sport_type, activities, distance, moving_time, total_elevation_gain,
       sum(distance) over this_year as distance_this_year,
       sum(moving_time) over this_year as moving_time_this_year,
       sum(total_elevation_gain) over this_year as elevation_this_year,
       sum(distance) over so_far as distance_so_far,
       sum(moving_time) over so_far as moving_time_so_far,
       sum(total_elevation_gain) over so_far as elevation_so_far
from (
    select start_date, athlete_id, sport_type,
           count(*) as activities,
           sum(distance) as distance,
           sum(moving_time) as moving_time,
           sum(total_elevation_gain) as total_elevation_gain
    from strava_activities
    group by start_date, athlete_id, sport_type
) as days
window this_year as (partition by athlete_id, sport_type, extract(year from start_date) order by start_date),
       so_far as (partition by athlete_id, sport_type order by start_date)
