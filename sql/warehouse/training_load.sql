-- Load day by day: the day's, that of seven days, fitness (chronic), fatigue (acute), form, and how much fitness rose in
-- a week. After the last activity comes today, on which all that is left is what has not decayed yet.
select athlete_id, day, activities, without_load, load,
       sum(load) over (partition by athlete_id order by day rows between 6 preceding and current row) as load_of_7_days,
       chronic_load, acute_load, form,
       chronic_load - lag(chronic_load, 7) over (partition by athlete_id order by day) as ramp
from training_days
union all
select days.athlete_id, current_date, 0, 0, 0.0, null,
       days.chronic_load * exp(-(current_date - days.day) / 42.0),
       days.acute_load * exp(-(current_date - days.day) / 7.0),
       days.chronic_load * exp((1 - (current_date - days.day)) / 42.0)
           - days.acute_load * exp((1 - (current_date - days.day)) / 7.0),
       null
from training_days as days
join (select athlete_id, max(day) as day from training_days group by athlete_id) as newest
    on newest.athlete_id = days.athlete_id and newest.day = days.day
where days.day < current_date
