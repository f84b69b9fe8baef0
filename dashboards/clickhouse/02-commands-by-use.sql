-- Commands by use
-- Question: Which commands are used, and by how many people?
-- Unit: the number of runs, and the number of people
-- Note: The command name is empty if the user typed no valid command.
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
)
SELECT command, count(*) AS runs, count(DISTINCT person) AS people
FROM commands
GROUP BY command
ORDER BY runs DESC, command
LIMIT 50
