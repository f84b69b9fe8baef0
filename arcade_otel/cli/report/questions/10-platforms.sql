-- title: Platforms
-- question: Which systems and Python versions do you have to support?
-- unit: the number of people, and the number of runs
-- chart: bar os+python people
SELECT os, python, count(DISTINCT person) AS people, count(*) AS runs
FROM commands
GROUP BY os, python
ORDER BY people DESC, runs DESC, os, python
LIMIT 50
