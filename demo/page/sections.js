// The parts of the page. Each has the chapter it belongs to, a title and words computed from
// its rows, and a chart as an ECharts option. Texts from the data never become HTML.

const sum = (rows, name) => rows.reduce((total, row) => total + (row[name] || 0), 0);
const distinct = values => [...new Set(values)];
const known = (rows, name) => rows.filter(row => row[name] !== null);
const most = (rows, by) => rows.reduce((best, row) => (best === null || by(row) > by(best) ? row : best), null);

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length === 0 ? null : (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

// --- periods ----------------------------------------------------------------------------

const PERIODS_A_YEAR = { day: 365, week: 52, month: 12, quarter: 4, year: 1 };
const periodWord = about.period || 'period';
const periods = n => `${n} ${periodWord}${n === 1 ? '' : 's'}`;

function isOver(day) {
  const asOf = about.as_of || lastDay;
  if (!asOf || !about.period) return true;
  const end = new Date(day + 'T00:00:00Z');
  if (about.period === 'day') end.setUTCDate(end.getUTCDate() + 1);
  else if (about.period === 'week') end.setUTCDate(end.getUTCDate() + 7);
  else end.setUTCMonth(end.getUTCMonth() + { month: 1, quarter: 3, year: 12 }[about.period]);
  return end.getTime() <= Date.parse(asOf + 'T00:00:00Z') + 86400000;
}

const over = rows => (rows.some(row => isOver(row.period)) ? rows.filter(row => isOver(row.period)) : rows);
const notOver = rows => {
  const open = rows.filter(row => !isOver(row.period)).map(row => row.period);
  return open.length ? ` ${period(open[open.length - 1])} is not over.` : '';
};

// --- parts of charts --------------------------------------------------------------------

// The box at the pointer: a title and a line for each name and value.
function tip(title, lines) {
  const box = document.createElement('div');
  box.className = 'tip';
  box.append(Object.assign(document.createElement('b'), { textContent: title }));
  for (const [name, value] of lines) {
    box.append(Object.assign(document.createElement('div'), { textContent: value === undefined ? name : `${name}: ${value}` }));
  }
  return box;
}

function clip(text, length) {
  const letters = [...text];
  return letters.length > length ? letters.slice(0, length - 1).join('') + '\u2026' : text;
}

const names = (look, values, more) => ({
  type: 'category', data: values,
  axisLine: { lineStyle: { color: look.line } }, axisTick: { show: false }, ...more,
  axisLabel: { color: look.soft, fontSize: 12, hideOverlap: true, ...(more && more.axisLabel) },
});
const numbers = (look, format, more) => ({
  type: 'value', splitLine: { lineStyle: { color: look.faint } }, axisLine: { show: false }, ...more,
  axisLabel: { color: look.soft, fontSize: 12, formatter: format, hideOverlap: true },
  nameTextStyle: { color: look.soft, fontSize: 12 },
});
const legend = (look, more) => ({
  type: 'plain', top: 0, left: 0, itemWidth: 14, itemHeight: 9, itemGap: 14, textStyle: { color: look.soft, fontSize: 12 }, ...more,
});
const grid = more => ({ left: 4, right: 16, top: 16, bottom: 8, containLabel: true, ...more });
const label = (look, format, more) => ({ show: true, color: look.soft, fontSize: 12, formatter: format, ...more });
// What an axis counts, above it; and an axis' name below it.
const above = (look, text, top = 0) => ({ text, left: 0, top, padding: 0, textStyle: { color: look.soft, fontSize: 12, fontWeight: 'normal' } });
const titled = (look, text) => ({ name: text, nameLocation: 'middle', nameGap: 30, nameTextStyle: { color: look.soft, fontSize: 12 } });

// --- the chain --------------------------------------------------------------------------

const chain = {
  id: 'chain', chapter: 'The value chain',
  title(rows) {
    const weakest = rows.find(row => row.weakest_link);
    if (weakest) {
      const lost = weakest.conversion_rate === null ? '' : `: ${percent(1 - weakest.conversion_rate)} go no further`;
      return `The weakest link is ${weakest.stage}${lost}, ${money(weakest.value_at_stake)} at stake`;
    }
    const seen = rows.filter(row => row.customers_reached > 0).map(row => row.stage);
    if (seen.length === 0) return 'No customers are seen along the chain yet';
    if (seen.length === 1) return `Only ${seen[0]} can be seen so far: one link is no chain yet`;
    return `Customers are seen at ${seen.join(', ')}; no value at stake can be told`;
  },
  words(rows) {
    const weakest = rows.find(row => row.weakest_link);
    const next = weakest && rows.find(row => row.stage_number > weakest.stage_number && row.customers_reached > 0);
    return (next ? `Of ${count(weakest.customers_reached)} customers at ${weakest.stage}, ${percent(weakest.conversion_rate)} are seen at ${next.stage}, the next stage with customers. ` : '')
      + (known(rows, 'value_at_stake').length > 0 ? 'Value at stake: customers lost at a stage, times the mean lifetime value of those who went on.'
        : 'More sources (touches, tickets, surveys, ratings) would show the other stages, who goes on from one to the next, and what is lost.');
  },
  before(rows) {
    const KEYS = ['customers_reached', 'conversion_rate', 'median_days', 'satisfaction', 'cost', 'value_at_stake'];
    const list = make('ol', { className: 'chain' });
    for (const row of rows) {
      const item = make('li', { className: row.weakest_link ? 'weakest' : row.customers_reached === null ? 'silent' : '' });
      item.append(make('span', { className: 'stage' }, [make('span', { className: 'place' }, [`${row.stage_number} `]), row.stage]));
      if (row.weakest_link) item.append(make('span', { className: 'mark' }, ['weakest link']));
      const facts = [['customers', 'count', row.customers_reached], ['go on', 'share', row.conversion_rate], ['within (median)', 'days', row.median_days],
        ['satisfaction', 'share', row.satisfaction], ['cost', 'money', row.cost], ['at stake', 'money', row.value_at_stake]]
        .filter((fact, i) => known(rows, KEYS[i]).length > 0);
      item.append(facts.every(([, , value]) => value === null) ? make('p', {}, ['no data'])
        : make('dl', {}, facts.flatMap(([name, kind, value]) => [make('dt', {}, [name]), number('dd', kind, value)])));
      list.append(item);
    }
    return list;
  },
  chart(rows, look) {
    if (known(rows, 'value_at_stake').length < 2) return null;
    return {
      height: 230,
      title: above(look, 'value at stake' + (about.currency ? `, ${about.currency}` : '')),
      grid: grid({ top: 36 }),
      xAxis: names(look, rows.map(row => row.stage), { axisLabel: { interval: 0, rotate: look.narrow ? 40 : 0 } }),
      yAxis: numbers(look, tick),
      tooltip: { formatter: at => tip(at.name, [['value at stake', money(rows[at.dataIndex].value_at_stake)]]) },
      series: [{ type: 'bar', barMaxWidth: 54, label: label(look, at => (rows[at.dataIndex].value_at_stake === null ? '' : short(rows[at.dataIndex].value_at_stake)), { position: 'top' }),
        data: rows.map(row => ({ value: row.value_at_stake, itemStyle: { color: row.weakest_link ? look.alarm : look.accent } })) }],
    };
  },
};

// --- what customers are worth -----------------------------------------------------------

const distribution = {
  id: 'distribution', chapter: 'What customers are worth', half: true,
  title(rows, all) {
    const facts = all.customers[0];
    if (facts.median_clv === null) return 'No lifetime values: the models could not be fitted';
    return `Half of the customers are worth less than ${money(facts.median_clv)}; the mean is ${money(facts.mean_clv)}`;
  },
  words: () => 'Customers by lifetime value. The last bar holds all above: the top twentieth.',
  chart(rows, look) {
    if (rows.length === 0) return null;
    const name = row => (row.clv_to === null ? `${short(row.clv_from)}+` : `${short(row.clv_from)}\u2013${short(row.clv_to)}`);
    return {
      height: 290,
      title: above(look, 'customers'),
      grid: grid({ bottom: 28, top: 30 }),
      xAxis: names(look, rows.map(name), titled(look, 'lifetime value' + (about.currency ? `, ${about.currency}` : ''))),
      yAxis: numbers(look, tick),
      tooltip: { formatter: at => tip(at.name, [['customers', count(rows[at.dataIndex].customers)], ['equity', money(rows[at.dataIndex].equity)]]) },
      series: [{ type: 'bar', barCategoryGap: '8%', itemStyle: { color: look.accent }, data: rows.map(row => row.customers) }],
    };
  },
};

const deciles = {
  id: 'deciles', chapter: distribution.chapter, half: true,
  title: rows => (rows.length === 0 ? 'No lifetime values yet'
    : rows.length < 10 ? `${count(rows.length)} customers share the equity`
      : `The top tenth of the customers holds ${percent(rows[0].equity_share)} of the equity`),
  words: rows => (rows.length === 10 ? `The top three tenths hold ${percent(sum(rows.slice(0, 3), 'equity_share'))}, the lower half ${percent(sum(rows.slice(5), 'equity_share'))}.` : ''),
  chart(rows, look) {
    if (rows.length === 0) return null;
    return {
      height: 290,
      title: above(look, 'share of equity'),
      grid: grid({ bottom: 28, top: 30 }),
      xAxis: names(look, rows.map(row => String(row.decile)), titled(look, 'tenth of the customers, by lifetime value')),
      yAxis: numbers(look, percentTick),
      tooltip: { formatter: at => tip(`tenth ${at.name}`, [['equity', money(rows[at.dataIndex].equity)], ['share', percent(rows[at.dataIndex].equity_share)], ['customers', count(rows[at.dataIndex].customers)]]) },
      series: [{ type: 'bar', barCategoryGap: '24%', label: label(look, at => percent(at.value), { position: 'top', fontSize: look.narrow ? 10 : 12 }),
        data: rows.map((row, i) => ({ value: row.equity_share, itemStyle: { color: i === 0 ? look.accent : look.pale } })) }],
    };
  },
};

const segments = {
  id: 'segments', chapter: distribution.chapter, hidden: rows => rows.length === 1,
  title(rows) {
    const top = rows[0];
    if (!top || top.equity === null) return 'No segment has a lifetime value yet';
    return `The segment ${top.segment} holds ${percent(top.equity_share)} of the equity, with ${percent(top.customer_share)} of the customers`;
  },
  words(rows) {
    const dear = most(known(rows, 'mean_clv'), row => row.mean_clv);
    return dear && rows.length > 1 ? `Worth most on average: the customers of ${dear.segment}, ${money(dear.mean_clv)} each.` : '';
  },
  chart(rows, look) {
    const shown = known(rows, 'equity').slice(0, 12).reverse();
    if (shown.length < 2) return null;
    return {
      height: 70 + 46 * shown.length,
      grid: grid({ top: 34, right: 44 }),
      legend: legend(look),
      xAxis: numbers(look, percentTick),
      yAxis: names(look, shown.map(row => row.segment), { axisLabel: { formatter: name => clip(name, look.narrow ? 14 : 40), color: look.ink } }),
      tooltip: { formatter: at => { const row = shown[at.dataIndex];
        return tip(row.segment, [['customers', count(row.customers)], ['equity', money(row.equity)], ['mean', money(row.mean_clv)], ['still customers', percent(row.mean_p_alive)]]); } },
      series: [
        { type: 'bar', name: 'share of customers', itemStyle: { color: look.pale }, label: label(look, at => percent(at.value), { position: 'right' }), data: shown.map(row => row.customer_share) },
        { type: 'bar', name: 'share of equity', itemStyle: { color: look.accent }, label: label(look, at => percent(at.value), { position: 'right' }), data: shown.map(row => row.equity_share) },
      ],
    };
  },
};

const model = {
  id: 'model', chapter: distribution.chapter, columns: { low: 'exact', high: 'exact' },
  title(rows) {
    const doubtful = distinct(rows.filter(row => !row.converged).map(row => row.model));
    if (rows.length === 0) return 'No model could be fitted, so there are no lifetime values';
    if (doubtful.length > 0) return `The model of ${doubtful.join(' and of ')} did not converge: its values are not to be relied on`;
    return `Behind these values: ${distinct(rows.map(row => `${row.family} for ${row.model}`)).join(', ')}; converged`;
  },
  words: rows => (rows.length === 0 ? 'The table refresh_log beside the views says why.' : `Fitted to ${count(rows[0].customers)} customers. The table has the parameters with their 95 % intervals.`),
};

// --- whether they stay ------------------------------------------------------------------

const cohorts = {
  id: 'cohorts', chapter: 'Whether they stay',
  // The retention some periods after the first purchase, in the older and the newer cohorts.
  compare(rows) {
    const last = rows.length ? Math.max(...rows.map(row => row.cohort === rows[rows.length - 1].cohort ? row.period_number : 0)) : 0;
    const all = distinct(rows.map(row => row.cohort));
    const open = rows.length > 0 && !isOver(all[all.length - 1]) && last === 0;
    for (let after = { day: 30, week: 8, month: 3, quarter: 2, year: 1 }[about.period] || 3; after > 0; after -= 1) {
      const cells = rows.filter(row => row.period_number === after && row.retention_rate !== null);
      if (open) cells.pop(); // a period that is not over
      if (cells.length < 4 && after > 1) continue;
      if (cells.length === 0) continue;
      const rate = part => sum(part, 'active') / sum(part, 'customers');
      const older = cells.slice(0, Math.floor(cells.length / 2));
      const newer = cells.slice(older.length);
      const error = Math.sqrt(rate(cells) * (1 - rate(cells)) * (1 / sum(older, 'customers') + 1 / sum(newer, 'customers')));
      return { after, all: rate(cells), older: rate(older), newer: rate(newer), few: cells.length < 4, clear: Math.abs(rate(newer) - rate(older)) > 1.96 * error };
    }
    return null;
  },
  title(rows) {
    const found = this.compare(rows);
    if (!found) return 'Customers who buy again, by the time of their first purchase';
    const when = `${periods(found.after)} after the first purchase`;
    if (found.few) return `${when[0].toUpperCase()}${when.slice(1)}, ${percent(found.all)} of a cohort buy`;
    if (!found.clear) return `${when[0].toUpperCase()}${when.slice(1)}, ${percent(found.all)} of a cohort buy: no clear change from older to newer ones`;
    return `Newer cohorts stay ${found.newer > found.older ? 'better' : 'worse'}: ${percent(found.newer)} buy ${when}, of the older ones ${percent(found.older)}`;
  },
  words: rows => `Each line is a cohort, the customers who first bought in a ${periodWord}; each cell the share of them who buy so many ${periodWord}s later.`
    + (distinct(rows.map(row => row.cohort)).length === 24 ? ' The latest 24 cohorts.' : ''),
  chart(rows, look) {
    if (rows.length === 0) return null;
    const lines = distinct(rows.map(row => row.cohort));
    const last = Math.max(...rows.map(row => row.period_number));
    const top = Math.max(0.01, ...rows.filter(row => row.period_number > 0).map(row => row.retention_rate || 0));
    const cell = (look.width - 90) / (last + 1);
    return {
      height: 84 + Math.max(200, lines.length * (look.narrow ? 16 : 22)),
      grid: grid({ top: 4, bottom: 66 }),
      xAxis: names(look, Array.from({ length: last + 1 }, (_, i) => String(i)), { ...titled(look, `${periodWord}s since the first purchase`), nameGap: 26 }),
      yAxis: names(look, lines.map(period), { inverse: true }),
      visualMap: { type: 'continuous', min: 0, max: top, dimension: 2, orient: 'horizontal', left: 'center', bottom: 0, itemWidth: 10, itemHeight: 120, text: [percent(top), '0'],
        textStyle: { color: look.soft, fontSize: 12 }, inRange: { color: look.heat }, formatter: percent },
      tooltip: { formatter: at => { const row = rows[at.dataIndex];
        return tip(`first purchase ${period(row.cohort)}, ${periods(row.period_number)} later`, [['buy', `${count(row.active)} of ${count(row.customers)}`], ['retention', percent(row.retention_rate)], ['amount', money(row.amount)]]); } },
      series: [{ type: 'heatmap', itemStyle: { borderColor: look.paper, borderWidth: 1 },
        label: { show: cell >= 26, fontSize: 10.5, formatter: at => (at.value[2] === '-' ? '' : fixed(100 * at.value[2], 0)) },
        data: rows.map(row => ({ value: [row.period_number, lines.indexOf(row.cohort), row.retention_rate === null ? '-' : row.retention_rate],
          label: { color: (row.retention_rate || 0) > top * look.turn ? look.onDeep : look.ink } })) }],
    };
  },
};

const revenue = {
  id: 'revenue', chapter: cohorts.chapter,
  title(rows) {
    const rates = known(over(rows), 'nrr').map(row => row.nrr);
    if (rates.length === 0) return 'Revenue from new and returning customers';
    return `Customers of one ${periodWord} bring ${percent(median(rates))} of its revenue again in the next`;
  },
  words(rows) {
    const done = known(over(rows), 'nrr');
    return done.length === 0 ? '' : `Net revenue retention (NRR), the median of ${periods(done.length)}; gross (GRR, without growth) ${percent(median(done.map(row => row.grr)))}.${notOver(rows)}`;
  },
  chart(rows, look) {
    if (rows.length === 0) return null;
    const bar = (name, key, color, sign) => ({ type: 'bar', name, stack: 'flow', barCategoryGap: '30%', itemStyle: { color }, data: rows.map(row => (row[key] === null ? null : sign * row[key])) });
    const line = (name, key, color, type) => ({ type: 'line', name, xAxisIndex: 1, yAxisIndex: 1, symbolSize: 5, lineStyle: { color, width: 2, type }, itemStyle: { color }, data: rows.map(row => row[key]) });
    const top = look.narrow ? 56 : 32;
    return {
      height: top + 404,
      legend: legend(look),
      title: [above(look, `revenue a ${periodWord}`, top), above(look, 'retention', top + 280)],
      grid: [{ left: 58, right: 16, top: top + 28, height: 214 }, { left: 58, right: 16, top: top + 304, height: 74 }],
      xAxis: [names(look, rows.map(row => period(row.period)), { axisLine: { onZero: false, lineStyle: { color: look.line } } }), names(look, rows.map(row => period(row.period)), { gridIndex: 1 })],
      yAxis: [numbers(look, tick), numbers(look, percentTick, { gridIndex: 1, splitNumber: 2 })],
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, formatter: points => { const row = rows[points[0].dataIndex];
        return tip(period(row.period), [['new', money(row.new)], ['won back', money(row.reactivated)], ['expansion', money(row.expansion)], ['contraction', money(row.contraction)],
          ['churned', money(row.churned)], ['revenue', money(row.closing)], ['NRR', percent(row.nrr)], ['GRR', percent(row.grr)]]); } },
      series: [bar('new', 'new', look.colour[0], 1), bar('won back', 'reactivated', look.colour[4], 1), bar('expansion', 'expansion', look.colour[2], 1),
        bar('contraction', 'contraction', look.colour[1], -1), bar('churned', 'churned', look.colour[5], -1),
        line('NRR', 'nrr', look.ink, 'solid'), line('GRR', 'grr', look.soft, 'dashed')],
    };
  },
};

