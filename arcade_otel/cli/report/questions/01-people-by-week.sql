-- title: Active people by week
-- question: How many people use the program each week?
-- unit: people (each counts once a week), commands
-- note: CI is left out, because each build machine has a new anonymous ID.
-- chart: line week people
SELECT week, count(DISTINCT person) AS people, count(*) AS runs
FROM commands
WHERE ci = 0
GROUP BY week
ORDER BY week
LIMIT 500
