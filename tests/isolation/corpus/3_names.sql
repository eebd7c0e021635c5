--! missing
SELECT * FROM nowhere
--! missing
SELECT * FROM '/etc/passwd'
--! missing
SELECT * FROM "/etc/passwd"
--! missing
SELECT * FROM '/etc/x.parquet'
--! missing
SELECT * FROM '{folder}/data'
--! missing
SELECT * FROM '{folder}'
--! missing
SELECT * FROM 'file://{folder}'
--! missing
SELECT * FROM 'file:///etc/passwd'
--! missing
SELECT * FROM '../../../../etc/passwd'
--! missing
SELECT * FROM './data.csv'
--! missing
SELECT * FROM '~/.ssh/id_rsa'
--! missing
SELECT * FROM '/proc/self/environ'
--! missing
SELECT * FROM '/dev/zero'
--! missing
SELECT * FROM '/dev/stdin'
--! missing
SELECT * FROM '\\server\share\x.csv'
--! missing
SELECT * FROM '*.parquet'
--! missing
SELECT * FROM 'tenant_id=b/**/*.parquet'
--! missing
SELECT * FROM 'tenant_id=b/points/'
--! missing
SELECT * FROM "tenant_id=b"
--! missing
SELECT * FROM 's3://bucket/x.parquet'
--! missing
SELECT * FROM 'gs://bucket/x.parquet'
--! missing
SELECT * FROM 'az://container/x.parquet'
--! missing
SELECT * FROM 'http://169.254.169.254/latest/meta-data/'
--! missing
SELECT * FROM 'https://example.org/x.csv'
--! missing
SELECT * FROM 'tessera://snapshot/x.parquet'
--! missing
SELECT * FROM 'memory:///x.parquet'
--! missing
SELECT * FROM 'data:text/csv,a'
--! missing
SELECT * FROM public.analytics_data_points
--! missing
SELECT * FROM b.analytics_data_points
--! missing
SELECT * FROM "b"."analytics_data_points"
--! missing
SELECT * FROM tessera.b.analytics_data_points
--! missing
SELECT * FROM datafusion.public.analytics_data_points
--! either: one name too many
SELECT * FROM a.tessera.analytics.analytics_data_points
--! missing
SELECT * FROM analytics.tenant
--! missing
SELECT * FROM analytics.tenants
--! missing
SELECT * FROM analytics.api_key
--! missing
SELECT * FROM analytics.data_file
--! missing
SELECT * FROM analytics.event_seen
--! missing
SELECT * FROM analytics.job
--! missing
SELECT * FROM information_schema.tables
--! missing
SELECT * FROM information_schema.columns
--! missing
SELECT * FROM information_schema.schemata
--! missing
SELECT * FROM information_schema.df_settings
--! missing
SELECT * FROM information_schema.routines
--! missing
SELECT * FROM information_schema.parameters
--! missing
SELECT * FROM tessera.information_schema.views
--! missing
SELECT * FROM pg_catalog.pg_tables
--! missing
SELECT * FROM pg_catalog.pg_stat_activity
--! missing
SELECT * FROM pg_shadow
--! missing
SELECT * FROM pg_settings
--! missing
SELECT * FROM sqlite_master
--! missing
SELECT * FROM sys.databases
--! missing
SELECT * FROM "ANALYTICS_DATA_POINTS"
--! missing: a letter of another alphabet
SELECT * FROM аnalytics_data_points
--! missing: wide letters
SELECT * FROM "ａｎａｌｙｔｉｃｓ_data_points"
--! missing: a joiner of no width
SELECT * FROM "analytics‍_data_points"
--! missing
SELECT * FROM "analytics_data_points "
--! missing
SELECT * FROM "analytics.analytics_data_points"
--! missing
SELECT * FROM ""
--! missing
SELECT * FROM "b""; SELECT 1; --"
--! error
SELECT * FROM U&"\0061nalytics_data_points"
--! error
SELECT * FROM `analytics_data_points`
--! either
SELECT * FROM [analytics_data_points]
--! missing
SELECT 1 WHERE EXISTS (SELECT 1 FROM b.analytics_data_points)
--! missing
SELECT (SELECT count(*) FROM pg_catalog.pg_class)
--! missing
WITH x AS (SELECT * FROM '/etc/passwd') SELECT * FROM x
--! missing
SELECT * FROM analytics_data_points UNION ALL SELECT * FROM b.analytics_data_points
--! missing
SELECT * FROM analytics_data_points a JOIN 's3://x/y.parquet' b ON true
--! missing
SELECT * FROM analytics_data_points, LATERAL (SELECT * FROM '/etc/passwd') AS x
--! missing
SELECT * FROM metrics WHERE metric_name IN (SELECT metric_name FROM b.metrics)
--! missing
SELECT * FROM (VALUES (1)) AS v(x), '/etc/passwd'
--! missing
SELECT * FROM read_parquet('{folder}')
--! missing
SELECT * FROM read_csv('/etc/passwd')
--! missing
SELECT * FROM parquet_metadata('{folder}')
--! missing
SELECT * FROM metadata_cache()
--! missing
SELECT * FROM statistics_cache()
--! missing
SELECT * FROM glob('/*')
--! missing
SELECT * FROM pg_read_file('/etc/passwd')
--! missing
SELECT * FROM dblink('dbname=tessera', 'select 1')
--! answer: a name of one's own
SELECT * FROM tessera.analytics.metrics
--! answer
WITH b AS (SELECT 1 AS x) SELECT * FROM b
--! answer: a named subquery in a table's place
WITH analytics_data_points AS (SELECT 'mine' AS tenant_id) SELECT * FROM analytics_data_points