// --- what they say ----------------------------------------------------------------------

const nps = {
  id: 'nps', chapter: 'What they say', half: true,
  title(rows) {
    const done = known(over(rows), 'nps');
    if (done.length === 0) return 'No answers to the question nps yet';
    const now = done[done.length - 1];
    const back = Math.min(done.length - 1, PERIODS_A_YEAR[about.period] || 12);
    const before = done[done.length - 1 - back];
    const span = show('score', now.nps);
    if (back === 0) return `The net promoter score is ${span}, between ${show('score', now.low)} and ${show('score', now.high)}`;
    const clear = Math.hypot(now.high - now.low, before.high - before.low) / 2 < Math.abs(now.nps - before.nps);
    return clear ? `NPS ${now.nps > before.nps ? 'rose' : 'fell'} from ${show('score', before.nps)} to ${span} within ${periods(back)}`
      : `NPS is ${span}, between ${show('score', now.low)} and ${show('score', now.high)}: no clear change within ${periods(back)}`;
  },
  words(rows) {
    const now = over(rows)[over(rows).length - 1];
    return now ? `Promoters less detractors, with the 95 % interval. ${count(now.responses)} answers in ${period(now.period)}.${notOver(rows)}` : '';
  },
  chart(rows, look) {
    if (rows.length === 0) return null;
    const hidden = { type: 'line', stack: 'band', stackStrategy: 'all', symbol: 'none', lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
    return {
      height: 300,
      title: above(look, 'net promoter score, \u2212100 to 100'),
      grid: grid({ top: 34 }),
      xAxis: names(look, rows.map(row => period(row.period)), { boundaryGap: false, axisLine: { onZero: false, lineStyle: { color: look.line } } }),
      yAxis: numbers(look, value => fixed(value, 0), {
        interval: 20, min: 20 * Math.floor(Math.min(...known(rows, 'low').map(row => row.low)) / 20), max: 20 * Math.ceil(Math.max(...known(rows, 'high').map(row => row.high)) / 20) }),
      tooltip: { trigger: 'axis', formatter: points => { const row = rows[points[0].dataIndex];
        return tip(period(row.period), [['NPS', show('score', row.nps)], ['95 % interval', `${show('score', row.low)} to ${show('score', row.high)}`], ['answers', count(row.responses)],
          ['promoters', count(row.promoters)], ['passives', count(row.passives)], ['detractors', count(row.detractors)]]); } },
      series: [{ ...hidden, name: 'from', data: rows.map(row => row.low) },
        { ...hidden, name: '95 % interval', areaStyle: { color: look.accent, opacity: 0.16 }, data: rows.map(row => (row.low === null ? null : row.high - row.low)) },
        { type: 'line', name: 'NPS', symbolSize: 6, lineStyle: { color: look.accent, width: 2 }, itemStyle: { color: look.accent }, data: rows.map(row => row.nps) }],
    };
  },
};

const offers = {
  id: 'offers', chapter: nps.chapter, half: true,
  title(rows) {
    const by = known(rows, 'value_ratio_of_offer');
    const best = most(by, row => row.value_ratio_of_offer);
    const worst = most(by, row => -row.value_ratio_of_offer);
    if (!best) return 'What customers get from each offer';
    if (best.offer === worst.offer) return `The offer ${best.offer} gives ${show('ratio', best.value_ratio_of_offer)} for each 1 that it costs`;
    return `The offer ${best.offer} gives most for each 1 that it costs: ${show('ratio', best.value_ratio_of_offer)}; ${worst.offer} gives ${show('ratio', worst.value_ratio_of_offer)}`;
  },
  words: () => 'Perceived value, weighted scores for each answer about an offer: benefits to the right, costs (price, time, effort) to the left.',
  chart(rows, look) {
    if (rows.length === 0) return null;
    const list = distinct(rows.map(row => row.offer));
    const of = (offer, name) => sum(rows.filter(row => row.offer === offer), name);
    const value = offer => of(offer, 'benefits_per_answer') - of(offer, 'costs_per_answer');
    list.sort((a, b) => value(a) - value(b));
    const shown = list.slice(-12);
    const kinds = distinct(rows.filter(row => row.benefits > 0).map(row => row.kind));
    const paid = offer => -of(offer, 'costs_per_answer');
    const got = (offer, kind) => sum(rows.filter(row => row.offer === offer && row.kind === kind), 'benefits_per_answer');
    return {
      height: 96 + 52 * shown.length,
      legend: legend(look),
      grid: grid({ top: look.narrow || kinds.length > 3 ? 58 : 40 }),
      xAxis: numbers(look, value => tick(Math.abs(value))),
      yAxis: names(look, shown, { axisLabel: { formatter: name => clip(name, look.narrow ? 12 : 22), color: look.ink }, axisLine: { onZero: true, lineStyle: { color: look.soft } } }),
      tooltip: { formatter: at => tip(shown[at.dataIndex], [...kinds.map(kind => [kind, show('ratio', got(shown[at.dataIndex], kind))]), ['costs', show('ratio', -paid(shown[at.dataIndex]))], ['perceived value', show('ratio', value(shown[at.dataIndex]))]]) },
      series: [{ type: 'bar', name: 'costs', stack: 'value', barMaxWidth: 30, itemStyle: { color: look.colour[5] }, data: shown.map(paid) },
        ...kinds.map((kind, i) => ({ type: 'bar', name: kind, stack: 'value', barMaxWidth: 30, itemStyle: { color: look.colour[[0, 2, 4, 3, 1, 6][i % 6]] }, data: shown.map(offer => got(offer, kind)) }))],
    };
  },
};

// --- which way they come ----------------------------------------------------------------

const funnel = {
  id: 'funnel', chapter: 'Which way they come',
  worst: rows => most(known(rows.slice(1), 'step_conversion_rate'), row => -row.step_conversion_rate),
  title(rows) {
    const worst = this.worst(rows);
    if (!worst) return 'How far customers come';
    const end = rows[rows.length - 1];
    const share = end.conversion_rate === null ? '' : `${percent(end.conversion_rate)} get from ${rows[0].stage} to ${end.stage}; `;
    return `${share}most are lost before ${worst.stage}: ${percent(1 - worst.step_conversion_rate)}`;
  },
  words: () => 'The most common stages in their usual order, and the customers who passed all stages up to there in that order.',
  chart(rows, look) {
    if (rows.length === 0) return null;
    const shown = [...rows].reverse();
    const worst = this.worst(rows);
    return {
      height: 40 + 38 * rows.length,
      grid: grid({ right: look.narrow ? 96 : 150, top: 4 }),
      xAxis: numbers(look, tick),
      yAxis: names(look, shown.map(row => `${row.step} ${row.stage}`), { axisLabel: { formatter: name => clip(name, look.narrow ? 14 : 40), color: look.ink, interval: 0 } }),
      tooltip: { formatter: at => { const row = shown[at.dataIndex];
        return tip(row.stage, [['customers', count(row.customers)], ['of all', percent(row.conversion_rate)], ['of the step before', percent(row.step_conversion_rate)], ['median time', show('hours', row.median_hours)], ['90 % within', show('hours', row.p90_hours)]]); } },
      series: [{ type: 'bar', barCategoryGap: '28%', label: label(look, at => `${count(at.value)} \u00b7 ${percent(shown[at.dataIndex].conversion_rate)}`, { position: 'right' }),
        data: shown.map(row => ({ value: row.customers, itemStyle: { color: row === worst ? look.alarm : look.accent } })) }],
    };
  },
};

const journey = {
  id: 'journey', chapter: funnel.chapter,
  title(rows) {
    const steps = rows.filter(row => row.from_stage !== '(entry)' && row.to_stage !== '(exit)');
    const back = steps.filter(row => row.direction === 'back');
    const worst = most(back, row => row.transitions);
    if (!worst) return 'Nobody goes back to an earlier stage';
    return `${percent(sum(back, 'transitions') / sum(steps, 'transitions'))} of all steps lead back to an earlier stage, most often from ${worst.from_stage} to ${worst.to_stage}`;
  },
  words(rows) {
    const of = direction => sum(rows.filter(row => row.direction === direction), 'transitions');
    return `Drawn are the ${count(of('forward'))} steps forward, as wide as they are frequent; ${count(of('back'))} steps back and ${count(of('again'))} repeats are in the table only, so that the picture has no circles.`;
  },
  chart(rows, look) {
    const links = rows.filter(row => row.direction === 'forward');
    if (links.length === 0) return null;
    const words = stage => (stage === '(entry)' ? 'start' : stage === '(exit)' ? 'end' : stage);
    // In the order of the rows: a stage stands right of all that lead to it.
    const stages = distinct(links.flatMap(row => [row.from_stage, row.to_stage]));
    const rank = stage => (stage === '(entry)' ? -1 : stage === '(exit)' ? 1e9 : rows.findIndex(row => row.from_stage === stage));
    stages.sort((a, b) => rank(a) - rank(b));
    const colour = stage => (/^\(/.test(stage) ? look.soft : look.colour[stages.indexOf(stage) % look.colour.length]);
    return {
      height: look.narrow ? 640 : 420,
      tooltip: { formatter: at => (at.dataType === 'edge' ? tip(`${words(at.data.source)} \u2192 ${words(at.data.target)}`, [['steps', count(at.data.value)]]) : tip(words(at.name), [['steps', count(at.value)]])) },
      series: [{ type: 'sankey', orient: look.narrow ? 'vertical' : 'horizontal', left: 6, right: look.narrow ? 16 : 70, top: 8, bottom: look.narrow ? 24 : 8, nodeWidth: 14, nodeGap: look.narrow ? 14 : 12, draggable: false, layoutIterations: 32,
        emphasis: { focus: 'adjacency' }, label: { color: look.ink, fontSize: 12, formatter: at => clip(words(at.name), look.narrow ? 9 : 18), position: look.narrow ? 'bottom' : 'right' },
        lineStyle: { color: 'source', opacity: 0.28, curveness: 0.5 },
        data: stages.map((stage, i) => ({ name: stage, depth: i, itemStyle: { color: colour(stage), borderWidth: 0 } })),
        links: links.map(row => ({ source: row.from_stage, target: row.to_stage, value: row.transitions })) }],
    };
  },
};

const attribution = {
  id: 'attribution', chapter: funnel.chapter, half: true,
  span(rows, channel) {
    const shares = rows.filter(row => row.channel === channel && row.share !== null).map(row => row.share);
    return { channel, mean: sum(shares.map(share => ({ share })), 'share') / shares.length, low: Math.min(...shares), high: Math.max(...shares) };
  },
  channels(rows) {
    return distinct(known(rows, 'share').map(row => row.channel)).map(channel => this.span(rows, channel)).sort((a, b) => b.mean - a.mean);
  },
  title(rows) {
    const top = this.channels(rows).find(span => span.channel !== '(none)');
    if (!top) return 'No orders have a touch before them yet';
    const none = this.channels(rows).find(span => span.channel === '(none)');
    if (none && none.mean > top.mean) return `${percent(none.mean)} of the orders come without a touch before; of the channels, ${top.channel} earns most`;
    if (top.high - top.low < 0.05) return `The channel ${top.channel} earns most of the orders, whichever way one counts: ${percent(top.low)} to ${percent(top.high)}`;
    return `What ${top.channel} earns depends on how one counts: ${percent(top.low)} to ${percent(top.high)} of the orders`;
  },
  words: rows => 'Share of days with orders due to each channel, by method of attribution.'
    + (rows.some(row => row.channel === '(none)') ? ' (none): days that no touch led to.' : ''),
  chart(rows, look) {
    const list = this.channels(rows).map(span => span.channel).reverse();
    if (list.length === 0) return null;
    const methods = distinct(rows.map(row => row.method));
    const symbols = ['circle', 'rect', 'triangle', 'diamond', 'emptyCircle', 'emptyRect', 'emptyTriangle'];
    return {
      height: 110 + 36 * list.length,
      legend: legend(look, { itemHeight: 10 }),
      grid: grid({ top: look.narrow ? 76 : 62 }),
      xAxis: numbers(look, percentTick, { min: 0 }),
      yAxis: names(look, list, { axisLabel: { formatter: name => clip(name, look.narrow ? 12 : 20), color: look.ink, interval: 0 }, splitLine: { show: true, lineStyle: { color: look.faint } } }),
      tooltip: { formatter: at => { const row = at.data.row;
        return tip(`${row.channel}, ${row.method}`, [['share', percent(row.share)], ['days with orders', show('score', row.conversions)], ['value', money(row.value)]]); } },
      series: methods.map((method, i) => ({ type: 'scatter', name: method, symbol: symbols[i % 7], symbolSize: 11, itemStyle: { color: look.colour[i % look.colour.length], opacity: 0.9 },
        data: known(rows, 'share').filter(row => row.method === method).map(row => ({ value: [row.share, row.channel], row })) })),
    };
  },
};

const returns = {
  id: 'returns', data: 'attribution', chapter: funnel.chapter, half: true,
  rows(rows) {
    const method = ['markov', 'shapley', 'linear'].find(name => rows.some(row => row.method === name)) || (rows[0] && rows[0].method);
    return known(rows, 'return_on_spend').filter(row => row.method === method).sort((a, b) => b.return_on_spend - a.return_on_spend)
      .map(({ channel, method: by, value, cost, return_on_spend }) => ({ channel, method: by, value, cost, return_on_spend }));
  },
  title(rows) {
    const best = rows[0];
    const worst = rows[rows.length - 1];
    return `1 spent on ${best.channel} returns ${show('ratio', best.return_on_spend)}${rows.length > 1 ? `, on ${worst.channel} ${show('ratio', worst.return_on_spend)}` : ''}`;
  },
  words: rows => `Value of the orders due to a channel (${rows[0].method}) for what was spent on it, over all the time. Channels without a cost are left out.`,
  chart(rows, look) {
    const shown = [...rows].reverse();
    return {
      height: 60 + 36 * shown.length,
      grid: grid({ right: 60, top: 4 }),
      xAxis: numbers(look, tick),
      yAxis: names(look, shown.map(row => row.channel), { axisLabel: { formatter: name => clip(name, look.narrow ? 12 : 20), color: look.ink, interval: 0 } }),
      tooltip: { formatter: at => { const row = shown[at.dataIndex]; return tip(row.channel, [['value', money(row.value)], ['cost', money(row.cost)], ['value for 1 spent', show('ratio', row.return_on_spend)]]); } },
      series: [{ type: 'bar', barMaxWidth: 22, itemStyle: { color: look.accent }, label: label(look, at => fixed(at.value, 2), { position: 'right' }), data: shown.map(row => row.return_on_spend),
        markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: look.alarm, type: 'dashed' }, data: [{ xAxis: 1 }] } }],
    };
  },
};

