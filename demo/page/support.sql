-- Tickets and times, the latest 24 periods.
SELECT period, channel, tickets, solved, backlog, first_reply_median_hours, resolution_median_hours,
       sla_rate, first_contact_rate, reopen_rate, csat
FROM support_metrics
WHERE period IN (SELECT DISTINCT period FROM support_metrics ORDER BY period DESC LIMIT 24)
ORDER BY period, channel;
