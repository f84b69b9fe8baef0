-- Commands by use
-- Question: Which commands are used, and by how many people?
-- Unit: the number of runs, and the number of people
-- Note: The command name is empty if the user typed no valid command.
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
SELECT command, count(*) AS runs, count(DISTINCT person) AS people
FROM commands
GROUP BY command
ORDER BY runs DESC, command
LIMIT 50
