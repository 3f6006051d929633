-- The Eddington number by athlete, discipline and unit: since when, and how many more days the next number takes.
select levels.athlete_id, levels.discipline, levels.unit, levels.number, levels.reached,
       levels.number + 1 - coalesce(above.days, 0) as days_to_next
from training_eddington as levels
left join training_eddington as above
    on above.athlete_id = levels.athlete_id and above.discipline = levels.discipline and above.unit = levels.unit
       and above.number = levels.number + 1
where levels.reached is not null and above.reached is null
