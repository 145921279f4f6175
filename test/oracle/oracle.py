#!/usr/bin/python3
"""High-precision reference values for the customer-base models.

Needs the Debian packages python3-gmpy2 (MPFR arithmetic, used for every
value printed) and python3-mpmath (second, independent routes; --selftest and
--crosscheck only).

HOW THE VALUES ARE MADE
  Everything is derived from the story of the model, in 200-bit arithmetic:
    nbd         purchases Poisson(lambda), lambda ~ Gamma(r, alpha)
    bg/nbd      same; after each repeat purchase the customer leaves with
                probability p ~ Beta(a, b)
    mbg/nbd     same, and may leave right after the first purchase (time 0)
    pareto/nbd  same Poisson purchases; lifetime Exponential(mu),
                mu ~ Gamma(s, beta)
    gamma-gamma mean spend of x purchases, Gamma(p x, nu x), nu ~ Gamma(q, gamma)
  Given that the customer is alive at T after the history (x, t_x, T), lambda
  is Gamma(R = r+x, A = alpha+T) and p is Beta(a, B), B = b+x (bg) or b+x+1
  (mbg), or mu is Gamma(s, beta+T), independent.  What remains is integrated
  numerically:
    p_alive, expected_purchases (bg, mbg): lambda analytically, p numerically
    discounted_purchases (bg, mbg):        double integral over lambda and p of
                                lambda (1-e^{-(delta+lambda p) h})/(delta+lambda p)
    purchase_probability (bg, mbg): time of the last purchase numerically
    pareto/nbd: time of death numerically (likelihood, purchase_probability),
                discounted integral over calendar time numerically
  No hypergeometric or Tricomi function is used for any printed value.
  Rule: trapezoidal sums in a variable in which the integrand is analytic,
  has one peak and decays at least exponentially (logit of p, log of lambda,
  logit of the relative position in a finite time interval), over the window
  in which it exceeds e^-72 of its peak.  The sum and the same sum shifted by
  half a step must agree to 1e-14 (otherwise the step is halved); their mean
  is the value, its error being about the square of that difference.
  A small first Beta parameter makes a heavy tail at p = 0; one integration by
  parts (all terms positive) raises a by one and removes it.

  --selftest compares with published values and with 40-digit values made
  elsewhere; --crosscheck N compares random points with second routes (2F1 and
  Tricomi U by mpmath, sums, quadrature in other variables, simulation).

POINTS
  oracle.py points --per-quantity 300 --seed 1 > points.tsv
  Point number i of a quantity depends only on (seed, quantity, i).  A point is
  redrawn while its value is not finite or, for all but the log-likelihoods,
  below 1e-290.  With --append FILE the lines are added to FILE, continuing
  after the lines that are there (same seed, interrupted run).
"""
import argparse
import math
import os
import random
import sys
import time

import gmpy2
from gmpy2 import mpfr, exp, log, log1p, expm1

PREC = 200
gmpy2.get_context().precision = PREC
INF = float('inf')
DROP = 72          # window: integrand down to e^-72 of its peak
AGREE = mpfr('1e-14')

HEADER = ['quantity', 'family', 'p1', 'p2', 'p3', 'p4', 'x', 't_x', 'T',
          'horizon', 'delta', 'n', 'value']
QUANTITIES = ['log_likelihood', 'p_alive', 'expected_purchases',
              'discounted_purchases', 'purchase_probability',
              'spend_log_likelihood', 'expected_spend']


def lgam(z):
    return gmpy2.lgamma(z)[0]


def lbeta(u, v):
    return lgam(u) + lgam(v) - lgam(u + v)


# ----------------------------------------------------------- one dimension

