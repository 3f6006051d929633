-- name: zones
-- Every zone with the shape that is cut for it.
select zone.id, zone.name, zone.origin, zone.mode, zone.expansion, zone.geometry, zone.cut_shape_id,
       zone.source, zone.added_at, shape.lon, shape.lat, shape.geometry as shape
from strava.privacy_zone as zone
join strava.cut_shape as shape on shape.id = zone.cut_shape_id
order by zone.id;

-- name: add_zone$
insert into strava.privacy_zone (name, origin, expansion, geometry, cut_shape_id, source)
values (:name, :origin, :expansion, :geometry, :cut_shape_id, :source)
returning id;

-- name: add_cut_shape$
insert into strava.cut_shape (lon, lat, geometry) values (:lon, :lat, :geometry) returning id;

-- name: join_shapes!
-- Zones that came to overlap share one shape from now on.
update strava.privacy_zone set cut_shape_id = :joined where cut_shape_id = any(:shapes);

-- name: remove_zone!
delete from strava.privacy_zone where id = :id;

-- name: unused_shapes
-- Shapes of zones that were removed: the newest that still holds a place is cut for it again.
select shape.id, shape.lon, shape.lat, shape.geometry from strava.cut_shape as shape
where not exists (select from strava.privacy_zone as zone where zone.cut_shape_id = shape.id)
order by shape.id desc;
