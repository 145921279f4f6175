/*
 * renewal.c: exact expectations of a renewal process with Erlang-k gaps, a gamma
 * distributed rate and a beta distributed chance p to end after each event.
 *
 * Gaps with k > 1 have a memory: what comes next depends on the time s since the
 * last event.  As an Erlang gap is k exponential stages (Cox's device of stages),
 * that memory is the number j of stages done in s.  Given a rate L of stages, j is
 * Poisson(L s), and that the process is silent and alive says j < k.  So with the
 * prior L ~ Gamma(R, A - s) of the time of the last event,
 *
 *   P(j)    proportional to  (R)_j / j! v^j,  v = s / A,  j = 0 .. k-1,
 *   L | j   ~ Gamma(R + j, A),
 *
 * and given j the stages ahead forget the past: their number M over a time t is
 * negative binomial.  N = floor((j + M) / k) events would take place, the n-th is
 * reached with probability q_(n-1) = E[(1-p)^(n-1)] = B(a, c+n-1) / B(a, c), so
 *
 *   E[events in t]  = sum_j P(j) sum_m P(M = m) S(floor((j + m) / k)),  S(n) = q_0 + .. + q_(n-1)
 *   P(alive at t)   = sum_j P(j) sum_m P(M = m) q_floor((j + m) / k)
 *
 * All terms are positive.  The silence s is in P(j) only.  So everything here is computed
 * by the stage j, and the mean with P(j) is taken at the end: customers with the same R and
 * A share all but that.
 */
#include "core/renewal.h"

#include <complex.h>
#include <math.h>

#include "core/buying.h"
#include "core/quadrature.h"
#include "core/special.h"

#define PI 3.14159265358979323846

/*
 * "silent" is the time since the last event, part of "scale" A; a process at its
 * beginning has silent = 0.
 */
void
cv_renewal_init(cv_renewal *self, int k, double shape, double scale, double silent, double a,
				double c)
{
	double v = silent / scale;
	double term = 1;
	double sum = 1;
	int j;

	self->k = k;
	self->shape = shape;
	self->scale = scale;
	self->a = a;
	self->c = c;
	self->log_sum = 0;
	self->weight[0] = 1;
	for (j = 1; j < k && v > 0; j++)
	{
		term *= (shape + j - 1) / j * v;
		self->weight[j] = term;
		sum += term;
		if (sum > 1e200)
		{
			int i;

			for (i = 0; i <= j; i++)
				self->weight[i] *= 1e-200;
			term *= 1e-200;
			sum *= 1e-200;
			self->log_sum += 200 * 2.302585092994045684;
		}
	}
	self->lanes = j;
	for (j = 0; j < self->lanes; j++)
		self->weight[j] /= sum;
	self->log_sum += log(sum);
}

/* All k stages, of a process of which no weights are asked. */
void
cv_renewal_init_all(cv_renewal *self, int k, double shape, double scale, double a, double c)
{
	cv_renewal_init(self, k, shape, scale, 0, a, c);
	self->lanes = k;
}

/* The mean over the stages done. */
double
cv_renewal_mean(const cv_renewal *self, const double *of_stage)
{
	double sum = 0;
	int j;

	for (j = 0; j < self->lanes; j++)
		sum += self->weight[j] * of_stage[j];
	return sum;
}

/* ---- the renewal sum ---- */

#define MOST_EVENTS 1024  /* that are summed one by one, */
#define MOST_TERMS 16384. /* and stages */

/* What the n-th event is worth: q_n or S(n), filled in as far as needed. */
typedef struct event_table
{
	int known;
	int events; /* S, not q */
	double q;	/* of the last one known */
	double value[MOST_EVENTS + 3];
} event_table;

static void
table_init(event_table *table, int events)
{
	table->known = 1;
	table->events = events;
	table->q = 1;
	table->value[0] = events ? 0 : 1;
}

static void
table_extend(event_table *table, const cv_renewal *self)
{
	int n = table->known++;
	double ratio = (self->c + n - 1) / (self->a + self->c + n - 1);

	if (table->events)
		table->value[n] = table->value[n - 1] + table->q;
	else
		table->value[n] = table->q * ratio;
	table->q *= ratio;
}