def window(phi, start=0.0, step=1.0):
    """Peak and the ends of the window of exp(phi), phi with one maximum."""
    ctx = gmpy2.get_context()
    ctx.precision = 64
    try:
        w, f = float(start), float(phi(mpfr(start)))
        fr, fl = float(phi(mpfr(w + step))), float(phi(mpfr(w - step)))
        # climb
        if fr > f or fl > f:
            d = 1 if fr > fl else -1
            s = step
            lo = w
            cur, fcur = w, f
            while True:
                nxt = cur + d * s
                fn = float(phi(mpfr(nxt)))
                if fn <= fcur:
                    hi = nxt
                    break
                lo = cur
                cur, fcur = nxt, fn
                s *= 1.6
            a, b = min(lo, hi), max(lo, hi)
        else:
            a, b = w - step, w + step
        g = 0.6180339887498949
        c, d = b - g * (b - a), a + g * (b - a)
        fc, fd = float(phi(mpfr(c))), float(phi(mpfr(d)))
        while b - a > 1e-3 * step:
            if fc > fd:
                b, d, fd = d, c, fc
                c = b - g * (b - a)
                fc = float(phi(mpfr(c)))
            else:
                a, c, fc = c, d, fd
                d = a + g * (b - a)
                fd = float(phi(mpfr(d)))
            if b - a < 1e-12 * max(abs(a), abs(b)):
                break
        w = (a + b) / 2
        fw = float(phi(mpfr(w)))
        ends = []
        sigma = None
        for d in (-1, 1):
            s = step / 64
            near, far = 0.0, s
            drop1 = None
            while True:
                v = float(phi(mpfr(w + d * far))) - fw
                if drop1 is None and v < -0.5:
                    drop1 = far
                if v < -DROP:
                    break
                near, far = far, far * 1.7
                if far > 1e9:
                    raise ArithmeticError('integrand does not decay')
            while far - near > 0.1 * far:
                m = (near + far) / 2
                if float(phi(mpfr(w + d * m))) - fw < -DROP:
                    far = m
                else:
                    near = m
            ends.append(w + d * far)
            sigma = drop1 if sigma is None else min(sigma, drop1)
        return w, fw, ends[0], ends[1], sigma
    finally:
        ctx.precision = PREC


def trapezoid(node, step0=0.3, start=0.0):
    """integral of exp(L) * factor over the real line, node(w) -> (L, factor).
    Returns (value, offset): integral = value * exp(offset)."""
    def phi(w):
        L, fac = node(w)
        return L + log(fac)
    peak, fpk, lo, hi, sigma = window(phi, start)
    off = mpfr(fpk)
    h = min(step0, 0.7 * sigma)
    def lattice(h, shift):
        s = mpfr(0)
        hm = mpfr(h)
        k0 = math.floor((lo - peak) / h) - 1
        k1 = math.ceil((hi - peak) / h) + 1
        base = mpfr(peak) + (hm / 2 if shift else 0)
        for k in range(k0, k1 + 1):
            L, fac = node(base + k * hm)
            s += exp(L - off) * fac
        return s * hm
    s0 = lattice(h, False)
    for _ in range(7):
        s1 = lattice(h, True)
        mean = (s0 + s1) / 2
        if abs(s0 - s1) <= AGREE * mean:
            return mean, off
        s0 = mean
        h /= 2
    raise ArithmeticError('no convergence')


def over_interval(length, logf, start=0.0):
    """log of the integral over d in (0, length) of exp(logf(d))."""
    lnlen = log(length)
    def node(w):
        l1 = log1p(exp(w)) if w < 0 else w + log1p(exp(-w))
        lsig = w - l1                  # log of relative position
        d = length * exp(lsig)
        return lnlen + lsig - l1 + logf(d), 1
    v, off = trapezoid(node, start=start)
    return log(v) + off


def over_halfline(logf, start=0.0):
    """log of the integral over d in (0, inf) of exp(logf(d))."""
    def node(w):
        return w + logf(exp(w)), 1
    v, off = trapezoid(node, start=start)
    return log(v) + off


# ------------------------------------------------------------- customers

