-- title: For publication: commands
-- question: Which numbers about commands can you publish?
-- unit: the number of runs in the 30, 90 and 365 days before the newest event
-- note: The table includes only commands that at least ten people used. The table does not include people, IDs, times or errors.
-- chart: bar command runs_30_days runs_90_days runs_365_days
WITH aged AS (
  SELECT command, person, max(seconds) OVER () - seconds AS age
  FROM commands
)
SELECT
  command,
  sum(CASE WHEN age < 2592000 THEN 1 ELSE 0 END) AS runs_30_days,
  sum(CASE WHEN age < 7776000 THEN 1 ELSE 0 END) AS runs_90_days,
  count(*) AS runs_365_days
FROM aged
WHERE age < 31536000
GROUP BY command
HAVING count(DISTINCT person) >= 10
ORDER BY runs_365_days DESC, command
LIMIT 500
