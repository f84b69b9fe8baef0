-- title: Installations and upgrades
-- question: How many installations begin each week, and how many move to another version?
-- unit: the number of first runs, and the number of first runs of a new version
-- note: Events of older library versions, which lack the properties first_run and previous_version, are not counted. Runs in CI do not count.
-- chart: line week first_runs upgrades
SELECT
  week,
  sum(first_run) AS first_runs,
  sum(CASE WHEN previous_version <> '' THEN 1 ELSE 0 END) AS upgrades,
  count(DISTINCT CASE WHEN previous_version <> '' THEN person END) AS people_who_upgraded
FROM commands
WHERE ci = 0
GROUP BY week
ORDER BY week
LIMIT 500