class Customer:
    """Posterior of one customer; all inputs are doubles, taken exactly."""

    def __init__(self, family, par, x, t_x, T):
        self.family = family
        self.x = x
        m = [mpfr(v) for v in par]
        self.r, self.alpha = m[0], m[1]
        self.t_x, self.T = mpfr(t_x), mpfr(T)
        r, alpha = self.r, self.alpha
        self.R, self.A = r + x, alpha + self.T
        lead = lgam(self.R) - lgam(r) + r * log(alpha)
        self.lead = lead
        if family == 'nbd':
            self.lalive, self.ldead = -self.R * log(self.A), None
        elif family in ('bg/nbd', 'mbg/nbd'):
            a, b = m[2], m[3]
            self.a, self.b = a, b
            mod = 1 if family == 'mbg/nbd' else 0
            self.B = b + x + mod
            self.lalive = lbeta(a, self.B) - lbeta(a, b) - self.R * log(self.A)
            if x > 0 or mod:
                self.ldead = (lbeta(a + 1, b + x - 1 + mod) - lbeta(a, b)
                              - self.R * log(alpha + self.t_x))
            else:
                self.ldead = None
        elif family == 'pareto/nbd':
            s, beta = m[2], m[3]
            self.s, self.beta = s, beta
            self.B = beta + self.T
            self.lalive = (s * log(beta) - self.R * log(self.A)
                           - s * log(self.B))
            if self.T > self.t_x:
                # death at t_x + d: mu e^{-mu y} lambda^x e^{-lambda y}
                at, bt = alpha + self.t_x, beta + self.t_x
                R = self.R
                li = over_interval(self.T - self.t_x, lambda d:
                                   -R * log1p(d / at) - (s + 1) * log1p(d / bt))
                self.ldead = (log(s) + s * log(beta) - R * log(at)
                              - (s + 1) * log(bt) + li)
            else:
                self.ldead = None
        else:
            raise ValueError(family)

    def log_likelihood(self):
        if self.ldead is None:
            return self.lead + self.lalive
        m = max(self.lalive, self.ldead)
        return self.lead + m + log(exp(self.lalive - m) + exp(self.ldead - m))

    def alive_now(self):
        if self.ldead is None:
            return mpfr(1)
        return 1 / (1 + exp(self.ldead - self.lalive))

    def dead_now(self):
        if self.ldead is None:
            return mpfr(0)
        return 1 / (1 + exp(self.lalive - self.ldead))

    # E over p ~ Beta(a, B) of g(p); gd(p) -> (log g, -g'(p)/g(p))
    def over_p(self, gd):
        a, B = self.a, self.B
        stretch = B < 1
        def node(v):
            if stretch:                  # slow right tail: double exponential
                e = exp(v)
                w = v + e
                jac = 1 + e
            else:
                w, jac = v, 1
            E = exp(-w)
            l1 = log1p(E)                # -log p
            p = 1 / (1 + E)
            omp = E * p                  # 1 - p
            lg, slope = gd(p)
            return (-(a + 1) * l1 - B * (w + l1) + lg,
                    jac * (1 + (B + omp * slope) / a))
        v, off = trapezoid(node)
        return v * exp(off - lbeta(a, B))

    def p_alive(self, h):
        now = self.alive_now()
        h = mpfr(h)
        if self.family == 'nbd':
            return mpfr(1)
        if h == 0:
            return now
        if self.family == 'pareto/nbd':
            return now * exp(-self.s * log1p(h / self.B))
        y, R = h / self.A, self.R
        # E e^{-lambda p h} = (1 + p y)^-R
        return now * self.over_p(
            lambda p: (-R * log1p(p * y), R * y / (1 + p * y)))

    def expected_purchases(self, h):
        h = mpfr(h)
        R, A = self.R, self.A
        if self.family == 'nbd':
            return R / A * h
        now = self.alive_now()
        if self.family == 'pareto/nbd':
            s, B = self.s, self.B
            return now * R / A * exp(over_interval(
                h, lambda u: -s * log1p(u / B)))
        y = h / A
        def gd(p):
            # g = E (1 - e^{-lambda p h})/p = (1 - (1+z)^-R)/p, z = p y
            z = p * y
            l = log1p(z)
            num = -expm1(-R * l)
            t = (R + 1) * z
            if t < 1e-4:
                # 1 - (1+z)^-(R+1) (1+(R+1)z) as a series
                term = R * (R + 1) * z * z / 2
                tot = term
                k = 2
                while abs(term) > tot * mpfr('1e-50'):
                    term = -term * k * (R + k) * z / ((k - 1) * (k + 1))
                    tot += term
                    k += 1
            else:
                tot = 1 - exp(-(R + 1) * l) * (1 + t)
            return log(num / p), tot / (num * p)
        return now * self.over_p(gd)

    def discounted_purchases(self, h, delta):
        R, A = self.R, self.A
        d = mpfr(delta)
        infinite = h == INF
        if delta == 0:
            if infinite:
                raise ValueError('delta = 0 needs a finite horizon')
            return self.expected_purchases(h)
        if self.family == 'nbd':
            return R / A / d if infinite else R / A * -expm1(-d * mpfr(h)) / d
        now = self.alive_now()
        if self.family == 'pareto/nbd':
            s, B = self.s, self.B
            f = lambda u: -d * u - s * log1p(u / B)
            li = over_halfline(f, -math.log(delta)) if infinite else \
                over_interval(mpfr(h), f)
            return now * R / A * exp(li)
        return now * self.double_integral(h, d)

    def double_integral(self, h, d, agree=None):
        """E of lambda (1-e^{-(d+lambda p)h})/(d+lambda p) over
        lambda ~ Gamma(R, A) and p ~ Beta(a, B), trapezoidal in log lambda and
        logit p.  The shifted lattice does not see errors that are in step in
        both directions, hence the smaller first steps than in one dimension."""
        agree = agree or AGREE
        R, A, a, B = self.R, self.A, self.a, self.B
        infinite = h == INF
        hm = None if infinite else mpfr(h)
        kap = d if infinite else d + 1 / hm
        byparts = a < 1
        stretch = B < 1
        lkap = log(kap)
        # windows: the factor lies between that of p = 1 and a constant
        lpk, _, llo, lhi, lsig = window(
            lambda l: R * l - A * exp(l) - log1p(kap * exp(-l)),
            float(log(R / A)))
        lpk2, _, _, lhi2, lsig2 = window(
            lambda l: (R + 1) * l - A * exp(l), float(log(R / A)))
        lhi = max(lhi, lhi2)
        hl = min(0.2, 0.6 * min(lsig, lsig2))
        def wof(v):
            if stretch:
                e = exp(v)
                return v + e, 1 + e
            return v, mpfr(1)
        ae = a + 1 if byparts else a
        power = 2 if byparts else 1
        ends = []
        psig = []
        for ll in (lpk, llo, lhi):
            ratio = kap / exp(mpfr(ll))
            def phi(v):
                w, jac = wof(v)
                E = exp(-w)
                l1 = log1p(E)
                return (-ae * l1 - B * (w + l1) + log(jac)
                        - power * log(ratio + 1 / (1 + E)))
            _, _, lo, hi, sg = window(phi)
            ends.append((lo, hi))
            psig.append(sg)
        def phi0(v):
            w, jac = wof(v)
            l1 = log1p(exp(-w))
            return -ae * l1 - B * (w + l1) + log(jac)
        ppk, _, lo, hi, sg = window(phi0)
        psig.append(sg)
        plo = min([e[0] for e in ends] + [lo])
        phi_ = max([e[1] for e in ends] + [hi])
        hp = min(0.2, 0.6 * min(psig))
        lnorm = R * log(A) - lgam(R)
        pnorm = lbeta(a, B)
        fa, fB, fkap = float(a), float(B), float(kap)

        def grid(lo, hi, mid, step, shift):
            k0 = math.floor((lo - mid) / step) - 1
            k1 = math.ceil((hi - mid) / step) + 1
            st = mpfr(step)
            base = mpfr(mid) + (st / 2 if shift else 0)
            return [base + k * st for k in range(k0, k1 + 1)]

        def lattice(hl, hp, shift):
            lams, flam = [], []
            for l in grid(llo, lhi, lpk, hl, shift):
                lam = exp(l)
                lw = R * l - A * lam + lnorm
                lams.append((lam, exp(lw) * lam * hl))
                flam.append((float(lam), float(lw + l)))
            rows = []
            for v in grid(plo, phi_, ppk, hp, shift):
                w, jac = wof(v)
                E = exp(-w)
                l1 = log1p(E)
                p = 1 / (1 + E)
                lt = -ae * l1 - B * (w + l1) - pnorm
                flt, fp = float(lt + log(jac)), float(p)
                # sizes of the terms in doubles, to leave out the negligible
                if byparts:
                    fw = (1 + fB / fa)
                    size = [lw + flt + math.log((fw + fl / (fa * (fkap + fl * fp)))
                                                / (fkap + fl * fp))
                            for fl, lw in flam]
                else:
                    size = [lw + flt - math.log(fkap + fl * fp) for fl, lw in flam]
                rows.append((p, E * p, exp(lt) * jac * hp, size, max(size)))
            least = max(r[4] for r in rows) - 68
            total = mpfr(0)
            for p, omp, wt, size, top in rows:
                if top < least:
                    continue
                j0 = 0
                while size[j0] < least:
                    j0 += 1
                j1 = len(size)
                while size[j1 - 1] < least:
                    j1 -= 1
                s1 = mpfr(0)
                s2 = mpfr(0)
                if infinite and byparts:
                    for lam, wl in lams[j0:j1]:
                        q = 1 / (d + lam * p)
                        z = wl * q
                        s1 += z
                        s2 += z * q * lam
                elif infinite:
                    for lam, wl in lams[j0:j1]:
                        s1 += wl / (d + lam * p)
                else:
                    dh, ph = d * hm, p * hm
                    for lam, wl in lams[j0:j1]:
                        z = dh + lam * ph          # (delta + lambda p) h
                        if z > 100:
                            zi = wl / z
                            s1 += zi
                            s2 += lam * zi / z
                            continue
                        em = expm1(-z)
                        s1 -= wl * em / z
                        if byparts:
                            # (1 - e^-z (1+z)) / z^2
                            if z < 1e-8:
                                s2 += wl * lam * (.5 - z / 3 + z * z * (
                                    mpfr(.125) - z / 30 + z * z / 144))
                            else:
                                s2 -= wl * lam * (em + z + z * em) / (z * z)
                    s1 *= hm
                    s2 *= hm * hm
                if byparts:
                    total += wt * (s1 * (1 + B / a) + s2 * omp / a)
                else:
                    total += wt * s1
            return total
        for _ in range(4):
            with gmpy2.local_context(gmpy2.get_context(), precision=144):
                s0 = lattice(hl, hp, False)
                s1 = lattice(hl, hp, True)
            mean = (s0 + s1) / 2
            if abs(s0 - s1) <= agree * mean:
                return mean
            hl /= 2
            hp /= 2
        raise ArithmeticError('no convergence (double)')

    def purchase_probability(self, n, h):
        h = mpfr(h)
        R, A = self.R, self.A
        # NB probability of n Poisson purchases in h, lambda mixed
        lnb = (lgam(R + n) - lgam(R) - lgam(mpfr(n + 1))
               + R * log(A / (A + h)) + n * log(h / (A + h)))
        if self.family == 'nbd':
            return exp(lnb)
        now, dead = self.alive_now(), self.dead_now()
        if self.family == 'pareto/nbd':
            s, B = self.s, self.B
            stay = lnb - s * log1p(h / B)
            # dies at T + u after n purchases in (0, u]
            li = over_interval(h, lambda u: n * log(u) - (R + n) * log1p(u / A)
                               - (s + 1) * log1p(u / B))
            die = (lgam(R + n) - lgam(R) - lgam(mpfr(n + 1)) - n * log(A)
                   + log(s) - log(B) + li)
            prob = now * (exp(stay) + exp(die))
        else:
            a, B = self.a, self.B
            prob = exp(lnb + lbeta(a, B + n) - lbeta(a, B))
            if n > 0:
                # leaves right after the n-th purchase, at T + u <= T + h
                li = over_interval(h, lambda u: (n - 1) * log(u)
                                   - (R + n) * log1p(u / A))
                ltail = (lgam(R + n) - lgam(R) - lgam(mpfr(n)) - n * log(A)
                         + li)
                prob += exp(ltail + lbeta(a + 1, B + n - 1) - lbeta(a, B))
            prob *= now
        if n == 0:
            prob += dead
        return prob


