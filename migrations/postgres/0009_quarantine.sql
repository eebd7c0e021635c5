-- Rejected points, kept for some days: to be looked at, mended, sent again.

-- One row a point, with the reason why it was not kept. `point` is the text as
-- sent (of CSV, Arrow and Parquet the same point as JSON), null when it was too
-- long to keep. While `replaying_until` lies ahead, a replay is under way and
-- the row may not be dropped.
CREATE TABLE analytics.quarantine (
    tenant_id       text NOT NULL REFERENCES analytics.tenant,
    id              uuid NOT NULL,
    received_at     timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    source          text NOT NULL,
    index           bigint NOT NULL,
    platform        text,
    field           text NOT NULL,
    reason          text NOT NULL,
    point           text,
    attempts        integer NOT NULL DEFAULT 0,
    replaying_until timestamptz,
    CONSTRAINT quarantine_pkey PRIMARY KEY (tenant_id, id)
);
CREATE INDEX quarantine_newest ON analytics.quarantine (tenant_id, received_at, id);
-- Rows come in the order in which they expire: a few bytes a page find them.
CREATE INDEX quarantine_expiry ON analytics.quarantine USING brin (expires_at);
ALTER TABLE analytics.quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.quarantine FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.quarantine
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- Background work removes what has expired, of all tenants, and sees no more.
CREATE POLICY expired ON analytics.quarantine TO tessera_maintenance USING (expires_at < now());
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.quarantine TO tessera_app;
-- What is deleted need not be read, but for finding it.
GRANT SELECT (tenant_id, id, expires_at), DELETE ON analytics.quarantine TO tessera_maintenance;
