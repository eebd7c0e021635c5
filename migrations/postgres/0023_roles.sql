-- Who may see what inside a tenant: roles of the tenant's own making, names of
-- keys, and tokens that are revoked before they expire.

CREATE TABLE analytics.role (
    tenant_id  text NOT NULL REFERENCES analytics.tenant,
    role       text NOT NULL,
    -- What it may do: as the role that everybody has by this name.
    base       text NOT NULL CHECK (base IN ('viewer', 'analyst')),
    -- What it sees of the tenant's data.
    access     jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT role_pkey PRIMARY KEY (tenant_id, role)
);
ALTER TABLE analytics.role ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.role FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.role
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.role TO tessera_app;

ALTER TABLE analytics.api_key
    ADD COLUMN name text NOT NULL DEFAULT '',
    -- Null: the scopes alone say what it may do, and it sees everything.
    ADD COLUMN role text,
    ADD COLUMN last_used_at timestamptz,
    ADD CONSTRAINT api_key_role_fkey FOREIGN KEY (tenant_id, role) REFERENCES analytics.role;

-- Tokens that end before they expire: one by its id, or all that were issued to
-- a subject before an instant.
CREATE TABLE analytics.token_revocation (
    tenant_id     text NOT NULL REFERENCES analytics.tenant,
    revocation_id uuid NOT NULL,
    issuer        text NOT NULL,
    token_id      text,
    subject       text,
    issued_before timestamptz,
    revoked_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT token_revocation_pkey PRIMARY KEY (tenant_id, revocation_id),
    CONSTRAINT token_revocation_of CHECK (
        (token_id IS NOT NULL AND subject IS NULL AND issued_before IS NULL)
        OR (token_id IS NULL AND subject IS NOT NULL AND issued_before IS NOT NULL))
);
ALTER TABLE analytics.token_revocation ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.token_revocation FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.token_revocation
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.token_revocation TO tessera_app;