def spend_log_likelihood(p, q, g, x, m):
    p, q, g, m = mpfr(p), mpfr(q), mpfr(g), mpfr(m)
    px = p * x
    return (lgam(px + q) - lgam(px) - lgam(q) + q * log(g)
            + (px - 1) * log(m) + px * log(mpfr(x)) - (px + q) * log(g + m * x))


def expected_spend(p, q, g, x, m):
    p, q, g, m = mpfr(p), mpfr(q), mpfr(g), mpfr(m)
    return p * (g + x * m) / (p * x + q - 1)


def value(quantity, family, par, x, t_x, T, horizon, delta, n):
    if quantity == 'spend_log_likelihood':
        return spend_log_likelihood(*par, x, T)
    if quantity == 'expected_spend':
        return expected_spend(*par, x, T)
    c = Customer(family, par, x, t_x, T)
    if quantity == 'log_likelihood':
        return c.log_likelihood()
    if quantity != 'purchase_probability' and family != 'nbd':
        if c.alive_now() < 1e-295:
            return mpfr(0)
    if quantity == 'p_alive':
        return c.p_alive(horizon)
    if quantity == 'expected_purchases':
        return c.expected_purchases(horizon)
    if quantity == 'discounted_purchases':
        return c.discounted_purchases(horizon, delta)
    if quantity == 'purchase_probability':
        return c.purchase_probability(n, horizon)
    raise ValueError(quantity)


