-- E belongs to the shape: a shape that is kept may be cut for a zone that asks for less, never for more.
alter table strava.cut_shape add column expansion double precision not null default 0 check (expansion >= 0);
update strava.cut_shape as shape
set expansion = zone.expansion
from (select cut_shape_id, min(expansion) as expansion from strava.privacy_zone group by cut_shape_id) as zone
where zone.cut_shape_id = shape.id;
-- of zones that were removed before, nobody knows it: what is cut for them again is enlarged by all of E
alter table strava.cut_shape alter column expansion drop default;

-- 'lifted': the owner said that this place may be shown. It is remembered, so that it is not found again.
alter table strava.privacy_zone drop constraint privacy_zone_origin_check;
alter table strava.privacy_zone add constraint privacy_zone_origin_check
    check (origin in ('drawn', 'provisional', 'lifted'));

-- Provisional zones now stay in force until each is confirmed, redrawn or lifted. Where they were out of force
-- because others had been drawn, that was said, and what is public stays so.
update strava.privacy_zone set origin = 'lifted'
where origin = 'provisional' and exists (select from strava.privacy_zone where origin = 'drawn');
