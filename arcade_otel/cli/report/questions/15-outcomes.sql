-- title: How commands end
-- question: How many runs succeed, fail, have a mistyped command line, or are stopped by the user?
-- unit: for each outcome, the number of runs and their percentage of all runs
-- note: Events of older library versions, which lack the property "outcome", count as success or failure.
-- chart: bar outcome runs
SELECT outcome, runs, round(100.0 * runs / sum(runs) OVER (), 1) AS percent
FROM (SELECT outcome, count(*) AS runs FROM commands GROUP BY outcome) AS counted
ORDER BY runs DESC, outcome
LIMIT 50