// --- how they are helped, how value is managed ------------------------------------------

const support = {
  id: 'support', chapter: 'How they are helped',
  title(rows, all) {
    const stage = all.chain && all.chain.find(row => row.stage === 'support');
    if (stage && stage.value_at_stake > 0) return `Support loses ${money(stage.value_at_stake)}: ${percent(1 - stage.conversion_rate)} are not seen again after their ticket`;
    return rows.length === 0 ? 'No tickets yet' : `${count(sum(rows, 'tickets'))} tickets, ${count(sum(rows, 'backlog'))} of them still open`;
  },
  words(rows) {
    const done = over(rows);
    if (done.length === 0) return '';
    const last = done[done.length - 1].period;
    const now = known(done.filter(row => row.period === last), 'resolution_median_hours');
    const slow = most(now, row => row.resolution_median_hours);
    return `${count(sum(done.filter(row => row.period === last), 'tickets'))} tickets in ${period(last)}`
      + (slow ? `; the slowest channel is ${slow.channel}: half are solved within ${show('hours', slow.resolution_median_hours)}.` : '.') + notOver(rows);
  },
  chart(rows, look) {
    if (rows.length === 0) return null;
    const times = distinct(rows.map(row => row.period));
    const size = channel => sum(rows.filter(row => row.channel === channel), 'tickets');
    const list = distinct(rows.map(row => row.channel)).sort((a, b) => size(b) - size(a)).slice(0, 7);
    const at = (when, channel, name) => { const row = rows.find(one => one.period === when && one.channel === channel); return row ? row[name] : null; };
    const cross = names(look, times.map(period));
    const kinds = ['solid', 'dashed', 'dotted'];
    return {
      height: 442,
      legend: legend(look, { data: list }),
      title: [above(look, `tickets a ${periodWord}`, 32), above(look, 'median hours to the solution', 236)],
      grid: [{ left: 48, right: 16, top: 58, height: 136 }, { left: 48, right: 16, top: 262, height: 148 }],
      xAxis: [cross, { ...cross, gridIndex: 1 }],
      yAxis: [numbers(look, tick), numbers(look, tick, { gridIndex: 1 })],
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, formatter: points => { const when = times[points[0].dataIndex];
        return tip(period(when), list.map(channel => [channel, `${show('count', at(when, channel, 'tickets'))} tickets, solved within ${show('hours', at(when, channel, 'resolution_median_hours'))}`])); } },
      series: [...list.map((channel, i) => ({ type: 'bar', stack: 'tickets', name: channel, barCategoryGap: '30%', itemStyle: { color: look.colour[i] }, data: times.map(when => at(when, channel, 'tickets')) })),
        ...list.map((channel, i) => ({ type: 'line', name: channel, xAxisIndex: 1, yAxisIndex: 1, symbolSize: 5, connectNulls: true, lineStyle: { color: look.colour[i], width: 2, type: kinds[i % 3] }, itemStyle: { color: look.colour[i] },
          data: times.map(when => at(when, channel, 'resolution_median_hours')) }))],
    };
  },
};

