-- title: For publication: platforms
-- question: Which numbers about systems and Python versions can you publish?
-- unit: each platform's percentage of all runs in the 365 days before the newest event
-- note: The table includes only platforms that at least ten people used. The percentages add up to less than 100 if some runs were on platforms that fewer than ten people used.
-- chart: bar os+python percent
WITH recent AS (
  SELECT os, python, person, max(seconds) OVER () - seconds AS age
  FROM commands
),
counted AS (
  SELECT os, python, count(*) AS runs, count(DISTINCT person) AS people
  FROM recent
  WHERE age < 31536000
  GROUP BY os, python
),
shares AS (
  SELECT os, python, people, round(100.0 * runs / sum(runs) OVER (), 1) AS percent
  FROM counted
)
SELECT os, python, percent
FROM shares
WHERE people >= 10
ORDER BY percent DESC, os, python
LIMIT 50
