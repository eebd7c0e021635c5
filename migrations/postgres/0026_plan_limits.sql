-- What plans allow besides points, rows and memory; a tenant's own limits over
-- its plan's; and what of a day's limits is used, counted so that no two
-- requests get the same rest.

ALTER TABLE analytics.plan
    ADD COLUMN queries_per_second bigint NOT NULL DEFAULT 50,
    ADD COLUMN concurrent_queries bigint NOT NULL DEFAULT 4,
    ADD COLUMN scan_bytes_per_day bigint NOT NULL DEFAULT 536870912000,
    ADD COLUMN exports_per_day    bigint NOT NULL DEFAULT 200,
    ADD COLUMN concurrent_exports bigint NOT NULL DEFAULT 2,
    ADD COLUMN forecasts_per_day  bigint NOT NULL DEFAULT 1000,
    ADD COLUMN live_connections   bigint NOT NULL DEFAULT 25,
    ADD COLUMN saved_queries      bigint NOT NULL DEFAULT 50,
    ADD COLUMN stored_bytes       bigint NOT NULL DEFAULT 21474836480,
    ADD COLUMN api_keys           bigint NOT NULL DEFAULT 20;
UPDATE analytics.plan AS p SET
    queries_per_second = v.qps, concurrent_queries = v.queries, scan_bytes_per_day = v.scan,
    exports_per_day = v.exports, concurrent_exports = v.at_once, forecasts_per_day = v.forecasts,
    live_connections = v.live, saved_queries = v.saved, stored_bytes = v.stored, api_keys = v.keys
FROM (VALUES
    ('free',         20,  2,     53687091200,     20,  1,      50,    5,   10,     1073741824,    5),
    ('starter',      50,  4,    536870912000,    200,  2,    1000,   25,   50,    21474836480,   20),
    ('pro',         500, 16,   5497558138880,   2000,  4,   20000,  200,  500,   536870912000,  100),
    ('enterprise', 2000, 64, 109951162777600, 100000, 16, 1000000, 2000, 5000, 10995116277760, 1000))
    AS v (plan, qps, queries, scan, exports, at_once, forecasts, live, saved, stored, keys)
WHERE p.plan = v.plan;

-- An operator changes limits; names are for ever.
GRANT UPDATE (
    dimension_keys, metrics, ingest_points_per_day, result_rows, query_memory_bytes,
    query_timeout_ms, export_rows, retention_days, queries_per_second, concurrent_queries,
    scan_bytes_per_day, exports_per_day, concurrent_exports, forecasts_per_day,
    live_connections, saved_queries, stored_bytes, api_keys) ON analytics.plan TO tessera_app;

-- A tenant's own limits; null: the plan's.
CREATE TABLE analytics.plan_override (
    tenant_id             text PRIMARY KEY REFERENCES analytics.tenant,
    dimension_keys        bigint,
    metrics               bigint,
    ingest_points_per_day bigint,
    result_rows           bigint,
    query_memory_bytes    bigint,
    query_timeout_ms      bigint,
    export_rows           bigint,
    retention_days        integer CHECK (retention_days > 0),
    queries_per_second    bigint,
    concurrent_queries    bigint,
    scan_bytes_per_day    bigint,
    exports_per_day       bigint,
    concurrent_exports    bigint,
    forecasts_per_day     bigint,
    live_connections      bigint,
    saved_queries         bigint,
    stored_bytes          bigint,
    api_keys              bigint
);
ALTER TABLE analytics.plan_override ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.plan_override FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.plan_override
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- Whose points are too old is looked up over all tenants.
CREATE POLICY maintenance ON analytics.plan_override FOR SELECT TO tessera_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE ON analytics.plan_override TO tessera_app;
GRANT SELECT (tenant_id, retention_days) ON analytics.plan_override TO tessera_maintenance;

