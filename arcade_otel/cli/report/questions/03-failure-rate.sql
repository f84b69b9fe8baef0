-- title: Failure rate by command and version
-- question: Which command fails in which version?
-- unit: for each command and version, the percentage of the runs that failed
-- note: A failure is any exit code except 0. The column usage_errors_and_stops counts the failures that a mistyped command line or Ctrl-C caused. Compare a command's failure rate between versions.
-- chart: bar command+version failure_percent
SELECT
  command,
  version,
  count(*) AS runs,
  sum(failed) AS failures,
  sum(CASE WHEN outcome IN ('usage_error', 'interrupted') THEN 1 ELSE 0 END) AS usage_errors_and_stops,
  round(100.0 * sum(failed) / count(*), 1) AS failure_percent
FROM commands
GROUP BY command, version
HAVING sum(failed) > 0
ORDER BY failures DESC, runs DESC, command, version
LIMIT 50
