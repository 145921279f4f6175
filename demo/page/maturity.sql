-- Level reached in each aspect, 1 to 5, and what the next level asks for.
SELECT unit, aspect, level, level_name, next_practice
FROM maturity
ORDER BY level, aspect, unit;
