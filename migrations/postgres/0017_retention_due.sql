-- Who has points that are too old is seen without opening a tenant: by the
-- earliest point of a live file, which the index of live files leads to.
DROP INDEX analytics.data_file_live;
CREATE INDEX data_file_live ON analytics.data_file (tenant_id, min_recorded_at)
    WHERE removed_version IS NULL;
GRANT SELECT (min_recorded_at) ON analytics.data_file TO tessera_maintenance;
GRANT SELECT (retention_days) ON analytics.metric_retention TO tessera_maintenance;
