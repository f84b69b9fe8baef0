-- title: Retries after a failure
-- question: Do people run a failed command again within ten minutes, and does it work then?
-- unit: the number of failed runs, the percentage of them that were retried, and the percentage of retries that succeeded
-- note: The next run of the same command by the same person counts as the retry. Runs in CI do not count.
-- chart: bar command retried_percent success_percent
WITH followed AS (
  SELECT
    command,
    failed,
    seconds,
    count(*) OVER next_run AS has_next,
    min(seconds) OVER next_run AS next_seconds,
    min(failed) OVER next_run AS next_failed
  FROM commands
  WHERE ci = 0
  WINDOW next_run AS (PARTITION BY person, command ORDER BY seconds ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING)
),
judged AS (
  SELECT
    command,
    CASE WHEN has_next = 1 AND next_seconds - seconds <= 600 THEN 1 ELSE 0 END AS retried,
    CASE WHEN has_next = 1 AND next_seconds - seconds <= 600 AND next_failed = 0 THEN 1 ELSE 0 END AS mended
  FROM followed
  WHERE failed = 1
)
SELECT
  command,
  count(*) AS failures,
  round(100.0 * sum(retried) / count(*), 1) AS retried_percent,
  round(100.0 * sum(mended) / nullif(sum(retried), 0), 1) AS success_percent
FROM judged
GROUP BY command
ORDER BY failures DESC, command
LIMIT 50
