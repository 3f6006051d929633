-- name: public_objects
-- What the gate has written under one root, below a path.
select path, sha256, bytes, fingerprint, activity_id, facts
from strava.public_object
where root = :root and starts_with(path, :prefix)
order by path;

-- name: put_public_object!
insert into strava.public_object (root, path, sha256, bytes, fingerprint, activity_id, facts)
values (:root, :path, :sha256, :bytes, :fingerprint, :activity_id, :facts)
on conflict (root, path) do update
set sha256 = excluded.sha256, bytes = excluded.bytes, fingerprint = excluded.fingerprint,
    activity_id = excluded.activity_id, facts = excluded.facts, written_at = now();

-- name: drop_public_objects!
delete from strava.public_object where root = :root and path = any(:paths);
