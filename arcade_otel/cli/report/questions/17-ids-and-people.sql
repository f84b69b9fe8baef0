-- title: IDs and people
-- question: How many IDs belong to how many people, once anonymous IDs have been joined to accounts?
-- unit: the number of IDs, and the number of people
-- note: A login joins the anonymous ID to the account. If both columns are equal, no user has logged in.
-- chart: line week people ids
SELECT week, count(DISTINCT distinct_id) AS ids, count(DISTINCT person) AS people
FROM commands
GROUP BY week
ORDER BY week
LIMIT 500
