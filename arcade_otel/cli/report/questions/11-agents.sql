-- title: Agents and people
-- question: How much of the usage comes from coding agents, and do their commands fail more often?
-- unit: the number of runs, the number of people, and the percentage of runs that failed
-- note: Events of older library versions, which lack the property "agent", count as events of people.
-- chart: bar caller runs
SELECT
  CASE WHEN agent <> '' THEN agent WHEN ci = 1 THEN 'CI' ELSE 'people' END AS caller,
  count(*) AS runs,
  count(DISTINCT person) AS people,
  round(100.0 * sum(failed) / count(*), 1) AS failure_percent
FROM commands
GROUP BY caller
ORDER BY runs DESC, caller
LIMIT 50
