-- Roll-ups beyond the day, and their background rewrite after a change of the
-- tenant's time zone or of a metric's definition.

-- Where a file's quarter hours and sketches are when they are too large to be
-- kept behind the days.
ALTER TABLE analytics.data_file ADD COLUMN detail_key text;
-- Which staleness (tenant_version.rollups_stale_at) the file's roll-up was
-- last looked at for.
ALTER TABLE analytics.data_file ADD COLUMN rollup_checked_at timestamptz;
GRANT SELECT (detail_key) ON analytics.data_file TO tessera_maintenance;

-- Set when stored roll-ups may no longer fit; cleared when all of them were
-- looked at. Existing roll-ups are of an older format, so all tenants begin so.
ALTER TABLE analytics.tenant_version ADD COLUMN rollups_stale_at timestamptz;
UPDATE analytics.tenant_version SET rollups_stale_at = now();
CREATE INDEX tenant_version_stale ON analytics.tenant_version (rollups_stale_at)
    WHERE rollups_stale_at IS NOT NULL;
CREATE POLICY maintenance ON analytics.tenant_version FOR SELECT TO tessera_maintenance
    USING (rollups_stale_at IS NOT NULL);
GRANT SELECT (tenant_id, rollups_stale_at) ON analytics.tenant_version TO tessera_maintenance;

-- Locks the tenant's version row, bumps the version and, where roll-ups no
-- longer fit, notes it. Answers the new version, or null for an unknown tenant.
-- The moment noted grows with each call, whatever the clock does.
CREATE FUNCTION analytics.bump_version(p_tenant text, p_stale boolean) RETURNS bigint
LANGUAGE sql SECURITY INVOKER AS $$
    UPDATE analytics.tenant_version v SET version = v.version + 1,
            rollups_stale_at = CASE WHEN p_stale THEN
                greatest(clock_timestamp(), v.rollups_stale_at + interval '1 microsecond')
                ELSE v.rollups_stale_at END
        WHERE v.tenant_id = p_tenant RETURNING v.version;
$$;

-- Moves a tenant's days to another zone. Until the roll-ups are rewritten,
-- answers are made from the rows. Nothing changes when the zone is the same.
CREATE FUNCTION analytics.set_time_zone(p_tenant text, p_zone text, OUT version bigint)
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    SELECT v.version INTO version FROM analytics.tenant_version v
        WHERE v.tenant_id = p_tenant FOR UPDATE;
    UPDATE analytics.tenant t SET time_zone = p_zone
        WHERE t.tenant_id = p_tenant AND t.time_zone <> p_zone;
    IF FOUND THEN
        version := analytics.bump_version(p_tenant, true);
    END IF;
END $$;

-- Sets what a metric is, registered or not. Nothing changes when it is that
-- already; a kind that was assumed becomes one that is known. A metric that is
-- new begins at version 2: version 1 is what a writer makes of a metric it does
-- not know, and one that has not heard of this yet must not be taken for right.
CREATE FUNCTION analytics.set_metric(p_tenant text, p_platform text, p_metric_type text,
    p_metric_name text, p_definition jsonb, OUT version bigint, OUT definition_version integer)
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    SELECT v.version INTO version FROM analytics.tenant_version v
        WHERE v.tenant_id = p_tenant FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO analytics.metric AS m VALUES
            (p_tenant, p_platform, p_metric_type, p_metric_name, p_definition, false, 2)
        ON CONFLICT (tenant_id, platform, metric_type, metric_name) DO UPDATE
            SET definition = excluded.definition, assumed = false, version = m.version + 1
            WHERE m.definition <> excluded.definition OR m.assumed
        RETURNING m.version INTO definition_version;
    IF FOUND THEN
        version := analytics.bump_version(p_tenant, true);
    ELSE
        SELECT m.version INTO definition_version FROM analytics.metric m
            WHERE m.tenant_id = p_tenant AND m.platform = p_platform
                AND m.metric_type = p_metric_type AND m.metric_name = p_metric_name;
    END IF;
END $$;

-- Notes where the details of files are that were added in this transaction.
CREATE FUNCTION analytics.attach_details(p_tenant text, p_file_id uuid[], p_detail_key text[])
RETURNS void LANGUAGE sql SECURITY INVOKER AS $$
    UPDATE analytics.data_file f SET detail_key = d.detail_key
        FROM unnest(p_file_id, p_detail_key) AS d (file_id, detail_key)
        WHERE f.tenant_id = p_tenant AND f.file_id = d.file_id;
    DELETE FROM analytics.pending_upload u
        WHERE u.tenant_id = p_tenant AND u.object_key = ANY (p_detail_key);
$$;

-- Replaces the roll-ups of exactly these live files, as commit_files replaces
-- files. `outcome`: committed, not_found, zone_changed (they are for a zone that
-- is the tenant's no longer) or files_gone; all but the first are rolled back.
-- Replaced objects become uploads that no commit names, and are swept when no
-- reader can hold them any more.
CREATE FUNCTION analytics.replace_rollups(p_tenant text, p_file_id uuid[], p_rollup bytea[],
    p_rollup_key text[], p_detail_key text[], p_zone text, p_stale_at timestamptz,
    OUT outcome text, OUT version bigint, OUT transaction_id text)
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    v_count bigint;
BEGIN
    transaction_id := pg_current_xact_id()::text;
    PERFORM FROM analytics.tenant_version v WHERE v.tenant_id = p_tenant FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'not_found';
        RETURN;
    END IF;
    PERFORM FROM analytics.tenant t WHERE t.tenant_id = p_tenant AND t.time_zone = p_zone;
    IF NOT FOUND THEN
        outcome := 'zone_changed';
        RETURN;
    END IF;
    INSERT INTO analytics.pending_upload (tenant_id, object_key)
        SELECT p_tenant, k.object_key FROM analytics.data_file f,
            LATERAL (VALUES (f.rollup_key), (f.detail_key)) AS k (object_key)
        WHERE f.tenant_id = p_tenant AND f.file_id = ANY (p_file_id) AND k.object_key IS NOT NULL
        ON CONFLICT DO NOTHING;
    UPDATE analytics.data_file f SET rollup = r.rollup, rollup_key = r.rollup_key,
            detail_key = r.detail_key, rollup_zone = p_zone, rollup_checked_at = p_stale_at
        FROM unnest(p_file_id, p_rollup, p_rollup_key, p_detail_key)
            AS r (file_id, rollup, rollup_key, detail_key)
        WHERE f.tenant_id = p_tenant AND f.file_id = r.file_id AND f.removed_version IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count <> cardinality(p_file_id) THEN
        outcome := 'files_gone';
        RETURN;
    END IF;
    DELETE FROM analytics.pending_upload u WHERE u.tenant_id = p_tenant
        AND u.object_key = ANY (p_rollup_key || p_detail_key);
    version := analytics.bump_version(p_tenant, false);
    outcome := 'committed';
END $$;
