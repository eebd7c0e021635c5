-- Bounds on what one tenant costs the others.

-- Metrics that a tenant may have: each is in every snapshot and layout.
ALTER TABLE analytics.plan ADD COLUMN metrics bigint NOT NULL DEFAULT 500;
UPDATE analytics.plan SET metrics = CASE plan
    WHEN 'free' THEN 200 WHEN 'starter' THEN 500 WHEN 'pro' THEN 2000 ELSE 10000 END;

-- As before, but a lock that is not to be had (background work holds a row for
-- a moment) makes a request wait for the next round and does not fail it.
CREATE OR REPLACE FUNCTION analytics.commit_group(
    p_tenant text[], p_files_to integer[], p_events_to integer[],
    p_file_id uuid[], p_payload bytea[], p_object_key text[], p_window text[],
    p_rows bigint[], p_bytes bigint[], p_footer_bytes integer[], p_sha256 bytea[],
    p_min timestamptz[], p_max timestamptz[], p_statistics jsonb[],
    p_rollup bytea[], p_rollup_key text[], p_rollup_zone text[],
    p_registry_version bigint[], p_dimensions jsonb[], p_overflowed boolean[], p_metrics jsonb[],
    p_idempotency_key text[], p_body_hash bytea[], p_answer jsonb[], p_chunk bytea[], p_events uuid[],
    p_points bigint[], p_duplicates bigint[], p_rejected bigint[], p_imported boolean[])
RETURNS TABLE (outcome text, version bigint, answer jsonb, message text, transaction_id text)
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    v_from integer := 1;
    v_to integer;
    v_events_from integer := 1;
    v_events_to integer;
BEGIN
    FOR i IN 1 .. cardinality(p_tenant) LOOP
        v_to := p_files_to[i];
        v_events_to := p_events_to[i];
        message := NULL;
        BEGIN
            PERFORM set_config('app.current_tenant_id', p_tenant[i], true);
            PERFORM FROM analytics.tenant_version v
                WHERE v.tenant_id = p_tenant[i] FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                outcome := CASE WHEN EXISTS (
                    SELECT FROM analytics.tenant_version v WHERE v.tenant_id = p_tenant[i])
                    THEN 'busy' ELSE 'not_found' END;
            ELSE
                SELECT c.outcome, c.version, c.answer, c.transaction_id
                    INTO outcome, version, answer, transaction_id
                    FROM analytics.commit_files(
                        p_tenant[i], '{}', p_file_id[v_from:v_to], p_payload[v_from:v_to],
                        p_object_key[v_from:v_to], p_window[v_from:v_to], p_rows[v_from:v_to],
                        p_bytes[v_from:v_to], p_footer_bytes[v_from:v_to], p_sha256[v_from:v_to],
                        p_min[v_from:v_to], p_max[v_from:v_to], p_statistics[v_from:v_to],
                        p_rollup[v_from:v_to], p_rollup_key[v_from:v_to], p_rollup_zone[i],
                        p_registry_version[i], p_dimensions[i], p_overflowed[i], p_metrics[i],
                        p_idempotency_key[i], p_body_hash[i], p_answer[i], p_chunk[i],
                        p_events[v_events_from:v_events_to],
                        p_points[i], p_duplicates[i], p_rejected[i], p_imported[i]) AS c;
                IF outcome <> 'committed' THEN
                    -- Undoes what this request wrote; the variables stay.
                    RAISE SQLSTATE 'TS001';
                END IF;
            END IF;
        EXCEPTION
            WHEN SQLSTATE 'TS001' THEN NULL;
            WHEN lock_not_available OR deadlock_detected THEN
                outcome := 'busy';
            WHEN OTHERS THEN
                outcome := 'failed';
                message := SQLSTATE || ' ' || SQLERRM;
        END;
        v_from := v_to + 1;
        v_events_from := v_events_to + 1;
        RETURN NEXT;
    END LOOP;
END $$;
