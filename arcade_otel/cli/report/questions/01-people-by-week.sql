-- title: Active people by week
-- question: How many people use the program each week?
-- unit: the number of people (each counts once a week), and the number of commands
-- note: Runs in CI do not count, because each build machine has a new anonymous ID.
-- chart: line week people
SELECT week, count(DISTINCT person) AS people, count(*) AS runs
FROM commands
WHERE ci = 0
GROUP BY week
ORDER BY week
LIMIT 500