const maturity = {
  id: 'maturity', chapter: 'How value is managed',
  title(rows) {
    const best = most(known(rows, 'level'), row => row.level);
    const worst = most(known(rows, 'level'), row => -row.level);
    if (!best) return 'No practices assessed yet';
    if (best.level === worst.level) return `Level ${best.level} of 5 in all aspects: ${best.level_name}`;
    const of = row => (distinct(rows.map(one => one.unit)).length > 1 ? `${row.aspect}, ${row.unit}` : row.aspect);
    return `Strongest in ${of(best)} (level ${best.level} of 5), weakest in ${of(worst)} (level ${worst.level})`;
  },
  words(rows) {
    const next = most(rows.filter(row => row.level !== null && row.next_practice !== null), row => -row.level);
    return next ? `The next level of ${next.aspect}${next.unit === '(none)' ? '' : ` in ${next.unit}`} asks: ${next.next_practice}` : '';
  },
  chart(rows, look) {
    const level = aspect => median(known(rows, 'level').filter(row => row.aspect === aspect).map(row => row.level));
    const list = distinct(known(rows, 'level').map(row => row.aspect)).sort((a, b) => level(a) - level(b) || (a < b ? 1 : -1));
    if (list.length === 0) return null;
    const units = distinct(rows.map(row => row.unit)).slice(0, 7);
    return {
      height: 60 + (units.length > 1 ? 34 + (14 + 12 * units.length) * list.length : 38 * list.length),
      legend: units.length > 1 ? legend(look) : undefined,
      grid: grid({ top: units.length > 1 ? 34 : 4, right: 40 }),
      xAxis: numbers(look, value => fixed(value, 0), { min: 0, max: 5, interval: 1 }),
      yAxis: names(look, list, { axisLabel: { formatter: name => clip(name, look.narrow ? 18 : 60), color: look.ink, interval: 0 } }),
      tooltip: { formatter: at => tip(at.name, rows.filter(row => row.aspect === at.name).map(row => [row.unit === '(none)' ? 'level' : row.unit, `${show('count', row.level)} ${row.level_name || ''}`])) },
      series: units.map((unitName, i) => ({ type: 'bar', name: unitName, barMaxWidth: 18, itemStyle: { color: look.colour[i] }, label: label(look, at => (at.value === null ? '' : fixed(at.value, 0)), { position: 'right' }),
        data: list.map(aspect => { const row = rows.find(one => one.aspect === aspect && one.unit === unitName); return row ? row.level : null; }) })),
    };
  },
};

