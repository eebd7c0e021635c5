--! error
SELECT repeat('a', 100000000000000)
--! error
SELECT repeat('a', 9223372036854775807)
--! error
SELECT repeat(metric_name, 100000000) FROM analytics_data_points
--! error
SELECT length(repeat(repeat('a', 1000000), 1000000))
--! answer
SELECT length(repeat('a', 1000000))
--! answer
SELECT repeat('a', -1)
--! error
SELECT lpad('a', 2000000000)
--! error
SELECT rpad('a', 2000000000, 'xyz')
--! error
SELECT lpad(metric_name, 100000000, 'é') FROM analytics_data_points
--! error
SELECT replace(repeat('a', 1000000), 'a', repeat('a', 1000000))
--! error
SELECT replace(repeat('ab', 1000), 'b', repeat('c', 100000))
--! error
SELECT regexp_replace(repeat('a', 1000000), 'a', repeat('b', 1000000), 'g')
--! error
SELECT regexp_replace(repeat('a', 100000), '(a*)', '\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1', 'g')
--! error
SELECT regexp_replace(repeat('a', 3000), '', repeat('b', 3000), 'g')
--! error
SELECT concat(repeat('a', 1000000), repeat('a', 1000000))
--! error
SELECT repeat('a', 1000000) || repeat('a', 1000000)
--! error
SELECT concat_ws(repeat('a', 100000), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
--! error
SELECT encode(repeat('a', 1000000), 'hex')
--! error
SELECT encode(encode(encode(encode(repeat('a', 200000), 'hex'), 'hex'), 'hex'), 'hex')
--! error
SELECT to_char(now(), repeat('%c', 500000))
--! error
SELECT overlay(repeat('a', 1000000) PLACING repeat('b', 1000000) FROM 1 FOR 0)
--! error
SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))
--! error
SELECT levenshtein(repeat('a', 100000), metric_name || repeat('b', 100000)) FROM analytics_data_points
--! error: each value is twice the one before
WITH c0 AS (SELECT 'aaaaaaaaaaaaaaaa' AS s), c1 AS (SELECT s || s AS s FROM c0), c2 AS (SELECT s || s AS s FROM c1), c3 AS (SELECT s || s AS s FROM c2), c4 AS (SELECT s || s AS s FROM c3), c5 AS (SELECT s || s AS s FROM c4), c6 AS (SELECT s || s AS s FROM c5), c7 AS (SELECT s || s AS s FROM c6), c8 AS (SELECT s || s AS s FROM c7), c9 AS (SELECT s || s AS s FROM c8), c10 AS (SELECT s || s AS s FROM c9), c11 AS (SELECT s || s AS s FROM c10), c12 AS (SELECT s || s AS s FROM c11), c13 AS (SELECT s || s AS s FROM c12), c14 AS (SELECT s || s AS s FROM c13), c15 AS (SELECT s || s AS s FROM c14), c16 AS (SELECT s || s AS s FROM c15), c17 AS (SELECT s || s AS s FROM c16) SELECT length(s) FROM c17
--! error: by recursion
WITH RECURSIVE r AS (SELECT 1 AS n, 'aa' AS s UNION ALL SELECT n + 1, s || s FROM r WHERE n < 40) SELECT max(length(s)) FROM r
--! error
SELECT count(*) FROM generate_series(1, 1000000000000000)
--! error
SELECT count(*) FROM range(0, 9223372036854775807, 1)
--! error
SELECT count(*) FROM generate_series(timestamp '1970-01-01', timestamp '2100-01-01', interval '1 microsecond')
--! error
SELECT count(*) FROM generate_series(1, 10, 0)
--! refused
SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b
--! refused
SELECT count(*) FROM generate_series(1, 1000000) a JOIN generate_series(1, 1000000) b ON a.value < b.value
--! refused
SELECT 1 FROM metrics m0⟦59×, metrics⟧
--! refused
SELECT 1 FROM metrics m0⟦59× CROSS JOIN metrics⟧
--! refused
SELECT 1 FROM metrics m0⟦59× NATURAL JOIN metrics⟧
--! refused: calls that make much, too many of them
SELECT ⟦100×repeat('a', 100000) || ⟧'a'
--! error: many rows at once
SELECT max(x) FROM (SELECT repeat(CAST(value AS text), 10000) AS x FROM generate_series(1, 8000)) AS t
--! answer
SELECT length(string_agg(metric_name, ',')) FROM analytics_data_points
--! answer
SELECT value FROM generate_series(1, 100000) ORDER BY value DESC LIMIT 1
