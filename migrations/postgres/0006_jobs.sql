-- Work in the background that several servers share: leases of a tenant's
-- upkeep, and jobs. Both are held by the database's clock, and both carry a
-- fence: a number that grows each time the work changes hands. It is checked
-- in the transaction that commits the work's effect, so whoever lost the work
-- without noticing changes nothing.

-- Who works on a tenant's files at the moment.
CREATE TABLE analytics.lease (
    tenant_id   text NOT NULL REFERENCES analytics.tenant,
    work        text NOT NULL,
    holder      uuid,
    fence       bigint NOT NULL DEFAULT 1,
    lease_until timestamptz NOT NULL,
    -- When the work was last looked at, and the newest file that it saw then:
    -- nothing to do is not looked at again until there are newer files.
    worked_at    timestamptz NOT NULL DEFAULT '-infinity',
    seen_version bigint,
    CONSTRAINT lease_pkey PRIMARY KEY (tenant_id, work)
);
ALTER TABLE analytics.lease ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.lease FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.lease
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
CREATE POLICY maintenance ON analytics.lease FOR SELECT TO tessera_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE ON analytics.lease TO tessera_app;
GRANT SELECT ON analytics.lease TO tessera_maintenance;

-- What is to be done for a tenant, once. A job that runs is taken over when
-- its lease has run out.
CREATE TABLE analytics.job (
    tenant_id   text NOT NULL REFERENCES analytics.tenant,
    job_id      uuid NOT NULL,
    kind        text NOT NULL,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    due_at      timestamptz NOT NULL DEFAULT now(),
    priority    integer NOT NULL DEFAULT 100,
    holder      uuid,
    lease_until timestamptz,
    fence       bigint NOT NULL DEFAULT 0,
    attempts    integer NOT NULL DEFAULT 0,
    claimed_at  timestamptz,
    progress    jsonb,
    result      jsonb,
    detail      jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT job_pkey PRIMARY KEY (tenant_id, job_id),
    -- Several servers that ask for the same job at the same moment get one.
    CONSTRAINT job_once UNIQUE (tenant_id, kind, due_at)
);
CREATE INDEX job_open ON analytics.job (due_at) WHERE state IN ('waiting', 'running');
CREATE INDEX job_turn ON analytics.job (tenant_id, claimed_at);
CREATE INDEX job_finished ON analytics.job (finished_at) WHERE finished_at IS NOT NULL;
ALTER TABLE analytics.job ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.job FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.job
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- Workers look over the jobs of all tenants and claim what is open; what a job
-- does, it does as its tenant. What is long finished is removed.
CREATE POLICY maintenance ON analytics.job FOR SELECT TO tessera_maintenance USING (true);
CREATE POLICY claim ON analytics.job FOR UPDATE TO tessera_maintenance
    USING (state IN ('waiting', 'running')) WITH CHECK (state = 'running');
CREATE POLICY schedule ON analytics.job FOR INSERT TO tessera_maintenance
    WITH CHECK (state = 'waiting' AND kind = 'retention');
CREATE POLICY expired ON analytics.job FOR DELETE TO tessera_maintenance
    USING (finished_at < now() - interval '30 days');
GRANT SELECT, INSERT, UPDATE ON analytics.job TO tessera_app;
GRANT SELECT, INSERT, DELETE ON analytics.job TO tessera_maintenance;
GRANT UPDATE (state, holder, lease_until, fence, attempts, claimed_at)
    ON analytics.job TO tessera_maintenance;

-- Which tenants have newer files than upkeep has seen.
GRANT SELECT (added_version) ON analytics.data_file TO tessera_maintenance;
