-- Queries that a tenant keeps by name and calls by address.

-- A change is a new version; a removed name keeps its numbers without their
-- definitions, so that an old address never means a newer query.
CREATE TABLE analytics.saved_query (
    tenant_id  text NOT NULL REFERENCES analytics.tenant,
    name       text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    version    integer NOT NULL CHECK (version > 0),
    definition jsonb,
    removed    boolean NOT NULL DEFAULT false,
    who        text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT saved_query_pkey PRIMARY KEY (tenant_id, name, version)
);
ALTER TABLE analytics.saved_query ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.saved_query FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.saved_query
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE ON analytics.saved_query TO tessera_app;
-- The definition itself may hold values, so only that there is one is told.
CREATE TRIGGER audited AFTER INSERT OR UPDATE ON analytics.saved_query
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('saved_query', 'name,version', 'version,removed');
