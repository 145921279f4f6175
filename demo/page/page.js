// Building the page: chapters, figures with chart, table and query, light and dark.

// make(NAME, PROPERTIES, CHILDREN): an element; texts among the children stay texts.
function make(name, properties, children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...(children || []));
  return element;
}

// number(NAME, KIND, VALUE): an element with a number in words, and the number itself for
// whoever wants to read it exactly.
function number(name, kind, value, how = 'words') {
  const element = make(name, {}, [value === null || value === undefined ? NOTHING : KINDS[kind][how](value)]);
  if (value !== null && value !== undefined) element.dataset.value = value;
  return element;
}

const readable = name => name.replace(/_/g, ' ');

function tableOf(section, rows, title) {
  if (rows.length === 0) return make('p', { className: 'none' }, ['No rows.']);
  const columns = Object.keys(rows[0]);
  const kind = column => (section.columns && section.columns[column]) || kindOf.get(column) || 'text';
  const isNumber = column => !['text', 'yes', 'period', 'date'].includes(kind(column));
  const head = make('tr', {}, columns.map(column => make('th', { scope: 'col', className: isNumber(column) ? 'number' : '' }, [readable(column)])));
  const body = rows.map(row => make('tr', {}, columns.map((column, i) => {
    const cell = number(i === 0 ? 'th' : 'td', kind(column), row[column], 'table');
    if (i === 0) cell.scope = 'row';
    if (isNumber(column)) cell.className = 'number';
    return cell;
  })));
  return make('table', {}, [make('caption', {}, [title]), make('thead', {}, [head]), make('tbody', {}, body)]);
}

// --- look -------------------------------------------------------------------------------

const dark = matchMedia('(prefers-color-scheme: dark)');
const calm = matchMedia('(prefers-reduced-motion: reduce)');
let printing = false;

// Colours that stay apart for colour-blind readers (after Okabe and Ito), for either ground.
function lookFor(width) {
  const night = dark.matches && !printing;
  const style = getComputedStyle(document.documentElement);
  const of = name => style.getPropertyValue(`--${name}`).trim();
  return {
    width, narrow: width < 520,
    ...(printing ? { ink: '#000', soft: '#444', line: '#bbb', faint: '#e4e4e4', paper: '#fff', accent: '#1f66ad', alarm: '#b8450f' }
      : { ink: of('ink'), soft: of('soft'), line: of('line'), faint: of('faint'), paper: of('paper'), accent: of('accent'), alarm: of('alarm') }),
    pale: night ? '#4a5a70' : '#a9bdd4', onDeep: night ? '#0b1320' : '#ffffff', turn: night ? 0.58 : 0.72,
    colour: night ? ['#6db1ef', '#f0b43c', '#3fc79f', '#dd9cc6', '#a5d8f7', '#ff8a50', '#a6adb8'] : ['#1f66ad', '#d99000', '#008a64', '#b0629a', '#5aaee0', '#c9510c', '#6d7583'],
    heat: night ? ['#1d2836', '#2c4d72', '#4a86bf', '#9ccbf5'] : ['#eef4fa', '#b5d0ea', '#5b98d0', '#0d4f92'],
  };
}

function draw(figure) {
  const look = lookFor(printing ? Math.min(figure.box.clientWidth || 680, 680) : figure.box.clientWidth);
  const { height, ...option } = figure.section.chart(figure.rows, look);
  figure.box.style.height = `${height}px`;
  figure.chart.resize({ width: look.width, height });
  figure.chart.setOption({
    animation: !calm.matches && !printing, animationDuration: 300, stateAnimation: { duration: calm.matches ? 0 : 150 },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    ...option,
    tooltip: { trigger: 'item', confine: true, transitionDuration: calm.matches ? 0 : 0.15, backgroundColor: look.paper, borderColor: look.line, textStyle: { color: look.ink, fontSize: 13 }, ...option.tooltip },
  }, true);
}

// --- the parts --------------------------------------------------------------------------

const data = new Map();
for (const element of document.querySelectorAll('script[data-section]')) {
  data.set(element.dataset.section, JSON.parse(element.textContent));
}
const all = Object.fromEntries([...data].map(([id, part]) => [id, part.rows]));
const lastDay = all.customers && all.customers[0].last_purchase;
const figures = [];

