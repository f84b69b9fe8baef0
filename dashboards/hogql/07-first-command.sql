-- First command and time to the first success
-- Question: Which command do new people run first, and how long does it take until a command succeeds?
-- Unit: the number of people, and the median time in seconds from the start of the first command to the end of the first success
-- Note: Runs in CI do not count. A person's first command is the first one in the chosen period.
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
    row_number() OVER (PARTITION BY person ORDER BY seconds, command) AS place,
    min(seconds) OVER (PARTITION BY person) AS began,
    min(CASE WHEN failed = 0 THEN seconds + coalesce(duration, 0) / 1000.0 END) OVER (PARTITION BY person) AS success_at
  FROM commands
  WHERE ci = 0
),
firsts AS (
  SELECT
    command AS first_command,
    CASE WHEN success_at IS NULL THEN 0 ELSE 1 END AS reached,
    success_at - began AS waited
  FROM ranked
  WHERE place = 1
),
placed AS (
  SELECT
    first_command,
    reached,
    waited,
    row_number() OVER (PARTITION BY first_command, reached ORDER BY waited) AS place,
    count(*) OVER (PARTITION BY first_command, reached) AS of_places
  FROM firsts
)
SELECT
  first_command,
  count(*) AS people,
  sum(reached) AS people_with_success,
  round(100.0 * sum(reached) / count(*), 1) AS success_percent,
  round(min(CASE WHEN reached = 1 AND place >= 0.5 * of_places THEN waited END), 1) AS seconds_to_success
FROM placed
GROUP BY first_command
ORDER BY people DESC, first_command
LIMIT 50
