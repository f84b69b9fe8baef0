-- title: Retention by week
-- question: Of the people who ran their first command in the same week, how many come back in later weeks?
-- unit: for people who ran their first command in the same week, the percentage who ran a command in each later week
-- note: Runs in CI do not count. People who run the program on several machines without a login count once per machine.
-- chart: heat cohort weeks_later percent
WITH weeks AS (
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
