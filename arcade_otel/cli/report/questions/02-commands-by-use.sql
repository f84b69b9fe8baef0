-- title: Commands by use
-- question: Which commands are used, and by how many people?
-- unit: the number of runs, and the number of people
-- note: The command name is empty if the user typed no valid command.
-- chart: bar command runs
SELECT command, count(*) AS runs, count(DISTINCT person) AS people
FROM commands
GROUP BY command
ORDER BY runs DESC, command
LIMIT 50
