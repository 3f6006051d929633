-- Every year by athlete and sport; the year is the local day's.
select extract(year from start_date) as year, athlete_id, sport_type,
       count(*) as activities,
       count(distinct start_date) as days,
       sum(distance) as distance,
       max(distance) as longest_distance,
       sum(moving_time) as moving_time,
       sum(total_elevation_gain) as total_elevation_gain,
       sum(average_watts * moving_time)
           / nullif(sum(case when average_watts is not null then moving_time end), 0) as average_watts,
       sum(average_heartrate * moving_time)
           / nullif(sum(case when average_heartrate is not null then moving_time end), 0) as average_heartrate,
       sum(calories) as calories
from strava_activities
group by extract(year from start_date), athlete_id, sport_type
