-- The ten best of every standard time and distance: by athlete and discipline, the best first.
-- speed: m/s, where the effort is a distance.
select athlete_id, discipline, kind, effort, place, distance, seconds, distance / seconds as speed, watts, day, activity_id
from (
    select efforts.athlete_id, loads.discipline, efforts.kind, efforts.effort, efforts.distance, efforts.seconds,
           efforts.watts, loads.day, efforts.activity_id,
           row_number() over (
               partition by efforts.athlete_id, loads.discipline, efforts.kind, efforts.effort
               order by efforts.watts desc, efforts.seconds, loads.start_time
           ) as place
    from activity_efforts as efforts
    join training_loads as loads on loads.activity_id = efforts.activity_id
) as ranked
where place <= 10
