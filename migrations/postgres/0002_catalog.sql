-- The catalog of data files and what a commit writes beside them.

-- A data file is inline (Arrow bytes in `payload`) or an object (Parquet at
-- `object_key`). It is live from added_version until removed_version.
CREATE TABLE analytics.data_file (
    tenant_id       text NOT NULL REFERENCES analytics.tenant,
    file_id         uuid NOT NULL,
    payload         bytea,
    object_key      text,
    window_name     text,
    rows            bigint NOT NULL CHECK (rows > 0),
    bytes           bigint NOT NULL CHECK (bytes > 0),
    footer_bytes    integer NOT NULL DEFAULT 0,
    sha256          bytea NOT NULL CHECK (octet_length(sha256) = 32),
    min_recorded_at timestamptz NOT NULL,
    max_recorded_at timestamptz NOT NULL,
    statistics      jsonb NOT NULL,
    rollup          bytea,
    rollup_key      text,
    rollup_zone     text,
    added_version   bigint NOT NULL,
    removed_version bigint,
    removed_at      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT data_file_pkey PRIMARY KEY (tenant_id, file_id),
    CONSTRAINT data_file_inline_or_object CHECK ((payload IS NULL) <> (object_key IS NULL))
);
-- Already compressed: TOAST must not try again.
ALTER TABLE analytics.data_file ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE analytics.data_file ALTER COLUMN rollup SET STORAGE EXTERNAL;
CREATE INDEX data_file_live ON analytics.data_file (tenant_id) WHERE removed_version IS NULL;
CREATE INDEX data_file_inline ON analytics.data_file (created_at)
    WHERE removed_version IS NULL AND object_key IS NULL;
CREATE INDEX data_file_removed ON analytics.data_file (removed_at) WHERE removed_version IS NOT NULL;
ALTER TABLE analytics.data_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.data_file FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.data_file
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- Background work looks for tenants that need it: counts and sizes, no rows.
CREATE POLICY maintenance ON analytics.data_file FOR SELECT TO tessera_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.data_file TO tessera_app;
GRANT SELECT (tenant_id, file_id, object_key, rollup_key, window_name, rows, bytes, removed_version, removed_at, created_at)
    ON analytics.data_file TO tessera_maintenance;

-- Objects that are being uploaded: what is still here long after is an orphan.
CREATE TABLE analytics.pending_upload (
    tenant_id  text NOT NULL REFERENCES analytics.tenant,
    object_key text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pending_upload_pkey PRIMARY KEY (tenant_id, object_key)
);
ALTER TABLE analytics.pending_upload ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.pending_upload FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.pending_upload
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
CREATE POLICY maintenance ON analytics.pending_upload FOR SELECT TO tessera_maintenance USING (true);
GRANT SELECT, INSERT, DELETE ON analytics.pending_upload TO tessera_app;
GRANT SELECT ON analytics.pending_upload TO tessera_maintenance;

CREATE TABLE analytics.idempotency (
    tenant_id  text NOT NULL REFERENCES analytics.tenant,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    answer     jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_expiry ON analytics.idempotency (expires_at);
ALTER TABLE analytics.idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.idempotency FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.idempotency
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- Background work removes what has expired, of all tenants, and sees no more.
CREATE POLICY expired ON analytics.idempotency TO tessera_maintenance USING (expires_at < now());
GRANT SELECT, INSERT, UPDATE ON analytics.idempotency TO tessera_app;
GRANT SELECT, DELETE ON analytics.idempotency TO tessera_maintenance;

-- Event ids of the last days, as 128-bit hashes.
CREATE TABLE analytics.event_seen (
    tenant_id  text NOT NULL,
    event      uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT event_seen_pkey PRIMARY KEY (tenant_id, event)
);
-- Rows come in the order in which they expire: a few bytes a page find them.
CREATE INDEX event_seen_expiry ON analytics.event_seen USING brin (expires_at);
ALTER TABLE analytics.event_seen ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.event_seen FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.event_seen
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
CREATE POLICY expired ON analytics.event_seen TO tessera_maintenance USING (expires_at < now());
GRANT SELECT, INSERT, UPDATE ON analytics.event_seen TO tessera_app;
GRANT SELECT, DELETE ON analytics.event_seen TO tessera_maintenance;

-- Chunks of imported files, by content and mapping; kept for ever.
CREATE TABLE analytics.import_chunk (
    tenant_id   text NOT NULL REFERENCES analytics.tenant,
    chunk       bytea NOT NULL CHECK (octet_length(chunk) = 32),
    points      bigint NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT import_chunk_pkey PRIMARY KEY (tenant_id, chunk)
);
ALTER TABLE analytics.import_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.import_chunk FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.import_chunk
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT ON analytics.import_chunk TO tessera_app;

-- Which columns a dimension key lives in; registered by the commit that first
-- carries it.
CREATE TABLE analytics.dimension_key (
    tenant_id   text NOT NULL REFERENCES analytics.tenant,
    key         text NOT NULL,
    column_name text NOT NULL,
    partial     boolean NOT NULL,
    CONSTRAINT dimension_key_pkey PRIMARY KEY (tenant_id, key),
    CONSTRAINT dimension_key_column UNIQUE (tenant_id, column_name)
);
ALTER TABLE analytics.dimension_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.dimension_key FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.dimension_key
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE ON analytics.dimension_key TO tessera_app;

-- What a metric is. `definition` is the kind with its parameters.
CREATE TABLE analytics.metric (
    tenant_id   text NOT NULL REFERENCES analytics.tenant,
    platform    text NOT NULL,
    metric_type text NOT NULL,
    metric_name text NOT NULL,
    definition  jsonb NOT NULL,
    assumed     boolean NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    CONSTRAINT metric_pkey PRIMARY KEY (tenant_id, platform, metric_type, metric_name)
);
ALTER TABLE analytics.metric ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.metric FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.metric
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE ON analytics.metric TO tessera_app;

-- What a tenant used, by UTC day.
CREATE TABLE analytics.usage (
    tenant_id  text NOT NULL REFERENCES analytics.tenant,
    day        date NOT NULL,
    points     bigint NOT NULL DEFAULT 0,
    imported   bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    rejected   bigint NOT NULL DEFAULT 0,
    CONSTRAINT usage_pkey PRIMARY KEY (tenant_id, day)
);
ALTER TABLE analytics.usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.usage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.usage
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE ON analytics.usage TO tessera_app;
