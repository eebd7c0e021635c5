-- What was forecast, what was found unusual, and the nightly run that does both.

-- One row a forecast. `steps` is an array of its steps with their bands, the
-- last cycle repeated beside each, and what happened once it has; `parts` the
-- same by platform where a total has several.
CREATE TABLE analytics.forecast (
    tenant_id        text NOT NULL REFERENCES analytics.tenant,
    forecast_id      uuid NOT NULL,
    made_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at       timestamptz NOT NULL,
    who              text NOT NULL,
    origin           text NOT NULL CHECK (origin IN ('asked', 'daily')),
    metric           text NOT NULL,
    -- The one platform that it is of; null: several.
    platform         text,
    filters          jsonb NOT NULL,
    granularity      text NOT NULL CHECK (granularity IN ('hour', 'day', 'week', 'month')),
    time_zone        text NOT NULL,
    -- What of the tenant's data its caller saw.
    access           jsonb NOT NULL,
    version          bigint NOT NULL,
    horizon          integer NOT NULL CHECK (horizon > 0),
    history_steps    integer NOT NULL,
    -- Start of the first step; null: nothing was measured.
    starts_at        timestamptz,
    confidence       text NOT NULL CHECK (confidence IN ('none', 'low', 'not_better', 'tested')),
    sentence         text NOT NULL,
    models           jsonb NOT NULL,
    -- Of the backtest, mean absolute errors; null where there was none.
    backtest_origins integer,
    backtest_error   double precision,
    backtest_naive   double precision,
    steps            jsonb NOT NULL,
    parts            jsonb NOT NULL,
    -- The track record: of steps that are over and were measured.
    scored_steps     integer NOT NULL DEFAULT 0,
    error            double precision,
    naive_error      double precision,
    inside_80        integer NOT NULL DEFAULT 0,
    inside_95        integer NOT NULL DEFAULT 0,
    -- When the next step is over; null: all were scored.
    score_due_at     timestamptz,
    CONSTRAINT forecast_pkey PRIMARY KEY (tenant_id, forecast_id)
);
CREATE INDEX forecast_newest ON analytics.forecast (tenant_id, made_at, forecast_id);
CREATE INDEX forecast_due ON analytics.forecast (tenant_id, score_due_at)
    WHERE score_due_at IS NOT NULL;
CREATE INDEX forecast_expiry ON analytics.forecast (expires_at);
-- A nightly run that is done again replaces what it had made.
CREATE UNIQUE INDEX forecast_daily ON analytics.forecast (tenant_id, metric, granularity, starts_at)
    WHERE origin = 'daily';
ALTER TABLE analytics.forecast ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.forecast FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.forecast
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
CREATE POLICY expired_seen ON analytics.forecast FOR SELECT TO tessera_maintenance
    USING (expires_at < now());
CREATE POLICY expired ON analytics.forecast FOR DELETE TO tessera_maintenance
    USING (expires_at < now());
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.forecast TO tessera_app;
GRANT SELECT (tenant_id, forecast_id, expires_at), DELETE ON analytics.forecast TO tessera_maintenance;

-- What was unusual, once each.
CREATE TABLE analytics.anomaly (
    tenant_id   text NOT NULL REFERENCES analytics.tenant,
    anomaly_id  uuid NOT NULL,
    found_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    found_by    text NOT NULL CHECK (found_by IN ('online', 'run')),
    kind        text NOT NULL CHECK (kind IN
        ('point', 'level_shift', 'trend_break', 'silence', 'group_outlier')),
    platform    text NOT NULL,
    metric_type text NOT NULL,
    metric_name text NOT NULL,
    -- Which value of which dimension differs from its peers; else empty.
    dimension   text NOT NULL DEFAULT '',
    member      text NOT NULL DEFAULT '',
    granularity text NOT NULL CHECK (granularity IN ('hour', 'day', 'week', 'month')),
    -- Start of the slot that it is in, or that it begins in.
    at          timestamptz NOT NULL,
    actual      double precision,
    expected    double precision NOT NULL,
    low         double precision,
    high        double precision,
    score       double precision NOT NULL,
    version     bigint NOT NULL,
    CONSTRAINT anomaly_pkey PRIMARY KEY (tenant_id, anomaly_id),
    CONSTRAINT anomaly_once UNIQUE
        (tenant_id, platform, metric_type, metric_name, granularity, kind, at, dimension, member)
);
CREATE INDEX anomaly_newest ON analytics.anomaly (tenant_id, at, anomaly_id);
CREATE INDEX anomaly_expiry ON analytics.anomaly (expires_at);
ALTER TABLE analytics.anomaly ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.anomaly FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.anomaly
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
CREATE POLICY expired_seen ON analytics.anomaly FOR SELECT TO tessera_maintenance
    USING (expires_at < now());
CREATE POLICY expired ON analytics.anomaly FOR DELETE TO tessera_maintenance
    USING (expires_at < now());
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.anomaly TO tessera_app;
GRANT SELECT (tenant_id, anomaly_id, expires_at), DELETE ON analytics.anomaly TO tessera_maintenance;

-- What the detector of a metric has learned of its hours up to `settled_until`;
-- later hours are seen again, because points come late.
CREATE TABLE analytics.detector (
    tenant_id     text NOT NULL REFERENCES analytics.tenant,
    platform      text NOT NULL,
    metric_type   text NOT NULL,
    metric_name   text NOT NULL,
    state         jsonb NOT NULL,
    settled_until timestamptz NOT NULL,
    -- From when on the metric is silent if nothing more comes; null: it has no
    -- rhythm, or that was told.
    silent_from   timestamptz,
    CONSTRAINT detector_pkey PRIMARY KEY (tenant_id, platform, metric_type, metric_name)
);
CREATE INDEX detector_silent ON analytics.detector (silent_from) WHERE silent_from IS NOT NULL;
ALTER TABLE analytics.detector ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.detector FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON analytics.detector
    USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')));
-- Whose metric stopped coming is looked up over all tenants.
CREATE POLICY maintenance ON analytics.detector FOR SELECT TO tessera_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.detector TO tessera_app;
GRANT SELECT (tenant_id, silent_from) ON analytics.detector TO tessera_maintenance;

-- The nightly run is a job like retention, put in for each tenant when its
-- zone's clock says so.
DROP POLICY schedule ON analytics.job;
CREATE POLICY schedule ON analytics.job FOR INSERT TO tessera_maintenance
    WITH CHECK (state = 'waiting' AND kind IN ('retention', 'daily'));
GRANT SELECT (time_zone) ON analytics.tenant TO tessera_maintenance;
