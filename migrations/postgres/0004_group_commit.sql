-- Commits of several tenants' batches in one round trip and one fsync.
--
-- Each request runs in an exception block of its own, under its own tenant's
-- setting: what one tenant does wrong, or another process holds locked, never
-- touches the commit of the next. Requests come sorted by tenant, so two
-- groups cannot wait for each other in a circle; they do not wait at all.
--
-- Arrays with one element a file or event are cut by `p_files_to` and
-- `p_events_to`: request i has the elements after those of request i-1, up to
-- its own number. Outcomes beside those of `analytics.commit_files`:
--   busy     another process commits for this tenant: next round
--   failed   an error of this request alone; `message` is for the log
CREATE FUNCTION analytics.commit_group(
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
            WHEN OTHERS THEN
                outcome := 'failed';
                message := SQLSTATE || ' ' || SQLERRM;
        END;
        v_from := v_to + 1;
        v_events_from := v_events_to + 1;
        RETURN NEXT;
    END LOOP;
END $$;
