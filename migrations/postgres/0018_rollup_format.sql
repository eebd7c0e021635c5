-- Stored roll-ups have a new format: ties of first and last are broken by value,
-- and keys that hold numbers are named. Until its turn comes, a file's roll-up is
-- made from its rows at reading.
UPDATE analytics.tenant_version
SET rollups_stale_at = greatest(clock_timestamp(), rollups_stale_at + interval '1 microsecond');
