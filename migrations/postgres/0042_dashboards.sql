-- Dashboards that people of a tenant make, and tickets to live streams.

-- `owner` is the credential as logs name it; who sees a private one is decided
-- where it is read. The panels' questions may hold values, so only the names
-- are told to the audit log.
CREATE TABLE analytics.dashboard (
    tenant_id    text NOT NULL REFERENCES analytics.tenant,
    dashboard_id uuid NOT NULL,
    owner        text NOT NULL,
    name         text NOT NULL,
    description  text NOT NULL DEFAULT '',
    shared       boolean NOT NULL DEFAULT false,
    version      integer NOT NULL CHECK (version > 0),
    panels       jsonb NOT NULL CHECK (jsonb_typeof(panels) = 'array'),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT dashboard_pkey PRIMARY KEY (tenant_id, dashboard_id)
);
ALTER TABLE analytics.dashboard ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.dashboard FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.dashboard
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.dashboard TO tessera_app;
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON analytics.dashboard
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('dashboard', 'dashboard_id', 'shared,version');

-- A ticket opens one stream and is gone; `sealed` is what it opens and for
-- whom, under a key that is not in the database.
CREATE TABLE analytics.live_ticket (
    tenant_id   text NOT NULL REFERENCES analytics.tenant,
    ticket_hash bytea NOT NULL CHECK (octet_length(ticket_hash) = 32),
    sealed      text NOT NULL,
    expires_at  timestamptz NOT NULL,
    CONSTRAINT live_ticket_pkey PRIMARY KEY (tenant_id, ticket_hash)
);
ALTER TABLE analytics.live_ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.live_ticket FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.live_ticket
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, DELETE ON analytics.live_ticket TO tessera_app;
