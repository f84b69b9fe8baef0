-- Errors by type
-- Question: Which errors end commands, and how many people do these errors affect?
-- Unit: the number of failed runs, and the number of people
-- Note: An error type is the exception's class, or _OTHER if the run failed without an exception.
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
)
SELECT error_type, count(*) AS failures, count(DISTINCT person) AS people, count(DISTINCT command) AS commands_with_it
FROM commands
WHERE failed = 1
GROUP BY error_type
ORDER BY failures DESC, error_type
LIMIT 50
