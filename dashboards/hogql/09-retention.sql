-- Retention by week
-- Question: Of the people who ran their first command in the same week, how many come back in later weeks?
-- Unit: for people who ran their first command in the same week, the percentage who ran a command in each later week
-- Note: Runs in CI do not count. People who run the program on several machines without a login count once per machine.
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
weeks AS (
  SELECT DISTINCT person, week, week_number
  FROM commands
  WHERE ci = 0
),
seen AS (
  SELECT
    person,
    min(week) OVER (PARTITION BY person) AS cohort,
    week_number - min(week_number) OVER (PARTITION BY person) AS weeks_later
  FROM weeks
),
counted AS (
  SELECT cohort, weeks_later, count(*) AS people
  FROM seen
  WHERE weeks_later <= 8
  GROUP BY cohort, weeks_later
)
SELECT cohort, weeks_later, people, round(100.0 * people / max(people) OVER (PARTITION BY cohort), 1) AS percent
FROM counted
ORDER BY cohort, weeks_later
LIMIT 1000
