-- title: Sessions
-- question: How many sessions are there each week, and how many commands does a session have?
-- unit: the number of sessions, the number of people, and the mean number of commands in a session
-- note: If a person's events have no $session_id, a new session begins after a pause of more than 30 minutes. Runs in CI do not count.
-- chart: line week sessions
WITH paused AS (
  SELECT
    person,
    session,
    week,
    seconds,
    count(*) OVER previous AS has_previous,
    max(seconds) OVER previous AS previous_seconds
  FROM commands
  WHERE ci = 0
  WINDOW previous AS (PARTITION BY person, session ORDER BY seconds ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING)
),
numbered AS (
  SELECT
    person,
    session,
    week,
    sum(CASE WHEN has_previous = 0 OR (session = '' AND seconds - previous_seconds > 1800) THEN 1 ELSE 0 END)
      OVER (PARTITION BY person, session ORDER BY seconds ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS session_number
  FROM paused
),
each_session AS (
  SELECT person, min(week) AS first_week, count(*) AS length
  FROM numbered
  GROUP BY person, session, session_number
)
SELECT
  first_week AS week,
  count(*) AS sessions,
  count(DISTINCT person) AS people,
  round(1.0 * sum(length) / count(*), 1) AS commands_per_session
FROM each_session
GROUP BY first_week
ORDER BY first_week
LIMIT 500
