-- title: CI and terminals
-- question: Do commands run in CI, in a terminal, or in scripts?
-- unit: the number of runs, the number of people, and the percentage of runs that failed
-- note: Events from outside CI that lack the property "interactive" count as unknown.
-- chart: bar surroundings runs
SELECT
  CASE
    WHEN ci = 1 THEN 'CI'
    WHEN interactive = 'yes' THEN 'terminal'
    WHEN interactive = 'no' THEN 'script'
    ELSE 'unknown'
  END AS surroundings,
  count(*) AS runs,
  count(DISTINCT person) AS people,
  round(100.0 * sum(failed) / count(*), 1) AS failure_percent
FROM commands
GROUP BY surroundings
ORDER BY runs DESC, surroundings
LIMIT 10
