-- Variables: ended (fits that ended with the error).

SELECT report(8, ARRAY['a Pareto/NBD fit', format('%s of %s', :ended, count(*)),
                       duration(percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)), duration(max(seconds))],
              'all within 100 ms', max(seconds) <= 0.1 AND :ended = count(*) AND count(*) >= 8)
FROM cancelled;
