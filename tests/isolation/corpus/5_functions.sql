--! error
SELECT input_file_name() FROM analytics_data_points
--! error
SELECT input_file_name(), count(*) FROM analytics_data_points GROUP BY 1
--! error
SELECT file_row_index() FROM analytics_data_points
--! error
SELECT arrow_metadata(metric_value) FROM analytics_data_points
--! error
SELECT arrow_field(metric_value) FROM analytics_data_points
--! error
SELECT with_metadata(metric_value, 'a', 'b') FROM analytics_data_points
--! error
SELECT version()
--! error
SELECT "version"()
--! error
SELECT current_setting('app.current_tenant_id')
--! error
SELECT set_config('app.current_tenant_id', 'b', false)
--! error
SELECT pg_sleep(10)
--! error
SELECT pg_read_file('/etc/passwd')
--! error
SELECT lo_import('/etc/passwd')
--! error
SELECT pg_backend_pid()
--! error
SELECT current_database()
--! error
SELECT getenv('DATABASE_URL')
--! error
SELECT query_to_xml('select 1', true, true, '')
--! error
SELECT load_extension('x')
--! error
SELECT eval('1')
--! error
SELECT @@version
--! error
SELECT @secret
--! error
SELECT analytics.commit_files()
--! error
SELECT array_repeat(1, 1000000000)
--! error
SELECT array_resize([1], 1000000000)
--! error
SELECT list_resize([1], 1000000000)
--! error
SELECT range(1, 1000000000)
--! error
SELECT generate_series(1, 1000000000)
--! error
SELECT array_concat([1], [2])
--! error
SELECT [1] || [2]
--! error
SELECT array_agg(metric_value) FROM analytics_data_points
--! error
SELECT array_agg(array_agg(1)) FROM analytics_data_points
--! error
SELECT struct(1, 2)
--! error
SELECT named_struct('a', 1)
--! error
SELECT {'a': 1}
--! error
SELECT map(['a'], [1])
--! error
SELECT make_map('a', 1)
--! error
SELECT [[1], [2]]
--! error
SELECT array_transform([1, 2], x -> x + 1)
--! error
SELECT arrow_cast(NULL, 'FixedSizeBinary(2000000000)')
--! error
SELECT arrow_cast([1], 'FixedSizeList(1000000000, Int64)')
--! error
SELECT arrow_try_cast(1, 'List(Int64)')
--! error
SELECT arrow_cast(1, 'Dictionary(Int32, Utf8)')
--! error
SELECT arrow_cast('x', platform) FROM analytics_data_points
--! refused
SELECT CAST(NULL AS int[])
--! refused
SELECT NULL::int[][][][]
--! refused
SELECT CAST(NULL AS STRUCT<a INT, b STRUCT<c INT>>)
--! either
SELECT arrow_typeof(dimensions) FROM analytics_data_points
--! varies
SELECT random(), uuid() FROM analytics_data_points
--! varies
SELECT now(), current_date
--! answer
SELECT count(*) FROM generate_series(1, 1000)
--! answer
SELECT x FROM unnest([1, 2, 3]) AS u(x)
--! refused: a pattern of each row's own
SELECT regexp_like(metric_name, metric_name) FROM analytics_data_points
--! refused
SELECT metric_name ~ metric_name FROM analytics_data_points
--! refused
SELECT metric_name SIMILAR TO metric_name FROM analytics_data_points
--! refused
SELECT regexp_replace(metric_name, dimensions->>'n', '') FROM analytics_data_points
--! refused: a pattern that is too large when it is made ready
SELECT regexp_like(metric_name, '((\w{100}){100}){100}') FROM analytics_data_points
--! refused
SELECT metric_name ~ '(((\pL{50}){50}){50}){50}' FROM analytics_data_points
--! refused
SELECT regexp_like(metric_name, '(') FROM analytics_data_points
--! answer: no pattern takes exponential time here
SELECT regexp_like('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '^(a+)+$')
--! refused
SELECT 'a' ~ '⟦2000×a⟧'
