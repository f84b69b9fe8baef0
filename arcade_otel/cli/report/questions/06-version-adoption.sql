-- title: Version adoption
-- question: How fast do people move to a new version?
-- unit: for each week, the number of people who used each version
-- note: A person who used two versions in one week counts in both versions. Runs in CI do not count.
-- chart: line week people by version
SELECT week, version, count(DISTINCT person) AS people
FROM commands
WHERE ci = 0
GROUP BY week, version
ORDER BY week, version
LIMIT 1000