# ---------------------------------------------------------------- points

def lu(rng, lo, hi):
    return math.exp(rng.uniform(math.log(lo), math.log(hi)))


def draw_parameters(rng, family, kind):
    r, alpha = lu(rng, .05, 20), lu(rng, .1, 1000)
    u, v = lu(rng, .05, 20), lu(rng, .05, 20)
    if family == 'pareto/nbd':
        v = lu(rng, .1, 1000)
    pareto = family == 'pareto/nbd'
    if kind == 4 or kind == 5:              # like fitted data
        r, alpha = lu(rng, .1, 2), lu(rng, 1, 30)
        u = lu(rng, .1, 3)
        v = lu(rng, 1, 50) if pareto else lu(rng, .5, 10)
    elif kind == 6:                         # one tiny
        w = rng.randrange(2 if pareto else 3)
        if w == 0:
            r = .001
        elif w == 1:
            u = .001
        else:
            v = .001
    elif kind == 7:                         # one large
        w = rng.randrange(2 if pareto else 3)
        if w == 0:
            r = 100.0
        elif w == 1:
            u = 100.0
        else:
            v = 100.0
    elif kind == 8:                         # a = 1, s = 1
        u = 1.0
    elif kind == 9:                         # next to 1
        u = 1.0 + rng.choice([-1, 1]) * lu(rng, 1e-12, 1e-3)
    elif kind == 10:                        # alpha = beta; a + b < 1
        if pareto:
            v = alpha
        else:
            u, v = rng.uniform(.02, .6), rng.uniform(.02, .38)
    elif kind == 11:                        # alpha/beta = 1e4; a, b large
        if pareto:
            alpha = lu(rng, 10, 1000)
            v = alpha / 1e4
        else:
            u, v = lu(rng, 80, 400), lu(rng, 80, 400)
    elif kind == 12:                        # alpha/beta = 1e-4; p close to 0
        if pareto:
            alpha = lu(rng, .01, 1)
            v = alpha * 1e4
        else:
            u, v = lu(rng, .02, .3), lu(rng, 20, 300)
    elif kind == 13:                        # whole numbers
        r = float(rng.randint(1, 4))
        u, v = float(rng.randint(1, 4)), float(rng.randint(1, 4))
        alpha = float(rng.randint(1, 20))
        if pareto and rng.random() < .5:
            v = alpha
    elif kind == 14:                        # p close to 1; close alpha, beta
        if pareto:
            v = alpha * (1 + rng.choice([-1, 1]) * lu(rng, 1e-12, 1e-2))
        else:
            u, v = lu(rng, 5, 100), lu(rng, .05, .5)
    if family == 'nbd':
        return [r, alpha]
    return [r, alpha, u, v]

