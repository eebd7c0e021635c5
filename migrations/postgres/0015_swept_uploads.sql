-- A commit names no object that the sweep has deleted or is about to.
--
-- The sweep marks a note before it deletes the object, and a commit takes away
-- the notes of all objects that it names. Both are one row that one of the two
-- gets first: a marked note is not a commit's any more, and a note that a commit
-- took away is not there to be marked. The mark stays until the object is gone,
-- so a sweep that ends in between is gone on with, and no commit gets through.
ALTER TABLE analytics.pending_upload ADD COLUMN swept_at timestamptz;
-- The mark, and the sign of life of long work.
GRANT UPDATE (started_at, swept_at) ON analytics.pending_upload TO tessera_app;

-- Takes away the notes of these objects; nulls are passed over. Answers whether
-- all of them were there and unmarked: if not, nothing may be kept.
CREATE FUNCTION analytics.settle_uploads(p_tenant text, p_keys text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    v_keys text[] := array_remove(p_keys, NULL);
    v_count bigint;
BEGIN
    IF cardinality(v_keys) = 0 THEN
        RETURN true;
    END IF;
    DELETE FROM analytics.pending_upload u WHERE u.tenant_id = p_tenant
        AND u.object_key = ANY (v_keys) AND u.swept_at IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count = cardinality(v_keys);
END $$;

-- As before, and a new outcome: 'upload_swept', an object that was to be named
-- was uploaded too long ago.
CREATE OR REPLACE FUNCTION analytics.commit_files(
    p_tenant text, p_remove uuid[],
    p_file_id uuid[], p_payload bytea[], p_object_key text[], p_window text[],
    p_rows bigint[], p_bytes bigint[], p_footer_bytes integer[], p_sha256 bytea[],
    p_min timestamptz[], p_max timestamptz[], p_statistics jsonb[],
    p_rollup bytea[], p_rollup_key text[], p_rollup_zone text,
    p_registry_version bigint, p_dimensions jsonb, p_overflowed boolean, p_metrics jsonb,
    p_idempotency_key text, p_body_hash bytea, p_answer jsonb, p_chunk bytea, p_events uuid[],
    p_points bigint, p_duplicates bigint, p_rejected bigint, p_imported boolean,
    OUT outcome text, OUT version bigint, OUT answer jsonb, OUT transaction_id text)
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    v_registry bigint;
    v_hash bytea;
    v_count bigint;
    v_limit bigint;
    v_used bigint;
BEGIN
    transaction_id := pg_current_xact_id()::text;
    SELECT v.version + 1, v.registry_version INTO version, v_registry
        FROM analytics.tenant_version v WHERE v.tenant_id = p_tenant FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'not_found';
        RETURN;
    END IF;

    IF p_idempotency_key IS NOT NULL THEN
        SELECT i.body_hash, i.answer INTO v_hash, answer FROM analytics.idempotency i
            WHERE i.tenant_id = p_tenant AND i.key = p_idempotency_key AND i.expires_at > now();
        IF FOUND THEN
            outcome := CASE WHEN v_hash = p_body_hash THEN 'replayed' ELSE 'key_conflict' END;
            RETURN;
        END IF;
        INSERT INTO analytics.idempotency
            VALUES (p_tenant, p_idempotency_key, p_body_hash,
                    jsonb_set(p_answer, '{version}', to_jsonb(version)), now() + interval '7 days')
            ON CONFLICT (tenant_id, key) DO UPDATE SET body_hash = excluded.body_hash,
                answer = excluded.answer, expires_at = excluded.expires_at;
    END IF;

    IF p_chunk IS NOT NULL THEN
        INSERT INTO analytics.import_chunk VALUES (p_tenant, p_chunk, p_points, now())
            ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            outcome := 'chunk_known';
            RETURN;
        END IF;
    END IF;

    IF p_points + p_duplicates + p_rejected > 0 THEN
        INSERT INTO analytics.usage AS u (tenant_id, day, points, imported, duplicates, rejected)
            VALUES (p_tenant, (now() AT TIME ZONE 'UTC')::date,
                    CASE WHEN p_imported THEN 0 ELSE p_points END,
                    CASE WHEN p_imported THEN p_points ELSE 0 END, p_duplicates, p_rejected)
            ON CONFLICT (tenant_id, day) DO UPDATE SET points = u.points + excluded.points,
                imported = u.imported + excluded.imported,
                duplicates = u.duplicates + excluded.duplicates,
                rejected = u.rejected + excluded.rejected
            RETURNING u.points INTO v_used;
        SELECT p.ingest_points_per_day INTO v_limit FROM analytics.tenant t
            JOIN analytics.plan p USING (plan) WHERE t.tenant_id = p_tenant;
        IF v_used > v_limit AND p_points > 0 AND NOT p_imported THEN
            outcome := 'over_limit';
            answer := jsonb_build_object('used', v_used - p_points, 'allowed', v_limit);
            RETURN;
        END IF;
    END IF;

    IF p_dimensions IS NOT NULL OR p_overflowed THEN
        IF v_registry <> p_registry_version THEN
            outcome := 'registry_changed';
            RETURN;
        END IF;
        INSERT INTO analytics.dimension_key
            SELECT p_tenant, d.key, d.column_name, d.partial
            FROM jsonb_to_recordset(coalesce(p_dimensions, '[]'))
                AS d (key text, column_name text, partial boolean)
            ON CONFLICT (tenant_id, key) DO UPDATE SET partial = true WHERE excluded.partial;
        v_registry := v_registry + 1;
    END IF;

    IF p_metrics IS NOT NULL THEN
        INSERT INTO analytics.metric
            SELECT p_tenant, m.platform, m.metric_type, m.metric_name, m.definition, m.assumed, 1
            FROM jsonb_to_recordset(p_metrics)
                AS m (platform text, metric_type text, metric_name text, definition jsonb, assumed boolean)
            ON CONFLICT DO NOTHING;
    END IF;

    IF cardinality(p_events) > 0 THEN
        BEGIN
            INSERT INTO analytics.event_seen
                SELECT p_tenant, unnest(p_events), now() + interval '7 days';
        EXCEPTION WHEN unique_violation THEN
            INSERT INTO analytics.event_seen AS e
                SELECT p_tenant, unnest(p_events), now() + interval '7 days'
                ON CONFLICT (tenant_id, event) DO UPDATE SET expires_at = excluded.expires_at
                    WHERE e.expires_at <= now();
            GET DIAGNOSTICS v_count = ROW_COUNT;
            IF v_count <> cardinality(p_events) THEN
                outcome := 'events_seen';
                RETURN;
            END IF;
        END;
    END IF;

    IF cardinality(p_remove) > 0 THEN
        UPDATE analytics.data_file f SET removed_version = version, removed_at = now()
            WHERE f.tenant_id = p_tenant AND f.file_id = ANY (p_remove) AND f.removed_version IS NULL;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        IF v_count <> cardinality(p_remove) THEN
            outcome := 'files_gone';
            RETURN;
        END IF;
    END IF;

    INSERT INTO analytics.data_file (tenant_id, file_id, payload, object_key, window_name, rows, bytes,
            footer_bytes, sha256, min_recorded_at, max_recorded_at, statistics, rollup, rollup_key,
            rollup_zone, added_version)
        SELECT p_tenant, f.*, p_rollup_zone, version
        FROM unnest(p_file_id, p_payload, p_object_key, p_window, p_rows, p_bytes, p_footer_bytes,
            p_sha256, p_min, p_max, p_statistics, p_rollup, p_rollup_key) AS f;

    IF NOT analytics.settle_uploads(p_tenant, p_object_key || p_rollup_key) THEN
        outcome := 'upload_swept';
        RETURN;
    END IF;

    UPDATE analytics.tenant_version v SET version = commit_files.version,
            registry_version = v_registry,
            registry_overflowed = v.registry_overflowed OR p_overflowed
        WHERE v.tenant_id = p_tenant;
    outcome := 'committed';
END $$;

-- Notes where the details of files are that were added in this transaction;
-- false when one was swept, and then nothing of the transaction may be kept.
DROP FUNCTION analytics.attach_details(text, uuid[], text[]);
CREATE FUNCTION analytics.attach_details(p_tenant text, p_file_id uuid[], p_detail_key text[])
RETURNS boolean LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    UPDATE analytics.data_file f SET detail_key = d.detail_key
        FROM unnest(p_file_id, p_detail_key) AS d (file_id, detail_key)
        WHERE f.tenant_id = p_tenant AND f.file_id = d.file_id;
    RETURN analytics.settle_uploads(p_tenant, p_detail_key);
END $$;

-- As before, with the outcome 'upload_swept'.
CREATE OR REPLACE FUNCTION analytics.replace_rollups(p_tenant text, p_file_id uuid[], p_rollup bytea[],
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
        -- Readers may hold it from now on for as long as any replaced file.
        ON CONFLICT (tenant_id, object_key) DO UPDATE SET started_at = now();
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
    IF NOT analytics.settle_uploads(p_tenant, p_rollup_key || p_detail_key) THEN
        outcome := 'upload_swept';
        RETURN;
    END IF;
    version := analytics.bump_version(p_tenant, false);
    outcome := 'committed';
END $$;
