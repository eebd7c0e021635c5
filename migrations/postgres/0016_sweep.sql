-- The sweep keeps up, and nothing that cannot be deleted holds up the rest.

-- Replaced rows that are in the catalog alone go many at a time, whoever's they
-- are; whoever has an object is found by an index of its own.
CREATE POLICY swept ON analytics.data_file FOR DELETE TO tessera_maintenance
    USING (removed_version IS NOT NULL AND removed_at < now() - interval '2 hours'
        AND coalesce(object_key, rollup_key, detail_key) IS NULL);
GRANT DELETE ON analytics.data_file TO tessera_maintenance;
DROP INDEX analytics.data_file_removed;
CREATE INDEX data_file_removed_inline ON analytics.data_file (removed_at)
    WHERE removed_version IS NOT NULL AND coalesce(object_key, rollup_key, detail_key) IS NULL;
CREATE INDEX data_file_removed_object ON analytics.data_file (removed_at)
    WHERE removed_version IS NOT NULL AND coalesce(object_key, rollup_key, detail_key) IS NOT NULL;