/* Does the sum over stages stay short at y = t / A? */
static int
sum_is_short(const cv_renewal *self, double y)
{
	double mean = (self->shape + self->k) * y;
	double last = mean + 10 * sqrt(mean * (1 + y)) + 45 * (1 + y);

	return last < MOST_TERMS && last < (double) MOST_EVENTS * self->k;
}

/*
 * sum_m P(M = m) value(floor((j + m) / k)) for one j.  The probabilities follow from
 * each other, from the mode in both directions, and are divided by their own sum.
 */
static double
lane_sum(const cv_renewal *self, event_table *table, int j, double y)
{
	double shape = self->shape + j;
	double z = y / (1 + y);
	int mode = shape > 1 ? (int) ((shape - 1) * y) : 0;
	double total = 1;
	double value;
	double term = 1;
	int m;

	while (table->known <= (mode + j) / self->k)
		table_extend(table, self);
	value = table->value[(mode + j) / self->k];
	for (m = mode; m > 0; m--)
	{
		term *= m / ((shape + m - 1) * z);
		total += term;
		value += term * table->value[(m - 1 + j) / self->k];
		if (term < 1e-20 * total)
			break;
	}
	term = 1;
	for (m = mode;; m++)
	{
		double ratio = (shape + m) * z / (m + 1);
		double left = 1 - fmax(ratio, z);
		int n = (m + 1 + j) / self->k;

		if (n > MOST_EVENTS)
			break;
		if (n == table->known)
			table_extend(table, self);
		term *= ratio;
		total += term;
		value += term * table->value[n];
		if (left > 0 && term * table->value[n] < 1e-18 * left * left * value)
			break;
		if (term == 0)
			break;
	}
	return value / total;
}

/* Can no lane's sum be seen to grow any more, by the parts that one m added? */
static int
all_still(int lanes, const double *part, const double *sum, double enough)
{
	int j;

	for (j = 0; j < lanes; j++)
		if (!(part[j] == 0 || part[j] < enough * sum[j]))
			return 0;
	return 1;
}

/* The renewal sum of each lane at y = t / A, where it is short. */
static void
stage_sum(const cv_renewal *self, event_table *table, double y, double *sum)
{
	double log_at = log1p(y);
	double z = y / (1 + y);
	double term[CV_MOST_STAGES];
	double part[CV_MOST_STAGES];
	int lanes = self->lanes;
	int n = 0;	   /* floor(m / k) */
	int phase = 0; /* m - n k */
	int m;
	int j;

	if ((self->shape + lanes) * log_at > 500)
	{
		/* P(M = 0) would underflow */
		for (j = 0; j < lanes; j++)
			sum[j] = lane_sum(self, table, j, y);
		return;
	}
	/* all j side by side from m = 0 */
	term[0] = exp(-self->shape * log_at);
	for (j = 1; j < lanes; j++)
		term[j] = term[j - 1] * (1 - z);
	for (j = 0; j < lanes; j++)
		sum[j] = 0;
	for (m = 0;; m++)
	{
		double step = z / (m + 1);
		int split = self->k - phase; /* from this j on it is one event more */

		while (table->known <= n + 1)
			table_extend(table, self);
		if (split > lanes)
			split = lanes;
		for (j = 0; j < split; j++)
		{
			part[j] = term[j] * table->value[n];
			sum[j] += part[j];
			term[j] *= (self->shape + j + m) * step;
		}
		for (; j < lanes; j++)
		{
			part[j] = term[j] * table->value[n + 1];
			sum[j] += part[j];
			term[j] *= (self->shape + j + m) * step;
		}
		if (++phase == self->k)
		{
			/* no ratio of two terms to come is larger */
			double ratio = fmax((self->shape + lanes + m) * step, z);

			phase = 0;
			if (n > 0 && ratio < 1 &&
				all_still(lanes, part, sum, 1e-18 * (1 - ratio) * (1 - ratio)))
				break;
			if (++n > MOST_EVENTS)
				break;
		}
	}
}

