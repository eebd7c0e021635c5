--! refused
EXPLAIN ANALYZE SELECT 1
--! refused
EXPLAIN (ANALYZE) SELECT 1
--! refused
EXPLAIN (ANALYZE true, VERBOSE) SELECT * FROM analytics_data_points
--! refused
EXPLAIN ANALYZE VERBOSE SELECT * FROM analytics_data_points
--! refused
EXPLAIN EXPLAIN SELECT 1
--! refused
EXPLAIN DELETE FROM analytics_data_points
--! refused
EXPLAIN VERBOSE INSERT INTO metrics VALUES ('a')
--! refused
EXPLAIN COPY (SELECT 1) TO '{out}'
--! refused
EXPLAIN CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{out}'
--! refused
EXPLAIN CREATE TABLE t AS SELECT 1
--! refused
EXPLAIN SET datafusion.catalog.information_schema = true
--! refused
EXPLAIN SELECT 1; SELECT 2
--! refused
EXPLAIN SELECT * INTO t FROM analytics_data_points
--! refused
EXPLAIN FORMAT TREE SELECT * FROM analytics_data_points
--! refused
EXPLAIN VERBOSE FORMAT TREE SELECT 1
--! refused
EXPLAIN (FORMAT TREE) SELECT 1
--! refused
EXPLAIN PREPARE p AS SELECT 1
--! refused
EXPLAIN analytics_data_points
--! answer
EXPLAIN SELECT * FROM analytics_data_points
--! either
EXPLAIN VERBOSE SELECT * FROM analytics_data_points WHERE dimensions->>'n' = '1'
--! answer
EXPLAIN FORMAT PGJSON SELECT sum(metric_value) FROM analytics_data_points
--! answer
EXPLAIN FORMAT GRAPHVIZ SELECT sum(metric_value) FROM analytics_data_points
--! answer
EXPLAIN SELECT * FROM daily_metrics d JOIN metrics m ON d.metric_name = m.metric_name
--! missing
EXPLAIN SELECT * FROM b.analytics_data_points
--! missing
EXPLAIN SELECT * FROM '/etc/passwd'
