--! refused
/*! DROP TABLE metrics */ DELETE FROM metrics
--! refused
--comment
DROP TABLE metrics
--! error
/* /* nested */ SELECT 1
--! answer
/* /* nested */ */ SELECT 1
--! answer
SELECT/**/1/**/AS/**/x
--! answer
SELECT ';DROP TABLE metrics;--'
--! answer
SELECT 'it''s' AS "a""b"
--! answer
SELECT $$; DELETE FROM metrics; $$
--! answer
SELECT $x$; $$ DELETE FROM metrics $x$
--! either
SELECT E'\x27; DELETE FROM metrics; --'
--! either
SELECT U&'\0027'
--! error: a mark of another script
SELECT ‘a’
--! either: a blank of no width
SELECT​ 1
--! either
SELECT 1
--! error
SELECT 1 FROM metrics WHERE platform = "b"
--! either: full width
ＳＥＬＥＣＴ 1
--! error
SELECT * FROM metrics WHERE
--! error
SELEC 1
--! error
SELECT * FROM
--! error
SELECT 'open
--! error
SELECT "open
--! error
SELECT $1
--! error
SELECT $tag$ open
--! error
SELECT ?
--! error
SELECT :name
--! error
SELECT ${jndi:ldap://example.org/a}
--! answer
SELECT '${jndi:ldap://example.org/a}', '<script>alert(1)</script>', '=1+1'
--! answer
SELECT 1 AS "<script>alert(1)</script>"
--! answer
SELECT 1 AS "tenant_id=a/x.parquet" WHERE false
--! either
SELECT 'a' LIKE 'a' ESCAPE ''
--! either
SELECT 0x41, 1e400
--! either
SELECT 1_000
--! either
SELECT -9223372036854775808, 99999999999999999999999999999999999999999
--! error
SELECT 1 OFFSET -1
--! either
SELECT * FROM metrics LIMIT 9223372036854775807
--! error
SELECT * FROM metrics LIMIT (SELECT 1000000000000 FROM nowhere)
--! either
SELECT * FROM metrics TABLESAMPLE BERNOULLI (10)
--! either
SELECT * FROM metrics FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'
--! error
SELECT * FROM metrics AT (VERSION => 1)
--! either
SELECT * FROM metrics PIVOT (count(*) FOR kind IN ('sum'))
--! either
SELECT * FROM metrics MATCH_RECOGNIZE (PATTERN (a) DEFINE a AS true)
--! error
SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (x int PATH '$'))
--! error
SELECT * FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS x text PATH 'b')
--! error
SELECT * FROM OPENJSON('{}')
--! either
VALUES (1), (2)
--! either
(SELECT 1)
--! either
((SELECT 1) UNION ALL (SELECT 2)) ORDER BY 1
--! either
SELECT ALL 1
--! error
SELECT DISTINCT ON (platform) * INTO x FROM metrics
--! refused
SELECT * INTO OUTFILE '{out}' FROM metrics
--! either
SELECT * EXCLUDE (platform) FROM metrics
--! either
SELECT * REPLACE ('b' AS platform) FROM metrics
