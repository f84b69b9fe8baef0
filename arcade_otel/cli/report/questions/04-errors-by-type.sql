-- title: Errors by type
-- question: Which errors end commands, and how many people do these errors affect?
-- unit: the number of failed runs, and the number of people
-- note: An error type is the exception's class, or _OTHER if the run failed without an exception.
-- chart: bar error_type failures
SELECT error_type, count(*) AS failures, count(DISTINCT person) AS people, count(DISTINCT command) AS commands_with_it
FROM commands
WHERE failed = 1
GROUP BY error_type
ORDER BY failures DESC, error_type
LIMIT 50
