-- The highest mean power over every standard time: ever, this calendar year, and in the last 90 days.
select efforts.athlete_id, loads.discipline, efforts.effort, efforts.seconds,
       max(efforts.watts) as watts,
       max(case when extract(year from loads.day) = extract(year from current_date) then efforts.watts end)
           as watts_this_year,
       max(case when loads.day > current_date - 90 then efforts.watts end) as watts_in_90_days
from activity_efforts as efforts
join training_loads as loads on loads.activity_id = efforts.activity_id
where efforts.kind = 'power'
group by efforts.athlete_id, loads.discipline, efforts.effort, efforts.seconds
