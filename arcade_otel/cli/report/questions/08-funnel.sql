-- title: From installation to use
-- question: How many people log in, and how many use the program after that?
-- unit: the number of people
-- note: A person counts as logged in if at least one event has an account's ID. Runs in CI do not count.
-- chart: bar step people
WITH each_person AS (
  SELECT
    person,
    max(identified) AS logged_in,
    CASE
      WHEN max(CASE WHEN identified = 1 AND failed = 0 THEN seconds END) > min(CASE WHEN identified = 1 THEN seconds END)
      THEN 1 ELSE 0
    END AS used_after
  FROM commands
  WHERE ci = 0
  GROUP BY person
),
steps AS (
  SELECT '1. first command' AS step, count(*) AS reached, count(*) AS everyone FROM each_person
  UNION ALL
  SELECT '2. logged in' AS step, sum(logged_in) AS reached, count(*) AS everyone FROM each_person
  UNION ALL
  SELECT '3. a success after the login' AS step, sum(used_after) AS reached, count(*) AS everyone FROM each_person
)
SELECT step, coalesce(reached, 0) AS people, round(100.0 * reached / nullif(everyone, 0), 1) AS percent_of_all
FROM steps
ORDER BY step
LIMIT 10
