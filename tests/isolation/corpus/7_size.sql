--! refused
SELECT 1⟦2000×+1⟧
--! refused
SELECT 1⟦2000× + (1⟧⟦2000×)⟧
--! refused
SELECT ⟦2000×- ⟧1
--! refused
SELECT ⟦1000×NOT ⟧true
--! refused
SELECT ⟦5000×(⟧1⟦5000×)⟧
--! refused
SELECT ⟦5000×(⟧
--! refused
SELECT ⟦100×array[⟧1⟦100×]⟧
--! refused
SELECT 1⟦2000×::int⟧
--! refused
SELECT 1⟦1000× IS NULL⟧
--! refused
SELECT 'a'⟦1000× LIKE 'a'⟧
--! refused
SELECT true⟦1000× IN (true)⟧
--! refused
SELECT now()⟦1000× AT TIME ZONE 'UTC'⟧
--! refused
SELECT 'a'⟦1000× COLLATE "C"⟧
--! refused
SELECT 'a'⟦1000×||'a'⟧
--! refused
SELECT true⟦1000× AND true⟧
--! refused
SELECT 1⟦500× UNION ALL SELECT 1⟧
--! refused
SELECT 1⟦500× INTERSECT SELECT 1⟧
--! refused
⟦100×SELECT * FROM (⟧SELECT 1⟦100×) AS t⟧
--! refused
SELECT ⟦300×CASE WHEN true THEN ⟧1⟦300× ELSE 0 END⟧
--! refused
SELECT ⟦12000×1,⟧1
--! refused
SELECT '⟦70000×a⟧'
--! refused
SELECT 1 -- ⟦70000×a⟧
--! answer
SELECT length('⟦50000×a⟧')
--! answer
SELECT count(*) FROM metrics WHERE metric_name IN (⟦3000×'a',⟧'b')
--! refused
SELECT 1 FROM metrics GROUP BY CUBE (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
--! refused
SELECT count(*) FROM metrics GROUP BY ROLLUP (platform, metric_type), ROLLUP (platform, metric_name), ROLLUP (metric_type, metric_name), ROLLUP (platform, metric_name)
--! refused: a million scans of nothing
WITH c0 AS (SELECT 1 AS x), c1 AS (SELECT a.x FROM c0 a, c0 b), c2 AS (SELECT a.x FROM c1 a, c1 b), c3 AS (SELECT a.x FROM c2 a, c2 b), c4 AS (SELECT a.x FROM c3 a, c3 b), c5 AS (SELECT a.x FROM c4 a, c4 b), c6 AS (SELECT a.x FROM c5 a, c5 b), c7 AS (SELECT a.x FROM c6 a, c6 b), c8 AS (SELECT a.x FROM c7 a, c7 b), c9 AS (SELECT a.x FROM c8 a, c8 b) SELECT count(*) FROM c9
--! refused: the same with quotes and without FROM
WITH "C0" AS (SELECT 1 AS x), "C1" AS (SELECT x FROM "C0" UNION ALL SELECT x FROM "C0"), "C2" AS (SELECT x FROM "C1" UNION ALL SELECT x FROM "C1"), "C3" AS (SELECT x FROM "C2" UNION ALL SELECT x FROM "C2"), "C4" AS (SELECT x FROM "C3" UNION ALL SELECT x FROM "C3"), "C5" AS (SELECT x FROM "C4" UNION ALL SELECT x FROM "C4"), "C6" AS (SELECT x FROM "C5" UNION ALL SELECT x FROM "C5"), "C7" AS (SELECT x FROM "C6" UNION ALL SELECT x FROM "C6"), "C8" AS (SELECT x FROM "C7" UNION ALL SELECT x FROM "C7") SELECT count(*) FROM "C8"
--! refused: one within the other
WITH c AS (WITH c AS (WITH c AS (WITH c AS (WITH c AS (WITH c AS (WITH c AS (WITH c AS (SELECT 1 AS x) SELECT a.x FROM c a, c b) SELECT a.x FROM c a, c b) SELECT a.x FROM c a, c b) SELECT a.x FROM c a, c b) SELECT a.x FROM c a, c b) SELECT a.x FROM c a, c b) SELECT a.x FROM c a, c b) SELECT a.x FROM c a, c b, c d
--! refused
WITH ⟦70×c AS (SELECT 1), ⟧d AS (SELECT 1) SELECT 1
--! error: a name twice
WITH c AS (SELECT 1), c AS (SELECT 2) SELECT * FROM c
--! either: a name of itself without recursion
WITH c AS (SELECT * FROM c) SELECT * FROM c
--! answer
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT count(*) FROM r
--! answer
SELECT count(*) FROM metrics a JOIN metrics b ON a.metric_name = b.metric_name JOIN metrics c ON b.metric_name = c.metric_name