const SECTIONS = [chain, distribution, deciles, segments, model, cohorts, revenue, nps, offers, funnel, journey, attribution, returns, support, maturity];

// --- headline ---------------------------------------------------------------------------

// Numbers for the top of the page: what, kind, value, words.
function headline(all) {
  const tiles = [];
  const facts = all.customers && all.customers[0];
  if (facts && facts.customers > 0) {
    tiles.push(['Customer equity', 'money', facts.equity, `of ${count(facts.customers)} customers${about.horizon ? `, within ${about.horizon}` : ''}`, 'equity']);
    tiles.push(['Mean lifetime value', 'money', facts.mean_clv, `half are worth less than ${money(facts.median_clv)}`, 'mean_clv']);
    tiles.push(['Still customers', 'share', facts.mean_p_alive, `expected to buy again; ${percent(facts.one_time_buyers / facts.customers)} bought once only`, 'mean_p_alive']);
  }
  const flows = all.revenue && over(all.revenue);
  if (flows && flows.length > 0) {
    const last = flows[flows.length - 1];
    tiles.push([`Revenue ${period(last.period)}`, 'money', last.closing, last.nrr === null ? 'the first ' + periodWord : `net revenue retention ${percent(last.nrr)}`, 'closing']);
  }
  const weakest = all.chain && all.chain.find(row => row.weakest_link);
  if (weakest) tiles.push(['At stake at the weakest link', 'money', weakest.value_at_stake, weakest.stage, 'value_at_stake']);
  const score = all.nps && known(over(all.nps), 'nps');
  if (score && score.length > 0) {
    const last = score[score.length - 1];
    tiles.push([`NPS ${period(last.period)}`, 'score', last.nps, `${show('score', last.low)} to ${show('score', last.high)}, from ${count(last.responses)} answers`, 'nps']);
  }
  const tickets = all.support && over(all.support);
  if (tickets && tickets.length > 0) {
    const last = tickets.filter(row => row.period === tickets[tickets.length - 1].period);
    tiles.push([`Tickets ${period(last[0].period)}`, 'count', sum(last, 'tickets'), `${count(sum(last, 'backlog'))} still open`, 'tickets']);
  }
  const levels = all.maturity && known(all.maturity, 'level');
  if (levels && levels.length > 0) tiles.push(['Maturity', 'ratio', sum(levels, 'level') / levels.length, 'mean level, of 5', 'level']);
  return tiles;
}
