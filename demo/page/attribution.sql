-- What of the orders is due to each channel, by method; the 12 channels with the most.
SELECT method, channel, conversions, value, share, cost, return_on_spend
FROM attribution_by_channel
WHERE channel IN (SELECT channel FROM attribution_by_channel GROUP BY channel ORDER BY sum(share) DESC, channel LIMIT 12)
ORDER BY array_position('{first,last,linear,position,time-decay,markov,shapley}', method), channel;
