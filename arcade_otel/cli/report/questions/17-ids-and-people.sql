-- title: IDs and people
-- question: How many people use the program each week, and how many IDs do these people have?
-- unit: the number of IDs, and the number of people
-- note: A login joins the anonymous ID to the account. A week has fewer people than IDs if a person used several IDs in that week, for example before and after a login.
-- chart: line week people ids
SELECT week, count(DISTINCT distinct_id) AS ids, count(DISTINCT person) AS people
FROM commands
GROUP BY week
ORDER BY week
LIMIT 500
