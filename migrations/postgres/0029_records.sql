-- Records: which queries ran, and who changed what.

-- One row a query that ended, written some moments later. `text` has no
-- literals: a value in it would be somebody's data.
CREATE TABLE analytics.query_log (
    tenant_id     text NOT NULL REFERENCES analytics.tenant,
    query_id      uuid NOT NULL,
    started_at    timestamptz NOT NULL,
    who           text NOT NULL,
    class         text NOT NULL,
    text          text NOT NULL,
    -- The same for texts that differ in their values only.
    shape         text NOT NULL,
    version       bigint,
    queued_ms     bigint NOT NULL,
    ran_ms        bigint NOT NULL,
    rows          bigint NOT NULL,
    bytes_sent    bigint NOT NULL,
    files         bigint NOT NULL,
    rows_scanned  bigint NOT NULL,
    bytes_scanned bigint NOT NULL,
    verdict       text NOT NULL CHECK (verdict IN
        ('finished', 'truncated', 'failed', 'cancelled', 'timed_out', 'refused')),
    -- The problem's type where there was one.
    problem       text,
    CONSTRAINT query_log_pkey PRIMARY KEY (tenant_id, query_id)
);
CREATE INDEX query_log_newest ON analytics.query_log (tenant_id, started_at, query_id);
CREATE INDEX query_log_all ON analytics.query_log (started_at, query_id);
ALTER TABLE analytics.query_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.query_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.query_log
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- The operator reads the records of all tenants; what has expired is removed.
CREATE POLICY operator ON analytics.query_log FOR SELECT TO tessera_maintenance USING (true);
CREATE POLICY expired ON analytics.query_log FOR DELETE TO tessera_maintenance
    USING (started_at < now() - interval '30 days');
GRANT SELECT, INSERT ON analytics.query_log TO tessera_app;
GRANT SELECT, DELETE ON analytics.query_log TO tessera_maintenance;

-- One row a change of a tenant's keys, plan, definitions and data, and a
-- refusal for lack of rights.
CREATE TABLE analytics.audit_log (
    tenant_id text NOT NULL REFERENCES analytics.tenant,
    entry_id  uuid NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    who       text NOT NULL,
    action    text NOT NULL,
    target    text NOT NULL,
    -- How often, where the same came again within a moment.
    times     bigint NOT NULL DEFAULT 1,
    detail    jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, entry_id)
);
CREATE INDEX audit_log_newest ON analytics.audit_log (tenant_id, at, entry_id);
CREATE INDEX audit_log_all ON analytics.audit_log (at, entry_id);
ALTER TABLE analytics.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.audit_log
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
CREATE POLICY operator ON analytics.audit_log FOR SELECT TO tessera_maintenance USING (true);
CREATE POLICY expired ON analytics.audit_log FOR DELETE TO tessera_maintenance
    USING (at < now() - interval '400 days');
GRANT SELECT, INSERT ON analytics.audit_log TO tessera_app;
GRANT SELECT, DELETE ON analytics.audit_log TO tessera_maintenance;

-- The same of what is no tenant's: plans.
CREATE TABLE analytics.operator_audit (
    entry_id uuid PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    who      text NOT NULL,
    action   text NOT NULL,
    target   text NOT NULL,
    times    bigint NOT NULL DEFAULT 1,
    detail   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX operator_audit_newest ON analytics.operator_audit (at, entry_id);
GRANT INSERT ON analytics.operator_audit TO tessera_app;
GRANT SELECT, DELETE ON analytics.operator_audit TO tessera_maintenance;

-- Records a change in the transaction that makes it, so that there is none
-- without its record, whichever way it came. Arguments: what the row is; the
-- columns that name it; the columns that may be recorded. Whatever is not named
-- here, such as a key's hash, is in no record. A restore changes nothing anew
-- and is not recorded; neither are rows that an owner writes for a tenant.
CREATE FUNCTION analytics.audit() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    v_old jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}'::jsonb ELSE to_jsonb(OLD) END;
    v_new jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}'::jsonb ELSE to_jsonb(NEW) END;
    v_row jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    v_who text := coalesce(nullif(current_setting('app.actor', true), ''), 'system');
    v_action text := TG_ARGV[0] || CASE TG_OP
        WHEN 'INSERT' THEN '.created' WHEN 'UPDATE' THEN '.changed' ELSE '.removed' END;
    v_target text;
    v_changed jsonb;
BEGIN
    IF current_setting('app.restoring', true) = 'on' THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(jsonb_object_agg(c, v_row -> c), '{}') INTO v_changed
        FROM unnest(CASE WHEN TG_ARGV[2] = '*'
            THEN ARRAY(SELECT jsonb_object_keys(v_row)) ELSE string_to_array(TG_ARGV[2], ',') END) AS c
        WHERE v_old -> c IS DISTINCT FROM v_new -> c;
    IF TG_OP = 'UPDATE' AND v_changed = '{}' THEN
        RETURN NULL;
    END IF;
    SELECT string_agg(v_row ->> c, '/' ORDER BY o) INTO v_target
        FROM unnest(string_to_array(TG_ARGV[1], ',')) WITH ORDINALITY AS t (c, o);
    IF v_row ? 'tenant_id' THEN
        IF v_row ->> 'tenant_id' IS NOT DISTINCT FROM current_setting('app.current_tenant_id', true) THEN
            INSERT INTO analytics.audit_log (tenant_id, entry_id, who, action, target, detail)
                VALUES (v_row ->> 'tenant_id', gen_random_uuid(), v_who, v_action,
                    coalesce(v_target, ''), v_changed);
        END IF;
    ELSE
        INSERT INTO analytics.operator_audit (entry_id, who, action, target, detail)
            VALUES (gen_random_uuid(), v_who, v_action, coalesce(v_target, ''), v_changed);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER audited AFTER INSERT OR UPDATE ON analytics.tenant
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('tenant', 'tenant_id', 'plan,time_zone');
CREATE TRIGGER audited AFTER INSERT OR UPDATE ON analytics.api_key
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('key', 'key_id', 'scopes,expires_at,revoked_at');
-- A metric that nobody defined is no change of a definition.
CREATE TRIGGER audited AFTER INSERT OR UPDATE ON analytics.metric
    FOR EACH ROW WHEN (NOT NEW.assumed)
    EXECUTE FUNCTION analytics.audit('metric', 'platform,metric_type,metric_name', 'definition,version');
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON analytics.metric_retention
    FOR EACH ROW EXECUTE FUNCTION
    analytics.audit('retention', 'platform,metric_type,metric_name', 'retention_days');
CREATE TRIGGER audited AFTER INSERT OR UPDATE ON analytics.erasure
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('erasure', 'erasure_id', 'dimension,finished_at,receipt');
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON analytics.plan
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('plan', 'plan', '*');
