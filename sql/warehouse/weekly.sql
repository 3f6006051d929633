-- Every week by athlete and sport: sums, and averages weighted by moving time over the activities that have them.
-- watts_change: W more than in the week of that sport before.
select periods.*,
       average_watts - lag(average_watts) over (partition by athlete_id, sport_type order by iso_week_start)
           as watts_change
from (
    select iso_week_start, athlete_id, sport_type,
           count(*) as activities,
           sum(distance) as distance,
           sum(moving_time) as moving_time,
           sum(total_elevation_gain) as total_elevation_gain,
           sum(average_watts * moving_time)
               / nullif(sum(case when average_watts is not null then moving_time end), 0) as average_watts,
           sum(average_heartrate * moving_time)
               / nullif(sum(case when average_heartrate is not null then moving_time end), 0) as average_heartrate,
           sum(calories) as calories
    from strava_activities
    group by iso_week_start, athlete_id, sport_type
) as periods