/*
 * The same at NODES places y in ascending order, side by side, so that the processor works
 * on several at a time; none may underflow.
 */
#define NODES 16

static void
stage_sums(const cv_renewal *self, event_table *table, const double *y, double sum[][NODES])
{
	double term[CV_MOST_STAGES][NODES];
	double z[NODES];
	int lanes = self->lanes;
	int n = 0;
	int phase = 0;
	int m;
	int j;
	int i;

	for (i = 0; i < NODES; i++)
	{
		z[i] = y[i] / (1 + y[i]);
		term[0][i] = exp(-self->shape * log1p(y[i]));
	}
	for (j = 1; j < lanes; j++)
		for (i = 0; i < NODES; i++)
			term[j][i] = term[j - 1][i] * (1 - z[i]);
	for (j = 0; j < lanes; j++)
		for (i = 0; i < NODES; i++)
			sum[j][i] = 0;
	for (m = 0;; m++)
	{
		double one = 1.0 / (m + 1);
		int last = phase == self->k - 1;
		double part[CV_MOST_STAGES];
		double whole[CV_MOST_STAGES];

		while (table->known <= n + 1)
			table_extend(table, self);
		for (j = 0; j < lanes; j++)
		{
			double value = table->value[j < self->k - phase ? n : n + 1];
			double factor = (self->shape + j + m) * one;

			if (last)
				part[j] = term[j][NODES - 1] * value;
			for (i = 0; i < NODES; i++)
			{
				sum[j][i] += term[j][i] * value;
				term[j][i] *= factor * z[i];
			}
			whole[j] = sum[j][NODES - 1];
		}
		phase++;
		if (last)
		{
			double most = z[NODES - 1];
			double ratio = fmax((self->shape + lanes + m) * one * most, most);

			phase = 0;
			/* relative to what it is to be part of, sums of 1e-17 are nothing */
			if (n > 0 && ratio < 1 && all_still(lanes, part, whole, 1e-17 * (1 - ratio)))
				break;
			if (++n > MOST_EVENTS)
				break;
		}
	}
}

/* ---- many events ---- */

/*
 * Where the sum is long: given p, with rho = (1-p)^(1/k), w = e^(2 pi i / k) and
 * y = t / A, a filter of roots of unity sums it in closed form,
 *
 *   E[events | p, j] = rho^(j+1-k) / k sum_l w^(l(j+1)) (1 - (1 + (1 - rho w^l) y)^-(R+j)) / (1 - rho w^l),
 *   P(alive | p, j)  = 1 - p E[events | p, j],
 *
 * and the rule of quadrature.c takes the expectation over p.  The factor
 * rho^-(k-1-j) loses digits as p -> 1, but there few terms of the plain sum suffice.
 */
#define NEARLY_SURE 0.01 /* 1 - p, from which on downward */
#define FEW_EVENTS 9

typedef struct long_sum
{
	const cv_renewal *self;
	double y;
	int events;
	double _Complex root[CV_MOST_STAGES];			/* w^l */
	double reached[CV_MOST_STAGES][FEW_EVENTS + 1]; /* P(N >= n), by j */
} long_sum;

