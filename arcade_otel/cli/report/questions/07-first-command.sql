-- title: First command and time to the first success
-- question: Which command do new people run first, and how long does it take until a command succeeds?
-- unit: the number of people, and the median time in seconds from the start of the first command to the end of the first success
-- note: Runs in CI do not count. A person's first command is the first one in the chosen period.
-- chart: bar first_command people
WITH ranked AS (
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
