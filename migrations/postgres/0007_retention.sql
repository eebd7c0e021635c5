-- How long points are kept, and what was erased.

-- Days of points that a plan keeps, counted from `recorded_at`; null: all.
ALTER TABLE analytics.plan ADD COLUMN retention_days integer CHECK (retention_days > 0);
UPDATE analytics.plan SET retention_days = 400 WHERE plan = 'free';
UPDATE analytics.plan SET retention_days = 1100 WHERE plan = 'starter';

-- A metric that is kept for a shorter time than the plan would.
CREATE TABLE analytics.metric_retention (
    tenant_id      text NOT NULL REFERENCES analytics.tenant,
    platform       text NOT NULL,
    metric_type    text NOT NULL,
    metric_name    text NOT NULL,
    retention_days integer NOT NULL CHECK (retention_days > 0),
    CONSTRAINT metric_retention_pkey PRIMARY KEY (tenant_id, platform, metric_type, metric_name)
);
ALTER TABLE analytics.metric_retention ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.metric_retention FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.metric_retention
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
CREATE POLICY maintenance ON analytics.metric_retention FOR SELECT TO tessera_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.metric_retention TO tessera_app;
GRANT SELECT (tenant_id) ON analytics.metric_retention TO tessera_maintenance;

-- The weekly round asks which tenants have a limit at all.
CREATE POLICY maintenance ON analytics.tenant FOR SELECT TO tessera_maintenance USING (true);
GRANT SELECT (tenant_id, plan, created_at) ON analytics.tenant TO tessera_maintenance;
GRANT SELECT (plan, retention_days) ON analytics.plan TO tessera_maintenance;

-- What was asked to be erased, and the receipt. The value itself is never
-- here: `subject_hash` is the SHA-256 of the salt and the value, and rows are
-- matched by hashing theirs, which also lets an erasure be done again after a
-- restore. Rows ingested before `finished_at` are meant, not later ones.
CREATE TABLE analytics.erasure (
    tenant_id    text NOT NULL REFERENCES analytics.tenant,
    erasure_id   uuid NOT NULL,
    dimension    text,
    salt         bytea CHECK (octet_length(salt) = 32),
    subject_hash bytea CHECK (octet_length(subject_hash) = 32),
    requested_at timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    receipt      jsonb,
    CONSTRAINT erasure_pkey PRIMARY KEY (tenant_id, erasure_id),
    -- Of everything, or of one value of a dimension.
    CONSTRAINT erasure_subject CHECK ((dimension IS NULL) = (subject_hash IS NULL)
        AND (dimension IS NULL) = (salt IS NULL)),
    CONSTRAINT erasure_receipt CHECK ((finished_at IS NULL) = (receipt IS NULL))
);
ALTER TABLE analytics.erasure ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.erasure FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.erasure
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE ON analytics.erasure TO tessera_app;

-- Erasing all of a tenant forgets what else holds its data.
GRANT DELETE ON analytics.event_seen, analytics.idempotency, analytics.import_chunk TO tessera_app;
