-- What a tenant's questions used, by UTC day, and what it had stored. Counted
-- apart from `usage`, whose row every commit of the tenant updates.

CREATE TABLE analytics.query_usage (
    tenant_id     text NOT NULL REFERENCES analytics.tenant,
    day           date NOT NULL,
    dashboards    bigint NOT NULL DEFAULT 0,
    sql_queries   bigint NOT NULL DEFAULT 0,
    exports       bigint NOT NULL DEFAULT 0,
    forecasts     bigint NOT NULL DEFAULT 0,
    scanned_bytes bigint NOT NULL DEFAULT 0,
    cpu_us        bigint NOT NULL DEFAULT 0,
    result_rows   bigint NOT NULL DEFAULT 0,
    -- The most that was stored when it was looked at.
    stored_bytes  bigint NOT NULL DEFAULT 0,
    CONSTRAINT query_usage_pkey PRIMARY KEY (tenant_id, day)
);
CREATE INDEX query_usage_day ON analytics.query_usage (day);
CREATE INDEX usage_day ON analytics.usage (day);
ALTER TABLE analytics.query_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.query_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.query_usage
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
GRANT SELECT, INSERT, UPDATE ON analytics.query_usage TO tessera_app;

-- The operator's bill is of all tenants; what is stored is looked at for all.
CREATE POLICY maintenance ON analytics.query_usage TO tessera_maintenance
    USING (true) WITH CHECK (true);
CREATE POLICY maintenance ON analytics.usage FOR SELECT TO tessera_maintenance USING (true);
GRANT SELECT, INSERT (tenant_id, day, stored_bytes), UPDATE (stored_bytes)
    ON analytics.query_usage TO tessera_maintenance;
GRANT SELECT ON analytics.usage TO tessera_maintenance;
GRANT SELECT (tenant_id, bytes, removed_version) ON analytics.data_file TO tessera_maintenance;

-- Adds what was gathered in memory, of many tenants at once. Tenants come in
-- order, so that two servers never wait for each other; one that is gone is
-- passed over.
CREATE FUNCTION analytics.meter(
    p_tenant text[], p_day date[], p_dashboards bigint[], p_sql_queries bigint[],
    p_exports bigint[], p_forecasts bigint[], p_scanned_bytes bigint[], p_cpu_us bigint[],
    p_result_rows bigint[])
RETURNS void LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_tenant) LOOP
        PERFORM set_config('app.current_tenant_id', p_tenant[i], true);
        INSERT INTO analytics.query_usage AS u (tenant_id, day, dashboards, sql_queries, exports,
                forecasts, scanned_bytes, cpu_us, result_rows)
            SELECT t.tenant_id, p_day[i], p_dashboards[i], p_sql_queries[i], p_exports[i],
                p_forecasts[i], p_scanned_bytes[i], p_cpu_us[i], p_result_rows[i]
            FROM analytics.tenant t WHERE t.tenant_id = p_tenant[i]
            ON CONFLICT (tenant_id, day) DO UPDATE SET
                dashboards = u.dashboards + excluded.dashboards,
                sql_queries = u.sql_queries + excluded.sql_queries,
                exports = u.exports + excluded.exports,
                forecasts = u.forecasts + excluded.forecasts,
                scanned_bytes = u.scanned_bytes + excluded.scanned_bytes,
                cpu_us = u.cpu_us + excluded.cpu_us,
                result_rows = u.result_rows + excluded.result_rows;
    END LOOP;
END $$;
