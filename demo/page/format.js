// What the page is about: one element with JSON, and one for each part.
const about = JSON.parse(document.getElementById('about').textContent);
if (about.horizon) about.horizon = about.horizon.replace(/\bmon(s?)\b/, 'month$1');

// Numbers as text: a point for the decimals, narrow spaces between thousands, a real minus
// sign, a dash for what is not known; the same in every country.

const SPACE = '\u202f';
const NOTHING = '\u2013';

function fixed(value, digits) {
  let text = Math.abs(value).toFixed(digits);
  const point = text.indexOf('.') < 0 ? text.length : text.indexOf('.');
  text = text.slice(0, point).replace(/\B(?=(\d{3})+$)/g, SPACE) + text.slice(point);
  return (value < 0 && /[1-9]/.test(text) ? '\u2212' : '') + text;
}

// Three figures and a letter: 36.7 k, 1.24 M.
function short(value) {
  const size = Math.abs(value);
  for (const [limit, unit, letter] of [[9.995e11, 1e12, 'T'], [9.995e8, 1e9, 'G'], [9.995e5, 1e6, 'M'], [9995, 1e3, 'k']]) {
    if (size >= limit) return fixed(value / unit, size / unit < 9.995 ? 2 : size / unit < 99.95 ? 1 : 0) + SPACE + letter;
  }
  return fixed(value, size >= 99.95 || Number.isInteger(value) ? 0 : size >= 9.995 ? 1 : 2);
}

// A tick of an axis: the same, without zeros behind the point.
const tick = value => short(value).replace(/(\.\d*?)0+(?=\D*$)/, '$1').replace(/\.(?=\D*$)/, '');
const percentTick = value => fixed(100 * value, 1).replace('.0', '') + SPACE + '%';

const unit = () => (about.currency ? '\u00a0' + about.currency : '');

// A kind of number: as it stands in a table and in a sentence.
const KINDS = {
  count: { table: v => fixed(v, 0), words: short },
  money: { table: v => fixed(v, 2), words: v => short(v) + unit() },
  share: { table: v => fixed(100 * v, 1) + SPACE + '%', words: v => fixed(100 * v, Math.abs(v) < 0.0995 && v !== 0 ? 1 : 0) + SPACE + '%' },
  score: { table: v => fixed(v, 1), words: v => fixed(v, 0) },
  ratio: { table: v => fixed(v, 2), words: v => fixed(v, 2) },
  days: { table: v => fixed(v, 1), words: v => fixed(v, v < 9.95 ? 1 : 0) + ' days' },
  hours: { table: v => fixed(v, 1), words: v => v < 72 ? fixed(v, v < 9.95 ? 1 : 0) + ' hours' : fixed(v / 24, v < 240 ? 1 : 0) + ' days' },
  exact: { table: v => fixed(v, 4), words: v => fixed(v, 2) },
  period: { table: v => period(v), words: v => period(v) },
  date: { table: v => v, words: v => v },
  yes: { table: v => (v ? 'yes' : 'no'), words: v => (v ? 'yes' : 'no') },
  text: { table: v => String(v), words: v => String(v) },
};

// The name of a period, by its first day.
function period(day) {
  if (about.period === 'year') return day.slice(0, 4);
  if (about.period === 'quarter') return day.slice(0, 4) + '-Q' + Math.ceil(day.slice(5, 7) / 3);
  return about.period === 'month' ? day.slice(0, 7) : day;
}

// What kind of number a column holds, in all queries of the page.
const COLUMNS = {
  count: `stage_number customers_reached customers one_time_buyers orders decile period_number active responses promoters
    passives detractors step transitions tickets solved backlog level`,
  money: `cost value_at_stake spend equity mean_clv median_clv clv_from clv_to amount opening new reactivated expansion
    contraction churned closing value`,
  share: `conversion_rate satisfaction mean_p_alive equity_share customer_share retention_rate nrr grr logo_retention_rate
    step_conversion_rate share sla_rate first_contact_rate reopen_rate`,
  score: 'nps low high conversions benefits costs perceived_value',
  ratio: 'benefits_per_answer costs_per_answer quick_ratio value_ratio_of_offer return_on_spend csat',
  days: 'median_days unit_days',
  hours: 'median_hours p90_hours first_reply_median_hours resolution_median_hours',
  exact: 'estimate standard_error low high log_likelihood',
  period: 'cohort period',
  date: 'last_purchase',
  yes: 'weakest_link converged',
};
const kindOf = new Map();
for (const [kind, names] of Object.entries(COLUMNS)) {
  for (const name of names.split(/\s+/)) if (!kindOf.has(name)) kindOf.set(name, kind);
}

const show = (kind, value) => (value === null || value === undefined ? NOTHING : KINDS[kind].words(value));
const percent = value => show('share', value);
const money = value => show('money', value);
const count = value => show('count', value);
