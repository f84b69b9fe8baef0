-- title: Commands by use
-- question: Which commands are used, and by how many people?
-- unit: the number of runs, and the number of people
-- note: An empty command name means that the run reached no command.
-- chart: bar command runs
SELECT command, count(*) AS runs, count(DISTINCT person) AS people
FROM commands
GROUP BY command
ORDER BY runs DESC, command
LIMIT 50