function figureOf(section) {
  const part = data.get(section.data || section.id);
  if (!part) return null;
  const rows = section.rows ? section.rows(part.rows) : part.rows;
  if ((section.data && rows.length === 0) || (section.hidden && section.hidden(rows))) return null;
  // Dates such as 2025-12 stay on one line.
  const whole = text => text.trim().replace(/(\d)-(?=\d|Q)/g, '$1\u2011');
  const title = whole(section.title(rows, all));
  const words = whole((section.words && section.words(rows, all)) || '');
  const caption = make('figcaption', {}, [make('h3', { id: `title-${section.id}` }, [title])]);
  if (words) caption.append(make('p', {}, [words]));
  const figure = make('figure', { id: section.id, className: section.half ? 'half' : '' }, [caption]);
  if (section.before && rows.length > 0) figure.append(section.before(rows));
  if (section.chart && section.chart(rows, lookFor(600))) {
    const box = make('div', { className: 'chart' });
    box.setAttribute('role', 'img');
    box.setAttribute('aria-label', `Chart: ${title}. ${words} The figures are in the table below.`);
    figure.append(box);
    figures.push({ section, rows, box });
  } else if (rows.length === 0 && section.id !== 'model') {
    figure.append(make('p', { className: 'none' }, [`There are no rows. CALL refresh_value_views('${about.schema}') fills the views.`]));
  }
  const more = make('div', { className: 'more' });
  if (rows.length > 0) {
    const scroll = make('div', { className: 'scroll', tabIndex: 0 }, [tableOf(section, rows, title)]);
    scroll.setAttribute('role', 'region');
    scroll.setAttribute('aria-label', `Table: ${title}`);
    more.append(make('details', { className: 'data' }, [make('summary', {}, ['Figures']), scroll]));
  }
  const query = make('div', { className: 'scroll', tabIndex: 0 }, [make('pre', {}, [make('code', {}, [`SET search_path = ${about.schema};\n\n${part.sql};`])])]);
  query.setAttribute('role', 'region');
  query.setAttribute('aria-label', `SQL: ${title}`);
  more.append(make('details', { className: 'query' }, [make('summary', {}, ['SQL']), query]));
  figure.append(more);
  return figure;
}

function build() {
  const title = about.title || 'Customer value';
  document.title = title;
  document.querySelector('h1').textContent = title;
  const rate = about.discount_rate === null ? null : percent(about.discount_rate);
  document.getElementById('subtitle').textContent = [
    about.as_of || lastDay ? `as of ${about.as_of || lastDay}` : null,
    about.horizon ? `lifetime value: what the next ${about.horizon} ${about.horizon.startsWith('1 ') ? 'is' : 'are'} expected to bring, discounted by ${rate} a year` : null,
    about.refreshed ? `views refreshed ${about.refreshed} UTC` : null,
  ].filter(Boolean).join(' \u00b7 ');

  const main = document.querySelector('main');
  const tiles = headline(all);
  if (tiles.length > 0) {
    main.append(make('dl', { className: 'tiles' }, tiles.map(([name, kind, value, words, key]) => {
      const shown = number('div', kind, value);
      shown.className = 'number';
      const tile = make('div', { className: 'tile' }, [make('dt', {}, [name]), make('dd', {}, [shown, make('div', { className: 'words' }, [words])])]);
      tile.dataset.tile = key;
      return tile;
    })));
  }
  const chapters = new Map();
  for (const section of SECTIONS) {
    const figure = figureOf(section);
    if (!figure) continue;
    if (!chapters.has(section.chapter)) {
      const id = section.chapter.toLowerCase().replace(/\W+/g, '-');
      const body = make('div', { className: 'chapter' });
      main.append(make('section', { id }, [make('h2', {}, [section.chapter]), body]));
      document.querySelector('nav').append(make('a', { href: `#${id}` }, [section.chapter]));
      chapters.set(section.chapter, body);
    }
    chapters.get(section.chapter).append(figure);
  }
  // Half a row stays for nobody: a lone half becomes a whole.
  for (const body of chapters.values()) {
    const list = [...body.children];
    for (let i = 0; i < list.length; i += 1) {
      if (!list[i].classList.contains('half')) continue;
      if (list[i + 1] && list[i + 1].classList.contains('half')) i += 1;
      else list[i].classList.remove('half');
    }
  }
  build.footer();
  for (const figure of figures) figure.chart = echarts.init(figure.box, null, { renderer: 'svg', width: figure.box.clientWidth, height: 100 });
  figures.forEach(draw);
}

build.footer = () => {
  const footer = document.querySelector('footer');
  if (about.missing.length > 0) {
    footer.append(make('h2', {}, ['Not on this page']), make('ul', {}, about.missing.map(({ view, source, there }) => make('li', {}, [
      make('code', {}, [view]), there ? ': this database role may not read it' : source ? `: is there once create_value_views() is given ${source}` : ': is not there']))));
  }
  footer.append(make('p', {}, [
    about.currency ? '' : 'Money is in the unit of the orders. ', 'Shares are of customers if not said otherwise. k is a thousand, M a million, G a thousand millions. ',
    `Read from the schema ${about.schema} of the database ${about.database}; every figure comes with the query that it came from.`]));
  footer.append(make('p', {}, ['Made by the PostgreSQL extension customer_value. Charts by Apache ECharts ', echarts.version,
    ' (Apache License 2.0; Copyright 2017\u20132026 The Apache Software Foundation), which is within this page: nothing is loaded from elsewhere.']));
};

build();

// The page follows the width of the window, the colours of the system, and the printer.
let waiting = null;
function again() {
  clearTimeout(waiting);
  waiting = setTimeout(() => figures.forEach(draw), 80);
}
addEventListener('resize', again);
dark.addEventListener('change', () => figures.forEach(draw));
addEventListener('beforeprint', () => { printing = true; figures.forEach(draw); });
addEventListener('afterprint', () => { printing = false; figures.forEach(draw); });