-- What holds for a tenant.
CREATE VIEW analytics.tenant_limits WITH (security_invoker = true) AS
    SELECT t.tenant_id, t.plan,
        coalesce(o.dimension_keys, p.dimension_keys) AS dimension_keys,
        coalesce(o.metrics, p.metrics) AS metrics,
        coalesce(o.ingest_points_per_day, p.ingest_points_per_day) AS ingest_points_per_day,
        coalesce(o.result_rows, p.result_rows) AS result_rows,
        coalesce(o.query_memory_bytes, p.query_memory_bytes) AS query_memory_bytes,
        coalesce(o.query_timeout_ms, p.query_timeout_ms) AS query_timeout_ms,
        coalesce(o.export_rows, p.export_rows) AS export_rows,
        coalesce(o.retention_days, p.retention_days) AS retention_days,
        coalesce(o.queries_per_second, p.queries_per_second) AS queries_per_second,
        coalesce(o.concurrent_queries, p.concurrent_queries) AS concurrent_queries,
        coalesce(o.scan_bytes_per_day, p.scan_bytes_per_day) AS scan_bytes_per_day,
        coalesce(o.exports_per_day, p.exports_per_day) AS exports_per_day,
        coalesce(o.concurrent_exports, p.concurrent_exports) AS concurrent_exports,
        coalesce(o.forecasts_per_day, p.forecasts_per_day) AS forecasts_per_day,
        coalesce(o.live_connections, p.live_connections) AS live_connections,
        coalesce(o.saved_queries, p.saved_queries) AS saved_queries,
        coalesce(o.stored_bytes, p.stored_bytes) AS stored_bytes,
        coalesce(o.api_keys, p.api_keys) AS api_keys
    FROM analytics.tenant t
    JOIN analytics.plan p USING (plan)
    LEFT JOIN analytics.plan_override o USING (tenant_id);
GRANT SELECT ON analytics.tenant_limits TO tessera_app;

-- What a tenant has taken of a day's limits, by UTC day.
CREATE TABLE analytics.spent (
    tenant_id  text NOT NULL REFERENCES analytics.tenant,
    day        date NOT NULL,
    limit_name text NOT NULL,
    used       bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    CONSTRAINT spent_pkey PRIMARY KEY (tenant_id, day, limit_name)
);
ALTER TABLE analytics.spent ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.spent FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.spent
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE ON analytics.spent TO tessera_app;

-- Takes `p_needed` of today's rest of a limit, or up to `p_wanted` where that
-- is no more than a 1,024th of the limit; nothing when the rest is less than
-- needed. Callers wait for each other at the row, so that together they never
-- get more than the limit. No row: there is no such tenant.
CREATE FUNCTION analytics.spend(p_tenant text, p_limit text, p_needed bigint, p_wanted bigint)
RETURNS TABLE (granted bigint, used bigint, allowed bigint, plan text, resets_at timestamptz)
LANGUAGE plpgsql SECURITY INVOKER AS $$
#variable_conflict use_column
DECLARE
    v_day date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
    SELECT l.plan, CASE p_limit
            WHEN 'scan_bytes_per_day' THEN l.scan_bytes_per_day
            WHEN 'exports_per_day' THEN l.exports_per_day
            WHEN 'forecasts_per_day' THEN l.forecasts_per_day END
        INTO plan, allowed
        FROM analytics.tenant_limits l WHERE l.tenant_id = p_tenant;
    IF NOT FOUND OR allowed IS NULL THEN
        RETURN;
    END IF;
    resets_at := (v_day + 1)::timestamp AT TIME ZONE 'UTC';
    INSERT INTO analytics.spent (tenant_id, day, limit_name) VALUES (p_tenant, v_day, p_limit)
        ON CONFLICT DO NOTHING;
    SELECT s.used INTO used FROM analytics.spent s
        WHERE s.tenant_id = p_tenant AND s.day = v_day AND s.limit_name = p_limit FOR UPDATE;
    granted := CASE WHEN used + p_needed > allowed THEN 0
        ELSE least(greatest(p_needed, least(p_wanted, allowed / 1024)), allowed - used) END;
    IF granted > 0 THEN
        UPDATE analytics.spent s SET used = s.used + granted
            WHERE s.tenant_id = p_tenant AND s.day = v_day AND s.limit_name = p_limit;
    END IF;
    RETURN NEXT;
END $$;

-- The points of a day are held against what holds for the tenant. The function
-- is otherwise left as it is.
DO $$
DECLARE
    v_is text := pg_get_functiondef('analytics.commit_files'::regproc);
    v_becomes text := regexp_replace(v_is,
        'SELECT p\.ingest_points_per_day INTO v_limit FROM analytics\.tenant t\s+'
        'JOIN analytics\.plan p USING \(plan\) WHERE t\.tenant_id = p_tenant;',
        'SELECT l.ingest_points_per_day INTO v_limit FROM analytics.tenant_limits l '
        'WHERE l.tenant_id = p_tenant;');
BEGIN
    IF v_becomes = v_is THEN
        RAISE EXCEPTION 'analytics.commit_files holds points against no plan';
    END IF;
    EXECUTE v_becomes;
END $$;

-- What was taken of days long over is for nobody.
CREATE INDEX spent_day ON analytics.spent (day);
CREATE POLICY expired_seen ON analytics.spent FOR SELECT TO tessera_maintenance
    USING (day < current_date - 7);
CREATE POLICY expired ON analytics.spent FOR DELETE TO tessera_maintenance
    USING (day < current_date - 7);
GRANT SELECT, DELETE ON analytics.spent TO tessera_maintenance;
