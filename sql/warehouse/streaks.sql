-- Days and weeks one after the other with an activity: the longest streak (of equals the newest), and the present one.
-- A streak is present until a whole day, or a whole week, has gone by without.
select longest.athlete_id, longest.period, longest.length as longest, longest.first as longest_first,
       longest.last as longest_last, coalesce(present.length, 0) as present, present.first as present_first
from (
    select streaks.*,
           row_number() over (partition by athlete_id, period order by length desc, last desc) as place
    from training_streaks as streaks
) as longest
left join training_streaks as present
    on present.athlete_id = longest.athlete_id and present.period = longest.period
       and current_date - present.last <= case present.period when 'day' then 1 else 13 end
where longest.place = 1
