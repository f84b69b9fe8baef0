-- Retries after a failure
-- Question: Do people run a failed command again within ten minutes, and does it work then?
-- Unit: the number of failed runs, the percentage of them that were retried, and the percentage of retries that succeeded
-- Note: The next run of the same command by the same person counts as the retry. Runs in CI do not count.
-- Written by make dashboards from arcade_otel/cli/report/questions.
WITH commands AS (
  SELECT
    toUnixTimestamp64Milli(timestamp) / 1000.0 AS seconds,
    toString(toMonday(timestamp)) AS week,
    dateDiff('week', toDate('1970-01-05'), toMonday(timestamp)) AS week_number,
    distinct_id AS distinct_id,
    toString(person_id) AS person,
    if(toString(properties.$process_person_profile) IN ('false', '0'), 0, 1) AS identified,
    coalesce(toString(properties.command_name), '') AS command,
    coalesce(nullIf(toString(properties.cli_version), ''), 'unknown') AS version,
    if(event = 'CLI execution failed', 1, 0) AS failed,
    toFloat(properties.duration) AS duration,
    coalesce(nullIf(toString(properties.error_type), ''), '_OTHER') AS error_type,
    coalesce(nullIf(toString(properties.os_type), ''), 'unknown') AS os,
    coalesce(nullIf(extract(toString(properties.python_version), '^[0-9]+[.][0-9]+'), ''), 'unknown') AS python,
    if(toString(properties.is_ci) IN ('true', '1') OR coalesce(toString(properties.ci), '') NOT IN ('', 'false', '0'), 1, 0) AS ci,
    multiIf(
      coalesce(toString(properties.agent), '') IN ('', 'false', '0'), '',
      toString(properties.agent) IN ('true', '1'), 'agent',
      coalesce(toString(properties.agent), '')
    ) AS agent,
    multiIf(
      toString(properties.interactive) IN ('true', '1'), 'yes',
      toString(properties.interactive) IN ('false', '0'), 'no',
      'unknown'
    ) AS interactive,
    coalesce(nullIf(toString(properties.install_method), ''), 'unknown') AS install_method,
    coalesce(nullIf(toString(properties.outcome), ''), if(event = 'CLI execution failed', 'failure', 'success')) AS outcome,
    if(toString(properties.first_run) IN ('true', '1'), 1, 0) AS first_run,
    coalesce(toString(properties.previous_version), '') AS previous_version,
    coalesce(toString(properties.$session_id), '') AS session
  FROM events
  WHERE event IN ('CLI execution succeeded', 'CLI execution failed') AND {filters}
),
followed AS (
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
