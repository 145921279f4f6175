#!/usr/bin/python3
"""High-precision reference values for regular buying: BG/CNBD-k and MBG/CNBD-k.

Needs what oracle.py beside it needs, whose rule of integration, arithmetic (200 bits)
and random parameters and histories it uses.

HOW THE VALUES ARE MADE
  From the story: stages are a Poisson process at a rate lambda ~ Gamma(r, alpha),
  every k-th stage is a purchase, after each purchase (mbg: after the very first
  one too) the customer leaves with probability p ~ Beta(a, b).  So given lambda,
  with x purchases, the last at t_x, nothing but
    silent until T and j stages on the way       Poisson(j; lambda (T - t_x)), j < k
    m stages in the time h ahead                 Poisson(m; lambda h)
    n chances to leave survived                  B(a, b + n) / B(a, b)
    the n-th purchase ahead, discounted          the stage of number kn - j: with
                                f = lambda / (lambda + delta), f^(kn-j) times the
                                chance of so many in (lambda + delta) h
  is added up, term by term, and the whole is integrated over ln(lambda) against
  lambda^(r + kx) e^(-(alpha + t_x) lambda).  No weights (R)_j/j! v^j, no negative
  binomials, no roots of unity and no rules over time, on which src/core rests.
  For ever, the sum over purchases is geometric given lambda and p, and is
  integrated over p too.

  --crosscheck N compares N points per quantity with other routes: mpmath, where the
  next purchase is integrated over its time, from the density of Erlang gaps and without
  stages; and, with k = 1, with oracle.py's BG/NBD and MBG/NBD.

POINTS
  regular.py points --per-quantity 60 --seed 1 > regular.tsv
  are like oracle.py's; a family is named with its k, "bg/cnbd-3".  log_likelihood
  is without (k - 1) times the logarithms of the gaps.
"""
import argparse
import random
import sys

import gmpy2
from gmpy2 import mpfr, exp, log, log1p, expm1

sys.dont_write_bytecode = True
import oracle
from oracle import INF, lbeta, lgam, lu

QUANTITIES = ['log_likelihood', 'p_alive', 'expected_purchases',
              'discounted_purchases', 'purchase_probability']
STAGES = [2, 3, 4, 7, 12, 30, 100]
MOST_WORK = 6000    # terms at the largest rate that counts


def poisson(mean, count):
    """P(0), ..., P(count - 1)."""
    out = [exp(-mean)]
    for j in range(1, count):
        out.append(out[-1] * mean / j)
    return out


