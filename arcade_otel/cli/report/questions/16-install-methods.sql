-- title: Ways of installation
-- question: How do people install the program?
-- unit: the number of people
-- note: Events without the property install_method count as unknown. Runs in CI do not count.
-- chart: bar install_method people
SELECT install_method, count(DISTINCT person) AS people
FROM commands
WHERE ci = 0
GROUP BY install_method
ORDER BY people DESC, install_method
LIMIT 50
