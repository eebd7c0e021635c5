-- Queries that run without their client: what `job` does not hold of them.

-- `query` and `params` are what a server needs to run it, and are forgotten
-- when it has ended. The result is an object whose key is made of tenant, job
-- and the fence it ran under; `pages` says where in it which rows are.
CREATE TABLE analytics.query_job (
    tenant_id  text NOT NULL REFERENCES analytics.tenant,
    job_id     uuid NOT NULL,
    who        text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When it, and what it left, is removed.
    expires_at timestamptz NOT NULL,
    timeout_ms bigint NOT NULL,
    -- Whether a result may show the records, as an admin's may.
    records    boolean NOT NULL,
    -- What of the tenant's data its caller may see; of a role that changes
    -- meanwhile, what it was when the query was put in.
    access     jsonb NOT NULL,
    query      text,
    params     jsonb,
    state      text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    fence      bigint NOT NULL DEFAULT 0,
    rows       bigint NOT NULL DEFAULT 0,
    bytes      bigint NOT NULL DEFAULT 0,
    ended_at   timestamptz,
    -- Of a result: the version and moment it is of, its pages, whether a limit
    -- cut it, what it read.
    result     jsonb,
    -- Why there is none.
    problem    jsonb,
    CONSTRAINT query_job_pkey PRIMARY KEY (tenant_id, job_id)
);
CREATE INDEX query_job_expiry ON analytics.query_job (expires_at);
ALTER TABLE analytics.query_job ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.query_job FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.query_job
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
CREATE POLICY expired ON analytics.query_job FOR SELECT TO tessera_maintenance
    USING (expires_at < now());
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.query_job TO tessera_app;
GRANT SELECT (tenant_id, job_id, fence, expires_at) ON analytics.query_job TO tessera_maintenance;
