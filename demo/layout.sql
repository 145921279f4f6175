-- How the report looks: no footers, thousands separated, a dash for what is not known.

\pset footer off
\pset numericlocale on
\pset null '-'
\pset border 0
\pset linestyle ascii
\pset pager off
SET lc_messages = 'C';
SET client_min_messages = warning;