static void
given_p(double p, const void *context, double *value)
{
	const long_sum *at = context;
	const cv_renewal *self = at->self;
	int k = self->k;
	double log_rho = log1p(-p) / k;
	double rho;
	int l;
	int j;
	int n;

	if (1 - p < NEARLY_SURE)
	{
		for (j = 0; j < self->lanes; j++)
		{
			double power = 1;
			double sum = 0;

			for (n = 1; n <= FEW_EVENTS; n++)
			{
				sum += power * at->reached[j][n];
				power *= 1 - p;
			}
			value[j] = at->events ? sum : 1 - p * sum;
		}
		return;
	}
	for (j = 0; j < self->lanes; j++)
		value[j] = 0;
	rho = exp(log_rho);
	for (l = 0; 2 * l <= k; l++)
	{
		double one = l == 0 ? -expm1(log_rho) : 0; /* 1 - rho */
		double _Complex c = l == 0 ? one : 1 - rho * at->root[l];
		double _Complex log_at = l == 0 ? log1p(one * at->y) : clog(1 + c * at->y);
		double _Complex turn = at->root[l] * exp((1 - k) * log_rho);
		double _Complex power = cexp(-self->shape * log_at);
		double _Complex step = cexp(-log_at);
		double share = (l == 0 || 2 * l == k ? 1.0 : 2.0) / k;

		for (j = 0; j < self->lanes; j++)
		{
			if (one == 0 && l == 0)
				/* p = 0: the limit */
				value[j] += share * (at->events ? (self->shape + j) * at->y : k);
			else if (!at->events)
				value[j] += share * creal(turn * power * (p / c));
			else if (l == 0)
				value[j] += share * creal(turn) * -expm1(-(self->shape + j) * creal(log_at)) / one;
			else
				value[j] += share * creal(turn * (1 - power) / c);
			turn *= at->root[l] * rho;
			power *= step;
		}
	}
}

static void
long_sum_at(const cv_renewal *self, double y, int events, double *sum)
{
	cv_beta_rule rule;
	long_sum at;
	int l;
	int n;
	int j;

	at.self = self;
	at.y = y;
	at.events = events;
	for (l = 0; l < self->k; l++)
		at.root[l] = cexp(2 * PI * I * l / self->k);
	for (j = 0; j < self->lanes; j++)
		for (n = 1; n <= FEW_EVENTS; n++)
			at.reached[j][n] = cv_beta_tail(y / (1 + y), self->k * n - j, self->shape + j);
	cv_beta_rule_init(&rule, self->a, self->c, self->shape + self->k);
	cv_beta_rule_means(&rule, given_p, &at, self->lanes, sum);
}

/* ---- over time ---- */

static void
set_all(const cv_renewal *self, double value, double *of_stage)
{
	int j;

	for (j = 0; j < self->lanes; j++)
		of_stage[j] = value;
}

/* P(alive after a time), infinite allowed. */
void
cv_renewal_survival(const cv_renewal *self, double ahead, double *of_stage)
{
	double y = ahead / self->scale;
	event_table table;
	int j;

	if (ahead == 0 || ahead == INFINITY)
	{
		set_all(self, ahead == 0, of_stage);
		return;
	}
	table_init(&table, 0);
	if (sum_is_short(self, y))
		stage_sum(self, &table, y, of_stage);
	else
		long_sum_at(self, y, 0, of_stage);
	for (j = 0; j < self->lanes; j++)
		of_stage[j] = fmin(1, fmax(0, of_stage[j]));
}

/* E[events in a time], undiscounted, finite. */
static void
events_in(const cv_renewal *self, event_table *table, double t, double *of_stage)
{
	double y = t / self->scale;

	if (sum_is_short(self, y))
		stage_sum(self, table, y, of_stage);
	else
		long_sum_at(self, y, 1, of_stage);
}

/*
 * How far a panel of the integral over time goes.  N is a mixture of
 * (1 + (1 - rho w^l) u / A)^-(R+j), whose singularities have real parts of at most -A/2.
 * Those with l > 0 oscillate as long as gaps are in step, and die out like
 * (1 + (1 - cos(2 pi / k)) u / A)^-R; panels are short until then.
 */
static double
panel_reach(const cv_renewal *self, double from, double horizon, double delta)
{
	double shape = self->shape + self->lanes - 1;
	double damping = self->k > 1 ? 1 - cos(2 * PI / self->k) : 2;
	double reach = fmin((self->scale + from) * 1.25, 8 / delta);
	double left = horizon - from;

	if (shape * log1p(damping * from / self->scale) < 36)
		reach = fmin(reach, 8 * (self->scale + from) / shape);
	/* equal panels rather than a short last one */
	return left > 2 * reach ? reach : left > reach ? 0.5 * left : left;
}

#define MOST_WORK 60000. /* terms of all sums of such an integral */

