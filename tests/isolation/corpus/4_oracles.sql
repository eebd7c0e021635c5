--! answer
SELECT count(*) FROM analytics_data_points WHERE tenant_id = 'b'
--! answer
SELECT count(*) FROM analytics_data_points WHERE tenant_id <> 'a' OR true
--! answer
SELECT count(*) FROM analytics_data_points WHERE NOT (tenant_id = 'a')
--! answer
SELECT DISTINCT tenant_id FROM analytics_data_points
--! answer
SELECT min(tenant_id), max(tenant_id) FROM analytics_data_points
--! answer
SELECT max(metric_value) FROM analytics_data_points
--! answer
SELECT max(commit_version), min(ingested_at) = max(ingested_at) FROM analytics_data_points
--! answer
SELECT count(*) FROM analytics_data_points WHERE metric_value = 666.125
--! answer
SELECT count(*) FROM analytics_data_points WHERE dimensions->>'secret' LIKE 'canary%'
--! answer
SELECT approx_distinct(tenant_id) FROM analytics_data_points
--! answer
SELECT * FROM metrics WHERE metric_name LIKE '%canary%'
--! answer
SELECT * FROM daily_metrics WHERE metric_name LIKE '%canary%'
--! answer
SELECT count(*) FROM weekly_metrics WHERE tenant_id = 'b'
--! answer
SELECT platform FROM platforms
--! answer
SELECT * FROM usage WHERE tenant_id = 'b'
--! error: a cast that fails on a value, but only on one's own
SELECT CAST(metric_name AS int) FROM analytics_data_points
--! answer: nobody of ours has this
SELECT CAST(dimensions->>'secret' AS int) FROM analytics_data_points WHERE tenant_id = 'b'
--! either
SELECT CAST(dimensions->>'secret' AS int) FROM analytics_data_points
--! either
SELECT CAST(dimensions->>'n' AS int) FROM analytics_data_points WHERE dimensions->>'secret' IS NOT NULL
--! error
SELECT sum(1 / (metric_value - 4.07)) FROM analytics_data_points
--! answer: only theirs would divide by zero
SELECT sum(1 / (metric_value - 666.125)) FROM analytics_data_points
--! error
SELECT 1 / 0 FROM analytics_data_points
--! error
SELECT 1 / (SELECT count(*) FROM analytics_data_points WHERE tenant_id = 'b')
--! answer
SELECT CASE WHEN tenant_id = 'b' THEN 1 / 0 ELSE 1 END FROM analytics_data_points WHERE metric_value > 600
--! either
SELECT CASE WHEN tenant_id = 'b' THEN CAST(metric_name AS int) ELSE 1 END FROM analytics_data_points
--! answer
SELECT count(*) FROM analytics_data_points WHERE tenant_id = 'b' AND CAST(metric_name AS int) = 1
--! either
SELECT count(*) FROM analytics_data_points WHERE CAST(metric_name AS int) = 1 AND tenant_id = 'b'
--! error
SELECT CAST('x' || tenant_id AS int) FROM analytics_data_points
--! error
SELECT CAST(arrow_cast(metric_name, 'Utf8') AS timestamp) FROM analytics_data_points
--! error
SELECT DATE 'canary-b'
--! error
SELECT INTERVAL 'canary'
--! error
SELECT to_timestamp(metric_name) FROM analytics_data_points
--! error
SELECT decode(metric_name, 'hex') FROM analytics_data_points
--! error
SELECT sum(CAST(99999999999999999999999999999999999999 AS decimal(38, 0))) FROM analytics_data_points
--! error
SELECT sum(9223372036854775807) FROM analytics_data_points
--! error
SELECT factorial(100)
--! either
SELECT CAST(metric_value AS smallint) FROM analytics_data_points
--! error
SELECT CAST(1e30 AS bigint)
--! either
SELECT CAST('NaN' AS decimal(10, 2))
--! error
SELECT (SELECT metric_value FROM analytics_data_points)
--! error
SELECT tenant_id FROM analytics_data_points GROUP BY platform
--! error
SELECT _file, _row FROM analytics_data_points
--! error
SELECT ctid, xmin, tableoid FROM analytics_data_points
--! error
SELECT canary FROM analytics_data_points
--! error
SELECT dim_secret FROM analytics_data_points
--! error
SELECT num_secret FROM analytics_data_points
--! answer
SELECT dimensions->>'secret' FROM analytics_data_points
--! answer: the JSON text has no key of theirs
SELECT count(*) FROM analytics_data_points WHERE dimensions LIKE '%canary%'
--! answer
SELECT count(*) FROM analytics_data_points a JOIN analytics_data_points b ON a.tenant_id <> b.tenant_id
--! answer
SELECT count(*) FROM analytics_data_points a FULL JOIN metrics m ON m.metric_name = a.metric_name WHERE a.tenant_id IS NULL OR a.tenant_id <> 'a'
--! answer
SELECT tenant_id, rank() OVER (ORDER BY metric_value DESC) AS r FROM analytics_data_points ORDER BY r LIMIT 1
--! answer
SELECT lag(metric_value) OVER (ORDER BY recorded_at, metric_value) AS before FROM analytics_data_points ORDER BY 1
--! answer
SELECT tenant_id, count(*) FROM analytics_data_points GROUP BY CUBE (tenant_id) ORDER BY 1, 2
