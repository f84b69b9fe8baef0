-- First command and time to the first success
-- Question: Which command do new people run first, and how long does it take until a command succeeds?
-- Unit: the number of people, and the median time in seconds from the start of the first command to the end of the first success
-- Note: Runs in CI do not count. A person's first command is the first one in the chosen period.
-- Written by make dashboards from arcade_otel/cli/report/questions.
-- Reads a table or view `events` with the columns of PostHog's batch export: uuid, event, distinct_id, timestamp (DateTime64, UTC)
-- and properties (String, JSON). A warehouse never updates an exported person_id, so this query joins the IDs itself.
WITH aliases AS (
  -- The account that an anonymous ID was joined to. An anonymous ID is joined to one account only; the first one counts.
  SELECT distinct_id AS anonymous_id, argMin(JSONExtractString(properties, 'alias'), (timestamp, uuid)) AS account
  FROM events
  WHERE event = '$create_alias'
  GROUP BY distinct_id
),
received AS (
  -- A second delivery has the same uuid.
  SELECT uuid, event, distinct_id, timestamp, properties
  FROM events
  WHERE event IN ('CLI execution succeeded', 'CLI execution failed')
  ORDER BY timestamp
  LIMIT 1 BY uuid
),
commands AS (
  SELECT
    toUnixTimestamp64Milli(toDateTime64(timestamp, 6, 'UTC')) / 1000.0 AS seconds,
    toString(toMonday(toTimeZone(timestamp, 'UTC'))) AS week,
    dateDiff('week', toDate('1970-01-05'), toMonday(toTimeZone(timestamp, 'UTC'))) AS week_number,
    received.distinct_id AS distinct_id,
    coalesce(nullIf(aliases.account, ''), received.distinct_id) AS person,
    if(JSONExtractRaw(properties, '$process_person_profile') = 'false', 0, 1) AS identified,
    JSONExtractString(properties, 'command_name') AS command,
    coalesce(nullIf(JSONExtractString(properties, 'cli_version'), ''), 'unknown') AS version,
    if(event = 'CLI execution failed', 1, 0) AS failed,
    JSONExtract(properties, 'duration', 'Nullable(Float64)') AS duration,
    coalesce(nullIf(JSONExtractString(properties, 'error_type'), ''), '_OTHER') AS error_type,
    coalesce(nullIf(JSONExtractString(properties, 'os_type'), ''), 'unknown') AS os,
    coalesce(nullIf(extract(JSONExtractString(properties, 'python_version'), '^[0-9]+[.][0-9]+'), ''), 'unknown') AS python,
    if(
      JSONExtractRaw(properties, 'is_ci') = 'true'
        OR JSONExtractRaw(properties, 'ci') NOT IN ('', 'null', 'false', '""', '"false"', '"0"'),
      1, 0
    ) AS ci,
    multiIf(
      JSONExtractRaw(properties, 'agent') IN ('true', '"true"', '"1"'), 'agent',
      JSONExtractString(properties, 'agent') IN ('false', '0'), '',
      JSONExtractString(properties, 'agent')
    ) AS agent,
    multiIf(
      JSONExtractRaw(properties, 'interactive') = 'true', 'yes',
      JSONExtractRaw(properties, 'interactive') = 'false', 'no',
      'unknown'
    ) AS interactive,
    coalesce(nullIf(JSONExtractString(properties, 'install_method'), ''), 'unknown') AS install_method,
    coalesce(
      nullIf(JSONExtractString(properties, 'outcome'), ''),
      if(event = 'CLI execution failed', 'failure', 'success')
    ) AS outcome,
    if(JSONExtractRaw(properties, 'first_run') = 'true', 1, 0) AS first_run,
    JSONExtractString(properties, 'previous_version') AS previous_version,
    JSONExtractString(properties, '$session_id') AS session
  FROM received
  LEFT JOIN aliases ON aliases.anonymous_id = received.distinct_id
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
