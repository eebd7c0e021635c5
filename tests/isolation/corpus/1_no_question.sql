--! refused
CREATE TABLE t (x int)
--! refused
CREATE TABLE t AS SELECT * FROM analytics_data_points
--! refused
CREATE TABLE IF NOT EXISTS analytics.metrics AS VALUES (1)
--! refused
CREATE OR REPLACE TABLE metrics AS SELECT 1
--! refused
CREATE TEMPORARY TABLE t AS SELECT 1
--! refused
CREATE UNBOUNDED EXTERNAL TABLE t (x int) STORED AS CSV LOCATION '/dev/stdin'
--! refused
CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '{folder}'
--! refused
CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{out}'
--! refused
CREATE EXTERNAL TABLE t STORED AS JSON LOCATION 'http://169.254.169.254/latest/meta-data'
--! refused
CREATE VIEW v AS SELECT 1
--! refused
CREATE OR REPLACE VIEW analytics_data_points AS SELECT 1
--! refused
CREATE MATERIALIZED VIEW v AS SELECT 1
--! refused
CREATE SCHEMA b
--! refused
CREATE DATABASE tessera
--! refused
CREATE FUNCTION f() RETURNS int RETURN 1
--! refused
CREATE FUNCTION f(x text) RETURNS text LANGUAGE c AS '/lib/libc.so.6', 'system'
--! refused
CREATE INDEX i ON analytics_data_points (platform)
--! refused
CREATE ROLE b SUPERUSER
--! refused
CREATE EXTENSION plpython3u
--! refused
DROP TABLE analytics_data_points
--! refused
DROP TABLE IF EXISTS analytics_data_points CASCADE
--! refused
DROP VIEW daily_metrics
--! refused
DROP SCHEMA analytics CASCADE
--! refused
DROP FUNCTION time_bucket
--! refused
ALTER TABLE analytics_data_points ADD COLUMN x int
--! refused
ALTER TABLE analytics_data_points RENAME TO b
--! refused
ALTER ROLE tessera_app SUPERUSER
--! refused
TRUNCATE analytics_data_points
--! refused
INSERT INTO analytics_data_points SELECT * FROM analytics_data_points
--! refused
INSERT INTO metrics VALUES ('a')
--! refused
INSERT INTO metrics DEFAULT VALUES RETURNING *
--! refused
INSERT OVERWRITE metrics SELECT * FROM metrics
--! refused
WITH x AS (SELECT 1) INSERT INTO metrics SELECT * FROM x
--! refused: a writing subquery
WITH x AS (INSERT INTO metrics VALUES ('a') RETURNING *) SELECT * FROM x
--! refused: a deleting subquery
WITH gone AS (DELETE FROM analytics_data_points RETURNING *) SELECT count(*) FROM gone
--! refused
WITH x AS (UPDATE metrics SET kind = 'gauge' RETURNING *) SELECT * FROM x
--! refused
UPDATE analytics_data_points SET metric_value = 0
--! refused
UPDATE analytics_data_points SET tenant_id = 'b'
--! refused
DELETE FROM analytics_data_points
--! refused
DELETE FROM analytics_data_points USING metrics
--! refused
MERGE INTO metrics m USING metrics n ON true WHEN MATCHED THEN DELETE
--! refused
SELECT * INTO t FROM analytics_data_points
--! refused
SELECT 1 AS x INTO TEMPORARY t
--! refused
COPY analytics_data_points TO '{out}'
--! refused
COPY (SELECT 1) TO '{out}' STORED AS CSV
--! refused
COPY (SELECT * FROM analytics_data_points) TO 's3://bucket/x.parquet'
--! refused
COPY metrics FROM '/etc/passwd'
--! refused
COPY metrics TO PROGRAM 'id'
--! refused
UNLOAD (SELECT 1) TO '{out}'
--! refused
SET datafusion.catalog.information_schema = true
--! refused
SET datafusion.execution.parquet.pushdown_filters = true
--! refused
SET app.current_tenant_id = 'b'
--! refused
SET LOCAL app.current_tenant_id TO 'b'
--! refused
SET ROLE postgres
--! refused
SET SESSION AUTHORIZATION postgres
--! refused
SET TIME ZONE 'Asia/Kathmandu'
--! refused
SET search_path TO pg_catalog
--! refused
RESET ALL
--! refused
RESET datafusion.execution.time_zone
--! refused
SHOW TABLES
--! refused
SHOW ALL
--! refused
SHOW COLUMNS FROM analytics_data_points
--! refused
SHOW FUNCTIONS
--! refused
SHOW CREATE TABLE analytics_data_points
--! refused
DESCRIBE analytics_data_points
--! refused
DESC metrics
--! refused
PREPARE p AS SELECT 1
--! refused
PREPARE p(int) AS SELECT $1
--! refused
EXECUTE p
--! refused
EXECUTE IMMEDIATE 'SELECT 1'
--! refused
DEALLOCATE ALL
--! refused
DECLARE c CURSOR FOR SELECT 1
--! refused
FETCH ALL FROM c
--! refused
BEGIN
--! refused
START TRANSACTION ISOLATION LEVEL SERIALIZABLE
--! refused
COMMIT
--! refused
ROLLBACK
--! refused
SAVEPOINT s
--! refused
LOCK TABLE metrics
--! refused
VACUUM
--! refused
ANALYZE metrics
--! refused
REINDEX DATABASE tessera
--! refused
LISTEN anything
--! refused
NOTIFY anything, 'x'
--! refused
CALL pg_reload_conf()
--! refused
DO 'begin null; end'
--! refused
LOAD '/lib/libc.so.6'
--! refused
INSTALL httpfs
--! refused
ATTACH 'x.db' AS x
--! refused
USE b
--! refused
KILL QUERY 1
--! refused
GRANT ALL ON ALL TABLES IN SCHEMA analytics TO PUBLIC
--! refused
REVOKE ALL ON metrics FROM a
--! refused
PRAGMA database_list
--! refused: nothing at all
;
--! refused: white space
   
--! refused: a comment
-- nothing
--! refused: two statements
SELECT 1; SELECT 2
--! refused
SELECT 1; DROP TABLE analytics_data_points
--! refused: hidden behind a comment
SELECT 1 /* ; */ ; /* */ DELETE FROM metrics
--! refused
SELECT 1;;; SELECT 2
--! answer: a last semicolon is none
SELECT 1;
--! refused: pipes
FROM analytics_data_points |> DROP platform
--! refused
TABLE analytics_data_points
--! refused
SELECT * FROM analytics_data_points FOR UPDATE SKIP LOCKED; COMMIT
--! refused: a sample that is none
SELECT count(*) FROM analytics_data_points TABLESAMPLE BERNOULLI (1)
--! refused
SELECT count(*) FROM (SELECT * FROM analytics_data_points) AS p TABLESAMPLE SYSTEM (10)
--! refused: nothing is locked here
SELECT * FROM analytics_data_points FOR UPDATE
--! refused
SELECT * FROM metrics FOR SHARE SKIP LOCKED
--! refused: a clause of another dialect
SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS t (a, b)