/*
 * E[sum of e^(-delta u) over events at u <= horizon].  With N(u) for E[events in u],
 *
 *   integral of e^(-delta u) dN(u) = e^(-delta H) N(H) + delta integral of e^(-delta u) N(u) du,
 *
 * unless that is much work.
 */
void
cv_renewal_events(const cv_renewal *self, double horizon, double delta, double *of_stage)
{
	event_table table;
	cv_legendre rule;
	double integral[CV_MOST_STAGES] = { 0 };
	double from;
	double reach;
	double work = 0;
	int i;
	int j;

	if (horizon == 0 || (delta == 0 && horizon == INFINITY))
	{
		double many = self->a > 1 ? (self->a + self->c - 1) / (self->a - 1) : INFINITY;

		set_all(self, horizon == 0 ? 0 : many, of_stage);
		return;
	}
	if (delta > 0 && delta * horizon > 40 + 3 * self->k)
	{
		cv_renewal_for_ever(self, delta, of_stage);
		return;
	}
	table_init(&table, 1);
	if (delta == 0)
	{
		events_in(self, &table, horizon, of_stage);
		return;
	}
	if (sum_is_short(self, horizon / self->scale))
		for (from = 0; from < horizon && work < MOST_WORK; from += reach)
		{
			reach = panel_reach(self, from, horizon, delta);
			work += NODES * self->lanes *
					((self->shape + self->k) * (from + reach) / self->scale +
					 40 * (1 + (from + reach) / self->scale));
		}
	else
		work = MOST_WORK;
	if (work >= MOST_WORK)
	{
		cv_renewal_within(self, horizon, delta, of_stage);
		return;
	}
	rule = cv_legendre_rule(NODES);
	events_in(self, &table, horizon, of_stage);
	for (from = 0; from < horizon; from += reach)
	{
		double y[NODES];
		double events[CV_MOST_STAGES][NODES];
		double share[NODES];

		reach = panel_reach(self, from, horizon, delta);
		for (i = 0; i < NODES; i++)
		{
			y[i] = (from + reach * rule.node[i]) / self->scale;
			share[i] = reach * rule.weight[i] * exp(-delta * y[i] * self->scale);
		}
		if ((self->shape + self->lanes) * log1p(y[NODES - 1]) < 500)
			stage_sums(self, &table, y, events);
		else
			for (i = 0; i < NODES; i++)
			{
				double column[CV_MOST_STAGES];

				stage_sum(self, &table, y[i], column);
				for (j = 0; j < self->lanes; j++)
					events[j][i] = column[j];
			}
		for (j = 0; j < self->lanes; j++)
			for (i = 0; i < NODES; i++)
				integral[j] += share[i] * events[j][i];
		if (horizon - from <= reach)
			break;
	}
	for (j = 0; j < self->lanes; j++)
		of_stage[j] = exp(-delta * horizon) * of_stage[j] + delta * integral[j];
}

/*
 * P(exactly n events in a time): n are reached and survived and the next is not, or
 * the n-th was the last.
 */
void
cv_renewal_probability(const cv_renewal *self, double horizon, double n, double *of_stage)
{
	double log_q = cv_lgamma_delta(self->c, n) - cv_lgamma_delta(self->a + self->c, n);
	double y = horizon / self->scale;
	double z = y / (1 + y);
	double was_last = n > 0 ? exp(log_q) * self->a / (self->c + n - 1) : 0;
	int j;

	if (horizon == 0 || horizon == INFINITY)
	{
		set_all(self, horizon == 0 ? n == 0 : was_last, of_stage);
		return;
	}
	for (j = 0; j < self->lanes; j++)
	{
		double shape = self->shape + j;
		double m = fmax(0, self->k * n - j);
		double term = exp(cv_count_log_probability(shape, self->scale, horizon, m));
		double between = 0; /* events of no more stages than n */

		for (; m < self->k * (n + 1) - j; m++)
		{
			between += term;
			term *= (shape + m) * z / (m + 1);
		}
		of_stage[j] = exp(log_q) * between;
		if (n > 0)
			of_stage[j] += was_last * cv_beta_tail(z, self->k * n - j, shape);
	}
}
