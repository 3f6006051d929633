-- name: zones
-- Every zone with the shape that is cut for it.
select zone.id, zone.name, zone.origin, zone.mode, zone.expansion, zone.geometry, zone.cut_shape_id,
       zone.source, zone.added_at, shape.lon, shape.lat, shape.geometry as shape,
       shape.expansion as shape_expansion
from strava.privacy_zone as zone
join strava.cut_shape as shape on shape.id = zone.cut_shape_id
order by zone.id;

-- name: add_zone$
insert into strava.privacy_zone (name, origin, mode, expansion, geometry, cut_shape_id, source)
values (:name, :origin, :mode, :expansion, :geometry, :cut_shape_id, :source)
returning id;

-- name: change_zone!
-- The same place, called or hidden otherwise.
update strava.privacy_zone set name = :name, mode = :mode, expansion = :expansion where id = :id;

-- name: redraw_zone!
-- The same place, drawn otherwise.
update strava.privacy_zone set geometry = :geometry where id = :id;

-- name: add_cut_shape$
insert into strava.cut_shape (lon, lat, geometry, expansion) values (:lon, :lat, :geometry, :expansion) returning id;

-- name: join_shapes!
-- Zones that came to overlap share one shape from now on; so do those of a shape that became larger.
update strava.privacy_zone set cut_shape_id = :joined where cut_shape_id = any(:shapes);

-- name: confirm_zone!
-- A place that was found becomes the owner's own.
update strava.privacy_zone set origin = 'drawn', mode = 'everywhere', geometry = :geometry, source = 'confirmed'
where id = :id;

-- name: lift_zones!
update strava.privacy_zone set origin = 'lifted' where id = any(:ids);

-- name: drop_zones!
delete from strava.privacy_zone where id = any(:ids);

-- name: replaced_zones
-- Places that were provisional or lifted until a zone was drawn there, which has taken over their shape.
delete from strava.privacy_zone
where origin <> 'drawn'
  and cut_shape_id in (select cut_shape_id from strava.privacy_zone where origin = 'drawn')
returning id;

-- name: unused_shapes
-- Shapes that no zone names now: the newest that still holds a place is cut for it again.
select shape.id, shape.lon, shape.lat, shape.geometry as shape, shape.expansion as shape_expansion
from strava.cut_shape as shape
where not exists (select from strava.privacy_zone as zone where zone.cut_shape_id = shape.id)
order by shape.id desc;
