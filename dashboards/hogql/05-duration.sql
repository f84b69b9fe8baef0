-- Duration of commands
-- Question: How long does each command take, usually and at worst?
-- Unit: the duration in milliseconds (p50: half of the runs take at most this long; p95: 95 of 100 runs do)
-- Note: Each percentile is the duration of a real run (nearest rank).
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
ranked AS (
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
