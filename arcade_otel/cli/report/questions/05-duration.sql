-- title: Duration of commands
-- question: How long does each command take, usually and at worst?
-- unit: the duration in milliseconds (p50: half of the runs take at most this long; p95: 95 of 100 runs do)
-- note: Each percentile is the duration of a real run (nearest rank).
-- chart: bar command p50_ms p95_ms
WITH ranked AS (
  SELECT
    command,
    duration,
    row_number() OVER (PARTITION BY command ORDER BY duration) AS place,
    count(*) OVER (PARTITION BY command) AS of_places
  FROM commands
  WHERE duration IS NOT NULL
)
SELECT
  command,
  count(*) AS runs,
  round(min(CASE WHEN place >= 0.5 * of_places THEN duration END), 1) AS p50_ms,
  round(min(CASE WHEN place >= 0.95 * of_places THEN duration END), 1) AS p95_ms
FROM ranked
GROUP BY command
ORDER BY runs DESC, command
LIMIT 50