class Customer:
    def __init__(self, family, k, par, x, t_x, T):
        self.k, self.x = k, x
        self.r, self.alpha, self.a, b = [mpfr(v) for v in par]
        self.t_x, self.T = mpfr(t_x), mpfr(T)
        self.s = self.T - self.t_x
        self.R = self.r + k * x
        chances = x + (family == 'mbg/cnbd')
        self.B = b + chances
        # of all that is not integrated over lambda
        self.front = (self.r * log(self.alpha) - lgam(self.r) - x * lgam(mpfr(k)))
        self.survived = lbeta(self.a, self.B) - lbeta(self.a, b)
        self.left = (lbeta(self.a + 1, self.B - 1) - lbeta(self.a, b)
                     if chances else None)

    def over_rate(self, given):
        """ln of the integral of lambda^R e^(-(alpha + t_x) lambda) given(lambda) d ln(lambda)."""
        def node(w):
            rate = exp(w)
            return self.R * w - (self.alpha + self.t_x) * rate, given(rate)
        v, off = oracle.trapezoid(node, start=float(log(self.R / (self.alpha + self.T))))
        return log(v) + off

    def stages_done(self, rate):
        return poisson(rate * self.s, self.k)

    def reached(self, count):
        """E[(1-p)^n] among those who have survived so far, n < count."""
        out = [mpfr(1)]
        for n in range(1, count):
            out.append(out[-1] * (self.B + n - 1) / (self.a + self.B + n - 1))
        return out

    def fates(self):
        """ln of the chance of the history and alive at T, and dead."""
        alive = self.over_rate(lambda rate: sum(self.stages_done(rate))) + self.survived
        if self.left is None:
            return alive, None
        # the integral over lambda is the gamma function itself
        return alive, lgam(self.R) - self.R * log(self.alpha + self.t_x) + self.left

    def log_likelihood(self):
        alive, dead = self.fates()
        if dead is not None:
            most = max(alive, dead)
            alive = most + log(exp(alive - most) + exp(dead - most))
        return self.front + alive

    def ahead(self, given):
        """P(alive) E[given(lambda) | alive], given with the stages done in it."""
        alive, dead = self.fates()
        whole = alive if dead is None else max(alive, dead) + log1p(exp(-abs(alive - dead)))
        return exp(self.over_rate(given) + self.survived - whole)

    def horizon_terms(self, mean):
        """Poisson probabilities that matter, and the tails P(M >= m)."""
        count = int(mean + 20 * gmpy2.sqrt(mean) + 160)
        p = poisson(mean, count)
        tail = [mpfr(0)] * (count + 1)
        for m in range(count - 1, -1, -1):
            tail[m] = tail[m + 1] + p[m]
        return p, tail

    def p_alive(self, h):
        if h == 0:
            return self.ahead(lambda rate: sum(self.stages_done(rate)))
        h = mpfr(h)
        def given(rate):
            done = self.stages_done(rate)
            p, _ = self.horizon_terms(rate * h)
            q = self.reached(len(p) // self.k + 2)
            return sum(d * sum(v * q[(j + m) // self.k] for m, v in enumerate(p))
                       for j, d in enumerate(done))
        return self.ahead(given)

    def discounted_purchases(self, h, delta):
        d, k = mpfr(delta), self.k
        if h == INF:
            def given(rate):
                f = rate / (rate + d)
                fk = f ** k
                # f^(k-j) / (1 - (1-p) f^k) = f^(k-j) / (1 - f^k) / (1 + p Y)
                Y = fk / (1 - fk)
                mean = oracle.Customer.over_p(
                    self, lambda p: (-log1p(p * Y), Y / (1 + p * Y)))
                done = self.stages_done(rate)
                return sum(v * f ** (k - j) for j, v in enumerate(done)) / (1 - fk) * mean
            return self.ahead(given)
        h = mpfr(h)
        def given(rate):
            f = rate / (rate + d)
            done = self.stages_done(rate)
            _, tail = self.horizon_terms((rate + d) * h)
            q = self.reached(len(tail) // k + 2)
            total, power = mpfr(0), mpfr(1)
            for m in range(1, len(tail)):
                n = -(-m // k)
                power *= f
                total += done[k * n - m] * q[n - 1] * power * tail[m]
            return total
        return self.ahead(given)

    def expected_purchases(self, h):
        return self.discounted_purchases(h, 0)

    def purchase_probability(self, n, h):
        h, k = mpfr(h), self.k
        def given(rate):
            done = self.stages_done(rate)
            p, tail = self.horizon_terms(rate * h)
            p += [mpfr(0)] * (k * (n + 1) - len(p))
            tail += [mpfr(0)] * (k * (n + 1) - len(tail))
            q = self.reached(n + 1)
            total = mpfr(0)
            for j, d in enumerate(done):
                part = q[n] * sum(p[max(0, k * n - j):k * (n + 1) - j])
                if n:
                    part += (q[n - 1] - q[n]) * tail[k * n - j]
                total += d * part
            return total
        value = self.ahead(given)
        alive, dead = self.fates()
        if n == 0 and dead is not None:
            value += 1 / (1 + exp(alive - dead))
        return value


def value(quantity, family, k, par, x, t_x, T, horizon, delta, n):
    c = Customer(family, k, par, x, t_x, T)
    if quantity == 'log_likelihood':
        return c.log_likelihood()
    if quantity == 'p_alive':
        return c.p_alive(horizon)
    if quantity == 'expected_purchases':
        return c.expected_purchases(horizon)
    if quantity == 'discounted_purchases':
        return c.discounted_purchases(horizon, delta)
    return c.purchase_probability(n, horizon)


def draw(rng, quantity, i):
    family = ('bg/cnbd', 'mbg/cnbd')[i % 2]
    k = STAGES[i // 2 % len(STAGES)]
    par = oracle.draw_parameters(rng, 'bg/nbd', (i // 2 + i % 2) % oracle.KINDS)
    x, t_x, T = oracle.draw_history(rng, par)
    horizon = delta = n = None
    if quantity != 'log_likelihood':
        horizon = (float(rng.choice([1, 2, 12, 39, 52, 100, 365])) if rng.random() < .2
                   else lu(rng, .01, 1000))
        if quantity == 'p_alive' and rng.random() < .35:
            horizon = 0.0
    if quantity == 'discounted_purchases':
        delta = lu(rng, 1e-4, .3)
        if rng.random() < .5:
            horizon = INF
    mean = 0 if horizon in (None, INF) else (par[0] + k * x) / (par[1] + T) * horizon
    if quantity == 'purchase_probability':
        n = rng.choice([0, rng.randint(1, 5), min(100, int(mean / k * lu(rng, .3, 3)))])
    if horizon not in (None, INF, 0):
        # sums that take all day
        reach = mean + 80 * horizon / (par[1] + T)
        if (quantity == 'p_alive' and reach * k > MOST_WORK) or reach > MOST_WORK / 3:
            return None
    return family, k, par, x, t_x, T, horizon, delta, n


def point(seed, quantity, i):
    rng = random.Random('regular/%s/%s/%d' % (seed, quantity, i))
    while True:
        case = draw(rng, quantity, i)
        if case is None:
            continue
        try:
            val = value(quantity, *case)
        except ArithmeticError:
            continue                            # no convergence in seven halvings
        if gmpy2.is_finite(val) and ('likelihood' in quantity or val > 1e-290):
            return case, val


def line(quantity, case, val):
    family, k = case[:2]
    return oracle.line(quantity, ('%s-%d' % (family, k),) + case[2:], val)


def crosscheck(number, seed):
    """Other routes: k = 1 by oracle.py, and first passage without stages by mpmath."""
    from mpmath import mp
    from oracle_check import M
    mp.dps = 40
    fail = 0

    def report(what, worst, limit):
        nonlocal fail
        print('%-60s largest difference %.1e' % (what, worst), flush=True)
        fail += worst > limit

    for quantity in QUANTITIES:
        worst = 0.0
        for i in range(number):
            rng = random.Random('one/%s/%s/%d' % (seed, quantity, i))
            case = None
            while case is None:
                case = draw(rng, quantity, i)
            family, _, par, x, t_x, T, h, d, n = case
            # the mean rate of stages was bounded for another k: it is smaller now
            mine = value(quantity, family, 1, par, x, t_x, T, h, d, n)
            other = oracle.value(quantity, family.replace('cnbd', 'nbd'), par, x, t_x, T, h, d, n)
            if 'likelihood' not in quantity and other < 1e-290:
                continue                        # no point is so small
            scale = max(1, abs(other)) if 'likelihood' in quantity else abs(other)
            worst = max(worst, float(abs(mine - other) / scale))
        report('%s, k = 1, by oracle.py, %d points' % (quantity, number), worst, 1e-20)

    worst = 0.0
    for i in range(number):
        rng = random.Random('passage/%s/%d' % (seed, i))
        family, k = ('bg/cnbd', 'mbg/cnbd')[i % 2], 2 + i // 2 % 3
        par = [lu(rng, .3, 5), lu(rng, 2, 20), lu(rng, .3, 5), lu(rng, .5, 10)]
        x = rng.choice([0, 1, 2, 5])
        T = lu(rng, 5, 40)
        t_x = T * rng.uniform(.3, .95) if x else 0.0
        h = lu(rng, 1, 10)
        c = Customer(family, k, par, x, t_x, T)
        r, alpha, a, B, R = M(par[0]), M(par[1]), M(c.a), M(c.B), M(c.R)
        s = M(c.s)

        def density(t, g):
            # of g Erlang gaps and of the posterior of lambda before T, over lambda
            K = k * g
            return mp.exp(mp.loggamma(R + K) - mp.loggamma(K) + (K - 1) * mp.log(t)
                          - (R + K) * mp.log(alpha + M(t_x) + t))

        # E = sum over n of q_(n-1) P(s < gap 1, gaps 1..n <= s + h), the first gap being u
        # and the others u2 = Erlang-k(n-1): integrated over both, lambda in closed form
        def joint(u, n):
            if n == 1:
                return density(u, 1)
            K = k * (n - 1)
            lead = (mp.loggamma(R + k + K) - mp.loggamma(k) - mp.loggamma(K)
                    + (k - 1) * mp.log(u))
            return mp.quad(lambda y: mp.exp(lead + (K - 1) * mp.log(y) - (R + k + K)
                                            * mp.log(alpha + M(t_x) + u + y)),
                           [0, s + M(h) - u])
        with mp.workdps(22):
            total, q = mp.mpf(0), mp.mpf(1)
            for n in range(1, 200):
                part = q * mp.quad(lambda u: joint(u, n), [s, s + M(h)])
                total += part
                if part < total * mp.mpf(10) ** -17:
                    break
                q *= (B + n - 1) / (a + B + n - 1)
        silent = mp.quad(lambda u: density(u, 1), [s, s + 10, s + 100, mp.inf])
        gone = mp.mpf(0)
        if c.left is not None:
            gone = mp.gamma(R) * (alpha + M(t_x)) ** -R * a / (B - 1)
        other = total / (silent + gone)
        mine = M(c.expected_purchases(h))
        worst = max(worst, float(abs(mine / other - 1)),
                    float(abs(M(c.p_alive(0)) / (silent / (silent + gone)) - 1)))
    report('p_alive, expected_purchases, by first passage, %d points' % number, worst, 1e-14)
    print('%d failed' % fail)
    return 1 if fail else 0


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest='command')
    pp = sub.add_parser('points', help='print random points')
    pp.add_argument('--per-quantity', type=int, default=60)
    pp.add_argument('--seed', default='1')
    ap.add_argument('--crosscheck', type=int, metavar='N')
    args = ap.parse_args()
    if args.command == 'points':
        print('\t'.join(oracle.HEADER))
        for i in range(args.per_quantity):
            for quantity in QUANTITIES:
                print(line(quantity, *point(args.seed, quantity, i)), flush=True)
    elif args.crosscheck:
        sys.exit(crosscheck(args.crosscheck, '1'))
    else:
        ap.print_help()


if __name__ == '__main__':
    main()