KINDS = 15


def draw_history(rng, par):
    k = rng.random()
    if k < .18:
        x = 0
    elif k < .58:
        x = rng.randint(1, 10)
    elif k < .8:
        x = int(lu(rng, 10, 100))
    else:
        x = rng.choice([300, 1000, 5000, int(lu(rng, 100, 3000))])
    k = rng.random()
    if k < .15:
        T = float(rng.randint(1, 100))
    elif k < .2:
        T = lu(rng, .01, .5)
    else:
        T = lu(rng, .5, 500)
    if x == 0:
        if rng.random() < .2:
            T = 0.0
        return x, 0.0, T
    k = rng.random()
    if k < .13:
        t_x = T
    elif k < .22:
        t_x = T - 1e-4 if T > 1e-3 else T * .9
    elif k < .28:
        t_x = T * (1 - lu(rng, 1e-12, 1e-5))
    elif k < .38:
        t_x = T * lu(rng, 1e-3, .2)
    elif x >= 30 and k < .8:
        gap = (par[1] + T) / x * lu(rng, .01, 50)
        t_x = T - gap if gap < T else T * rng.uniform(.02, 1)
    else:
        t_x = T * rng.uniform(.02, 1)
    return x, t_x, T


def draw_gamma_gamma(rng, kind):
    p, q, g = lu(rng, .05, 20), lu(rng, .05, 20), lu(rng, .1, 1000)
    if kind in (3, 4):
        p, q, g = lu(rng, 2, 10), lu(rng, 2, 6), lu(rng, 5, 50)
    elif kind == 5:
        if rng.random() < .5:
            p = .001
        else:
            q = .001
    elif kind == 6:
        if rng.random() < .5:
            p = 100.0
        else:
            q = 100.0
    elif kind == 7:
        p = 1.0
    elif kind == 8:
        q = 1.0
    elif kind == 9:
        q = 1 + lu(rng, 1e-2, 1)
    elif kind == 10:
        p, q = lu(rng, 50, 400), lu(rng, 50, 400)
    k = rng.random()
    x = (0 if k < .15 else rng.randint(1, 10) if k < .6 else
         int(lu(rng, 10, 100)) if k < .8 else rng.choice([300, 1000, 5000]))
    m = 0.0 if x == 0 else lu(rng, .01, 10000) if rng.random() < .7 else \
        p * g / max(q - 1, .5) * lu(rng, .2, 5)
    return [p, q, g], x, m


