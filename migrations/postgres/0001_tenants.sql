-- Tenants, plans, keys and the platform registry.
--
-- Every tenant table enables AND forces row-level security and leads its keys
-- with tenant_id. An unset or empty app.current_tenant_id shows no rows.

CREATE SCHEMA IF NOT EXISTS analytics;
GRANT USAGE ON SCHEMA analytics TO tessera_app, tessera_maintenance;

-- Subscription tiers. Not a tenant table: names and numbers, nobody's data.
CREATE TABLE analytics.plan (
    plan                  text PRIMARY KEY,
    dimension_keys        bigint NOT NULL,
    ingest_points_per_day bigint NOT NULL,
    result_rows           bigint NOT NULL,
    query_memory_bytes    bigint NOT NULL,
    query_timeout_ms      bigint NOT NULL,
    export_rows           bigint NOT NULL
);
INSERT INTO analytics.plan VALUES
    ('free',         32,     100000,  10000,  134217728,  10000,    100000),
    ('starter',      64,    2000000,  50000,  268435456,  20000,   2000000),
    ('pro',         128,   50000000, 100000,  536870912,  30000,  50000000),
    ('enterprise',  256, 1000000000, 500000, 1073741824,  60000, 1000000000);
GRANT SELECT ON analytics.plan TO tessera_app;

-- What each platform sends and what becomes of it. Not a tenant table.
CREATE TABLE analytics.platform (
    platform   text PRIMARY KEY,
    definition jsonb NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON analytics.platform TO tessera_app;

CREATE TABLE analytics.tenant (
    tenant_id   text PRIMARY KEY CHECK (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    plan        text NOT NULL REFERENCES analytics.plan,
    time_zone   text NOT NULL DEFAULT 'UTC',
    window_unit text NOT NULL DEFAULT 'month' CHECK (window_unit IN ('day', 'month', 'year')),
    created_at  timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE analytics.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.tenant
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE ON analytics.tenant TO tessera_app;

-- The tenant's version: grows by one with each commit and each change of a
-- definition. Writers lock its row first, so commits of one tenant are in line.
CREATE TABLE analytics.tenant_version (
    tenant_id           text PRIMARY KEY REFERENCES analytics.tenant,
    version             bigint NOT NULL DEFAULT 0,
    registry_version    bigint NOT NULL DEFAULT 0,
    registry_overflowed boolean NOT NULL DEFAULT false
);
ALTER TABLE analytics.tenant_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.tenant_version FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.tenant_version
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- Version checks of all tenants that wait at this moment go out as one
-- statement, which names them; it reads numbers and nothing else.
CREATE POLICY version_check ON analytics.tenant_version FOR SELECT
    USING (tenant_id = ANY (SELECT unnest(string_to_array(
        nullif(current_setting('app.version_check', true), ''), ','))));
GRANT SELECT, INSERT, UPDATE ON analytics.tenant_version TO tessera_app;

CREATE FUNCTION analytics.tenant_versions(tenants text[])
RETURNS TABLE (tenant_id text, version bigint)
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    PERFORM set_config('app.version_check', array_to_string(tenants, ','), true);
    RETURN QUERY SELECT v.tenant_id, v.version FROM analytics.tenant_version v
        WHERE v.tenant_id = ANY (tenants);
END $$;

CREATE TABLE analytics.api_key (
    tenant_id  text NOT NULL REFERENCES analytics.tenant,
    key_id     uuid NOT NULL,
    key_hash   bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    scopes     text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT api_key_pkey PRIMARY KEY (tenant_id, key_id)
);
-- A 256-bit random secret has one owner: unique over all tenants.
CREATE UNIQUE INDEX api_key_hash ON analytics.api_key (key_hash);
ALTER TABLE analytics.api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.api_key
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- Before the tenant is known, who shows a secret sees that secret's row.
CREATE POLICY by_secret ON analytics.api_key FOR SELECT
    USING (key_hash = decode(
        (SELECT nullif(current_setting('app.shown_key_hash', true), '')), 'hex'));
GRANT SELECT, INSERT, UPDATE ON analytics.api_key TO tessera_app;