def families(quantity):
    if quantity == 'p_alive':
        return ['bg/nbd', 'mbg/nbd', 'pareto/nbd'] * 7 + ['nbd']
    if quantity == 'log_likelihood':
        return ['bg/nbd', 'mbg/nbd', 'pareto/nbd', 'nbd', 'pareto/nbd']
    return ['bg/nbd', 'mbg/nbd', 'pareto/nbd'] * 3 + ['nbd']


def draw(rng, quantity, i):
    if quantity in ('spend_log_likelihood', 'expected_spend'):
        par, x, m = draw_gamma_gamma(rng, i % 11)
        if quantity == 'spend_log_likelihood' and x == 0:
            return None
        if quantity == 'expected_spend' and par[0] * x + par[1] - 1 < 1e-3:
            return None
        return 'gamma-gamma', par, x, None, m, None, None, None
    fam = families(quantity)
    family = fam[i % len(fam)]
    par = draw_parameters(rng, family, (i // len(fam) + i % len(fam)) % KINDS)
    x, t_x, T = draw_history(rng, par)
    horizon = delta = n = None
    if quantity != 'log_likelihood':
        k = rng.random()
        horizon = (float(rng.choice([1, 2, 12, 39, 52, 100, 365])) if k < .2
                   else lu(rng, .01, 1000))
    if quantity == 'p_alive' and rng.random() < .35:
        horizon = 0.0
    if quantity == 'discounted_purchases':
        delta = rng.choice([.0027, .01]) if rng.random() < .1 else \
            lu(rng, 1e-5, 1)
        k = rng.random()
        if k < .4:
            horizon = INF
        elif k < .5:
            delta = 0.0
    if quantity == 'purchase_probability':
        k = rng.random()
        mean = (par[0] + x) / (par[1] + T) * horizon
        if k < .15:
            n = 0
        elif k < .55:
            n = rng.randint(1, 10)
        elif k < .85:
            n = min(500, int(mean * lu(rng, .3, 3)))
        else:
            n = int(lu(rng, 10, 300))
    return family, par, x, t_x, T, horizon, delta, n


def fmt(v):
    return '-' if v is None else str(v) if isinstance(v, int) else '%.17g' % v


def line(quantity, case, val):
    family, par, x, t_x, T, horizon, delta, n = case
    f = [quantity, family] + [fmt(v) for v in par] + ['-'] * (4 - len(par))
    f += [fmt(x), fmt(t_x), fmt(T), fmt(horizon), fmt(delta), fmt(n)]
    f.append('0' if val == 0 else '{0:.24e}'.format(val))
    return '\t'.join(f)


def point(seed, quantity, i):
    rng = random.Random('%s/%s/%d' % (seed, quantity, i))
    while True:
        case = draw(rng, quantity, i)
        if case is None:
            continue
        val = value(quantity, *case)
        if not gmpy2.is_finite(val):
            continue
        if 'likelihood' in quantity or val > 1e-290:
            return case, val


def points(args):
    done = 0
    if args.append and os.path.exists(args.append):
        with open(args.append, 'rb') as f:
            data = f.read()
        keep = data.rfind(b'\n') + 1
        if keep != len(data):
            os.truncate(args.append, keep)
        done = max(0, data.count(b'\n') - 1)
        out = open(args.append, 'a')
        if keep == 0:
            out.write('\t'.join(HEADER) + '\n')
    else:
        out = open(args.append, 'w') if args.append else sys.stdout
        out.write('\t'.join(HEADER) + '\n')
    qs = args.quantity or QUANTITIES
    spent = dict.fromkeys(qs, 0.0)
    number = dict.fromkeys(qs, 0)
    k = 0
    for i in range(args.per_quantity):
        for q in qs:
            k += 1
            if k <= done:
                continue
            t0 = time.perf_counter()
            try:
                case, val = point(args.seed, q, i)
            except Exception as e:
                raise RuntimeError('%s %d' % (q, i)) from e
            out.write(line(q, case, val) + '\n')
            out.flush()
            spent[q] += time.perf_counter() - t0
            number[q] += 1
        if args.timing and i % 100 == 99:
            timing(i + 1, spent, number)
    if args.timing:
        timing(args.per_quantity, spent, number)


def timing(i, spent, number):
    print('%d: ms per point: %s' % (i, ', '.join(
        '%s %.1f' % (q, 1e3 * spent[q] / number[q]) for q in spent if number[q])),
        file=sys.stderr, flush=True)


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest='command')
    pp = sub.add_parser('points', help='print random points')
    pp.add_argument('--per-quantity', type=int, default=300)
    pp.add_argument('--seed', default='1')
    pp.add_argument('--append', metavar='FILE')
    pp.add_argument('--quantity', action='append', choices=QUANTITIES)
    pp.add_argument('--timing', action='store_true')
    ap.add_argument('--selftest', action='store_true')
    ap.add_argument('--crosscheck', type=int, metavar='N')
    ap.add_argument('--seed', default='77')
    ap.add_argument('--cdnow', metavar='CSV', help='with --selftest: also the '
                    'sums over the customers of this CDNOW summary (in days)')
    ap.add_argument('--cdnow-rounded', metavar='CSV', help='the same for the '
                    'summary rounded to two decimals')
    args = ap.parse_args()
    if args.command == 'points':
        points(args)
    elif args.selftest:
        import oracle_check
        sys.exit(oracle_check.selftest(args.cdnow, args.cdnow_rounded))
    elif args.crosscheck:
        import oracle_check
        sys.exit(oracle_check.crosscheck(args.crosscheck, args.seed))
    else:
        ap.print_help()


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.modules['oracle'] = sys.modules['__main__']
    main()
