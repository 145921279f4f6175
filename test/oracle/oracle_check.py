"""Checks of oracle.py: against published and separately made numbers
(selftest) and by second, independent routes (crosscheck).  Run through
`oracle.py --selftest` and `oracle.py --crosscheck N`."""
import csv
import math
import random

import gmpy2
import mpmath
from gmpy2 import mpfr
from mpmath import mp

import oracle
from oracle import Customer, INF

BG = (.243, 4.414, .793, 2.426)
MBG = (.525, 6.183, .891, 1.614)
PAR = (.553, 10.578, .606, 11.669)
BGFIT = (.242594522, 4.41360202, .792922017, 2.42590677)
MBGFIT = (.524843159, 6.18308528, .891359391, 1.61400224)
PARFIT = (.553277047, 10.5776835, .60623999, 11.6687353)
NBDFIT = (.384766136, 12.0720228)
GGFIT = (6.24957227, 3.74422467, 15.443521)
BG2DP = (.242592907, 4.41353156, .792886149, 2.42575344)
GG2DP = (6.24880251, 3.74458845, 15.447748)

# family, parameters, x, t_x, T, LL, P(alive), CET(39), CET(52), DERT(.0027)
TABLE = [
    ('bg/nbd', BG, 0, 0, 38.86, '-.554713276438158', '1', '.195098052011263', '.252073022282459', '1.01570193111807'),
    ('bg/nbd', BG, 1, 1.71, 38.86, '-4.46909327503259', '.212100985377379', '.203186987079754', '.259823464868622', '.915002575130585'),
    ('bg/nbd', BG, 7, 29.43, 38.86, '-21.8632762714635', '.641756345946107', '3.33705327485142', '4.19885558492504', '12.6706578178048'),
    ('bg/nbd', BG, 1000, 10, 100, '3225.14298368282', '8.28239958302e-858', '2.718e-855', None, None),
    ('bg/nbd', BG, 1000, 99, 100, '1254.20381244714', '.0769418126953938', '25.2509774769832', '32.4501812184399', '116.297893278829'),
    ('mbg/nbd', MBG, 0, 0, 38.86, '-.539837463531015', '.389735080918763', '.154012746675147', '.197705817416372', '.722836338286835'),
    ('mbg/nbd', MBG, 1, 1.71, 38.86, '-4.46036061258432', '.170836484310408', '.188836541364343', '.240131944734252', '.782062340308414'),
    ('mbg/nbd', MBG, 7, 29.43, 38.86, '-21.7765222489039', '.622723814169112', '3.16757243229869', '3.96473440618357', '11.152631406391'),
    ('mbg/nbd', MBG, 1000, 99, 100, '1238.43305574931', '.0799873243258114', '25.4737482355203', '32.6119751452787', '109.863752308377'),
    ('pareto/nbd', PAR, 0, 0, 38.86, '-.52104629408089', '.295286604616894', '.107081468215309', '.136201005923905', '.477136229032195'),
    ('pareto/nbd', PAR, 1, 1.71, 38.86, '-4.45019433388101', '.168002326724345', '.171092980553783', '.217619691309134', '.762360293670683'),
    ('pareto/nbd', PAR, 7, 29.43, 38.86, '-21.5946432181126', '.749501407667034', '3.71225138047054', '4.72175419976366', '16.541140632624'),
    ('pareto/nbd', PAR, 1000, 10, 100, '2876.13846061163', '1.379e-728', None, None, None),
    ('pareto/nbd', PAR, 1000, 99, 100, '1202.02458558416', '.15773047882235', '50.6714689526626', '65.7583597481625', '274.410737213876'),
    ('pareto/nbd', PAR, 5, 39, 39, '-17.6931925064284', '1', '3.63265698949407', '4.6208891767175', '16.1973796054428'),
    ('bg/nbd', (.11, 2.24, .31, .5), 0, 0, 1, None, None, (30, '.564588615532785'), None, None),
    ('bg/nbd', (.5, 5, 1, 2), 0, 0, 30, None, None, '.448336875287529', None, None),
    ('bg/nbd', (.5, 5, 1, 2), 3, 20, 30, None, None, '1.57111554261585', None, None),
    ('pareto/nbd', (.5, 5, 1, 8), 0, 0, 30, None, None, '.0484494421380408', None, None),
    ('pareto/nbd', (.5, 5, 1, 8), 3, 20, 30, '-12.0382972166108', None, '1.57922393438779', None, None),
]
# decimal inputs above are used as the doubles next to them; the published
# digits do not see the difference (1e-16 relative)


class Tally:
    def __init__(self):
        self.rows = []

    def add(self, what, got, want, kind='digits', tol=None):
        """want is a printed number: the difference is counted in units of its
        last digit, too."""
        w = mpfr(want)
        rel = float(abs(got - w) / abs(w))
        mant = want.lower().split('e')
        digits = len(mant[0].lstrip('-').replace('.', '').lstrip('0'))
        dec = len(mant[0].split('.')[1]) if '.' in mant[0] else 0
        unit = mpfr(10) ** (-dec + (int(mant[1]) if len(mant) > 1 else 0))
        self.rows.append((what, kind, rel, float(abs(got - w) / unit), digits, got, want, tol))

    def report(self):
        bad = 0
        for kind in ('exact', 'printed', 'fit'):
            rows = [r for r in self.rows if r[1] == kind]
            if not rows:
                continue
            for r in rows:
                fail = (r[3] > 1.0 if kind == 'exact' else r[3] > .52 if kind == 'printed'
                        else r[2] > r[7])
                if fail:
                    bad += 1
                    print('DIFFERS %-7s %s: got %s, printed %s' % (
                        kind, r[0], '{0:.15g}'.format(r[5]), r[6]))
            sel = [r for r in rows if r[4] >= 10] or rows
            wr, wu = max(sel, key=lambda r: r[2]), max(rows, key=lambda r: r[3])
            print('%s: %d numbers, largest relative difference %.2g (%s), '
                  'largest in units of the last printed digit %.2f (%s)' % (
                      kind, len(rows), wr[2], wr[0], wu[3], wu[0]))
        return bad


def selftest(cdnow=None, rounded=None):
    t = Tally()
    for fam, par, x, tx, T, ll, pa, c39, c52, dert in TABLE:
        c = Customer(fam, par, x, tx, T)
        tag = '%s (%g, %g, %g) ' % (fam, x, tx, T)
        if ll:
            t.add(tag + 'LL', c.log_likelihood(), ll, 'exact')
        if pa:
            t.add(tag + 'P(alive)', c.p_alive(0), pa, 'exact')
        if c39:
            h, v = c39 if isinstance(c39, tuple) else (39, c39)
            t.add(tag + 'CET(%g)' % h, c.expected_purchases(h), v, 'exact')
        if c52:
            t.add(tag + 'CET(52)', c.expected_purchases(52), c52, 'exact')
        if dert:
            t.add(tag + 'DERT', c.discounted_purchases(INF, .0027), dert, 'exact')
    new = Customer('bg/nbd', BG, 0, 0, 0)
    for h, n, s in [(39, 0, '.573786352096'), (2, 10, '1.07868964036e-07')] + [
            (30, 11 + i, s) for i, s in enumerate(
                '.00199952144748 .00151702362996 .00116331500666 .000900314789644 '
                '.000702363765887 .000551790242649 .000436191280898 .000346717139624 '
                '.00027696126484 .000222226048007'.split())]:
        t.add('P(X(%d)=%d)' % (h, n), new.purchase_probability(n, h), s, 'exact')
    for h, n, s in [(39, 0, '.5737864'), (2, 10, '1.07869e-07')] + [
            (30, 11 + i, s) for i, s in enumerate(
                '.0019995214 .0015170236 .0011633150 .0009003148 .0007023638 '
                '.0005517902 .0004361913 .0003467171 .0002769613 .0002222260'.split())]:
        t.add('P(X(%d)=%d)' % (h, n), new.purchase_probability(n, h), s, 'printed')
    ts = (.1429, 1, 3, 31.8571, 32, 78)
    for h, s in zip(ts, '.00782834751607 .0532678911717 .150865230893 1.04199606085 '
                        '1.04524332837 1.86051905794'.split()):
        t.add('E[X(%g)]' % h, new.expected_purchases(h), s, 'exact')
    fit = Customer('bg/nbd', BGFIT, 0, 0, 0)
    for h, s in zip(ts, '.0078 .0532 .1506 1.0405 1.0437 1.8576'.split()):
        t.add('E[X(%g)] at the fit' % h, fit.expected_purchases(h), s, 'fit', 6e-3 if h < 1 else 5e-4)
    # spend: CDNOW customers 1, 2, 3, 6, 9 of both files (x, m)
    exact = [(2, 22.345), (1, 11.77), (0, 0), (7, 516.19 / 7), (2, 25.55)]
    two = [(2, 22.35), (1, 11.77), (0, 0), (7, 73.74), (2, 25.55)]
    gg = (6.25, 3.74, 15.44)
    for (x, m), s, p in zip(exact, ('24.6596128609', '18.9168520578', '35.2189781022', '71.4710152721', '27.2883858268'),
                            ('24.65', '18.91', '35.17', '71.46', '27.28')):
        t.add('E[M|%d,%g]' % (x, m), oracle.expected_spend(*gg, x, m), s, 'exact')
        t.add('E[M|%d,%g] at the fit' % (x, m), oracle.expected_spend(*GGFIT, x, m), p, 'fit', 3e-4)
    t.add('E[M|4,30]', oracle.expected_spend(*gg, 4, 30.0), '30.5155010815', 'exact')
    for (x, m), s in zip(two, ('24.658619', '18.911489', '35.170981', '71.462843', '27.282408')):
        t.add('2dp E[M|%d,%g]' % (x, m), oracle.expected_spend(*GG2DP, x, m), s, 'fit', 2e-6)
    # lifetimes' quickstart values: 12 "months" of 30 weeks (printed) and of
    # 4.345 weeks, monthly rate .01, cash at the end of each month
    for step, want in ((30, ('140.096211', '18.943467', '38.180574', '1003.868107', '167.418216')),
                       (4.345, ('36.278497', '4.637467', '8.344093', '283.523572', '43.353643'))):
        for (x, tx, m), s in zip(((2, 30.43, 22.35), (1, 1.71, 11.77), (0, 0, 0), (7, 29.43, 73.74), (2, 35.71, 25.55)), want):
            c = Customer('bg/nbd', BG2DP, x, tx, 38.86)
            e = [mpfr(0)] + [c.expected_purchases(step * k) for k in range(1, 13)]
            v = sum((e[k] - e[k - 1]) / mpfr('1.01') ** k for k in range(1, 13))
            t.add('quickstart CLV (%d, %g), step %g' % (x, tx, step),
                  v * oracle.expected_spend(*GG2DP, x, m), s, 'fit', 1e-6)
    w = 7.0
    for fam, par, x, tx, pa, cet in [
            ('pareto/nbd', PARFIT, 2, 213 / w, '.8691654901', '1.455320778'),
            ('pareto/nbd', PARFIT, 1, 12 / w, '.1680279765', '.171154399'),
            ('pareto/nbd', PARFIT, 7, 206 / w, '.7495051483', '3.712522902'),
            ('mbg/nbd', MBGFIT, 2, 213 / w, '.706134520', '1.262746964'),
            ('mbg/nbd', MBGFIT, 1, 12 / w, '.170949137', '.188942231'),
            ('mbg/nbd', MBGFIT, 0, 0, '.389722137', '.153965527'),
            ('mbg/nbd', MBGFIT, 7, 206 / w, '.622673727', '3.167118495')]:
        c = Customer(fam, par, x, tx, 272 / w)
        t.add('CDNOW %s (%d, %g) P(alive)' % (fam, x, tx), c.p_alive(0), pa, 'fit', 2e-4)
        t.add('CDNOW %s (%d, %g) CET(39)' % (fam, x, tx), c.expected_purchases(39), cet, 'fit', 5e-4)
    if cdnow:
        sums(t, cdnow, False)
    if rounded:
        sums(t, rounded, True)
    bad = t.report()
    print('%d differ' % bad)
    return 1 if bad else 0


def sums(t, path, rounded):
    """Sums over the customers of the CDNOW sample at the fitted parameters."""
    groups, spend, spendll = {}, mpfr(0), mpfr(0)
    gg = GG2DP if rounded else GGFIT
    n, customers = 0, {}
    for row in csv.DictReader(open(path)):
        x, m = int(row['x']), float(row['m'])
        if rounded:
            tx, T = float(row['t_x']), float(row['T'])
        else:
            tx, T = float(row['t_x_days']) / 7, float(row['T_days']) / 7
        groups[x, tx, T] = groups.get((x, tx, T), 0) + 1
        customers[int(row['customer_id'])] = (x, tx, T)
        n += 1
        spend += oracle.expected_spend(*gg, x, m)
        if x > 0 and m > 0:
            spendll += oracle.spend_log_likelihood(*gg, x, m)
    def total(fam, par, *what):
        out = [mpfr(0)] * len(what)
        for (x, tx, T), k in groups.items():
            c = Customer(fam, par, x, tx, T)
            for i, f in enumerate(what):
                out[i] += k * f(c)
        return out
    LL = Customer.log_likelihood
    PA = lambda c: c.p_alive(0)
    CET = lambda c: c.expected_purchases(39)
    if rounded:
        for fam, par, ll in (('bg/nbd', BG2DP, '-9582.42556057'),
                             ('mbg/nbd', (.524837984, 6.18299202, .891356155, 1.61399934), '-9582.13268490'),
                             ('pareto/nbd', (.553275509, 10.5776122, .60621357, 11.6679113), '-9594.97392983')):
            t.add('2dp LL ' + fam, total(fam, par, LL)[0], ll, 'fit', 1e-11)
        t.add('2dp LL gamma-gamma', spendll, '-4055.92324350', 'fit', 1e-11)
        t.add('2dp mean E[M]', spend / n, '35.2529588256', 'fit', 1e-6)
        for cid, s in ((509, '.424877'), (841, '.474738'), (1981, '.486526'), (157, '.662396'), (1516, '.710623')):
            c = Customer('bg/nbd', BG2DP, *customers[cid])
            t.add('2dp next week of %d' % cid, c.expected_purchases(1), s, 'fit', 2e-6)
        return
    ll, pa, cet = total('pareto/nbd', PARFIT, LL, PA, CET)
    t.add('LL pareto', ll, '-9594.97617894', 'fit', 1e-11)
    t.add('sum P(alive) pareto', pa, '1051.97096', 'fit', 1e-4)
    t.add('sum CET pareto', cet, '1665.6880268', 'fit', 5e-4)
    ll, pa, cet = total('bg/nbd', BGFIT, LL, PA, CET)
    t.add('LL bg', ll, '-9582.42920667', 'fit', 1e-11)
    t.add('sum P(alive) bg', pa, '1917.277036', 'fit', 1e-4)
    t.add('sum CET bg', cet, '1653.407839', 'fit', 1e-4)
    ll, pa, cet = total('mbg/nbd', MBGFIT, LL, PA, CET)
    t.add('LL mbg', ll, '-9582.13571555', 'fit', 1e-11)
    t.add('sum P(alive) mbg', pa, '1057.63196768', 'fit', 1e-4)
    t.add('sum CET mbg', cet, '1576.71194553', 'fit', 1e-4)
    t.add('LL nbd', total('nbd', NBDFIT, LL)[0], '-9763.65761467', 'fit', 1e-11)
    t.add('LL gamma-gamma', spendll, '-4055.91769480', 'fit', 1e-11)
    t.add('sum E[M]', spend, '83089.8221', 'fit', 1e-4)
    c = Customer('pareto/nbd', PARFIT, *customers[1516])
    t.add('customer 1516 P(alive)', c.p_alive(0), '.9978739355', 'fit', 1e-4)
    t.add('customer 1516 CET', c.expected_purchases(39), '20.115889032', 'fit', 1e-4)


# ----------------------------------------------------------- second routes

def M(v):
    """exact mpf of a double, integer or mpfr"""
    if isinstance(v, (int, float)):
        return mp.mpf(v)
    m, e = v.as_mantissa_exp()
    return mp.ldexp(mp.mpf(int(m)), int(e))


def gl(f, lo, hi, pieces, degree=6):
    """composite Gauss-Legendre"""
    pts = [lo + (hi - lo) * mp.mpf(k) / pieces for k in range(pieces + 1)]
    return mp.quad(f, pts, method='gauss-legendre', maxdegree=degree)


def mellin(f, lo, hi, rate_lo=1, pieces=None):
    """integral over (e^lo, e^hi) of f(t) dt, Gauss-Legendre in log t"""
    g = lambda v: f(mp.e ** v) * mp.e ** v
    return gl(g, mp.mpf(lo), mp.mpf(hi), pieces or max(4, int((hi - lo) / 4)))


def second_alive(c):
    """log of alive and dead likelihood terms by another route"""
    r, al, x, T, tx = M(c.r), M(c.alpha), c.x, M(c.T), M(c.t_x)
    R, A = r + x, al + T
    if c.family in ('bg/nbd', 'mbg/nbd'):
        a, b = M(c.a), M(c.b)
        mod = 1 if c.family == 'mbg/nbd' else 0
        # E (1-p)^n as a product of ratios instead of beta functions
        def surv(n):
            q = mp.mpf(0)
            for j in range(n):
                q += mp.log((b + j) / (a + b + j))
            return q
        la = surv(x + mod) - R * mp.log(A)
        if x + mod == 0:
            return la, None
        k = x + mod - 1
        # E p (1-p)^k = E (1-p)^k - E (1-p)^(k+1) = E(1-p)^k * a/(a+b+k)
        return la, surv(k) + mp.log(a / (a + b + k)) - R * mp.log(al + tx)
    s, be = M(c.s), M(c.beta)
    la = s * mp.log(be) - R * mp.log(A) - s * mp.log(be + T)
    if T == tx:
        return la, None
    # Fader-Hardie closed form, 2F1 in (alpha-beta)/(alpha+t) or its mirror
    if al >= be:
        F = lambda t: mp.hyp2f1(R + s, s + 1, R + s + 1, (al - be) / (al + t), maxterms=10 ** 6) / (al + t) ** (R + s)
    else:
        F = lambda t: mp.hyp2f1(R + s, R, R + s + 1, (be - al) / (be + t), maxterms=10 ** 6) / (be + t) ** (R + s)
    I, digits = None, mp.dps
    while I is None:
        with mp.workdps(digits):
            f1, f2 = F(tx), F(T)
            if abs(f1 - f2) > abs(f1) * mp.mpf(10) ** (32 - digits):
                I = (f1 - f2) / (R + s)
        digits += 30
        if digits > 400:
            raise ArithmeticError('second route lost its digits')
    return la, mp.log(s) + s * mp.log(be) + mp.log(I)


def second(quantity, case):
    family, par, x, t_x, T, h, delta, n = case
    if family == 'gamma-gamma':
        p, q, g, m = M(par[0]), M(par[1]), M(par[2]), M(T)
        if quantity == 'expected_spend':
            # E[p/nu] by Gauss-Legendre in log nu
            k, rate = p * x + q, g + x * m
            top = mp.log((k + 150 + 12 * mp.sqrt(k)) / rate)
            low = mp.log(k / rate) - 80 / (k - 1) - 14 / mp.sqrt(k)
            lz = mp.loggamma(k) - k * mp.log(rate)
            f = lambda nu: p / nu * mp.exp((k - 1) * mp.log(nu) - rate * nu - lz)
            return mellin(f, low, top, pieces=min(3000, max(12, int((top - low) * (1 + mp.sqrt(k)) / 3))))
        if x > 1000:
            return None
        k, rate = p * x + q, g + x * m
        top = mp.log((k + 150 + 12 * mp.sqrt(k)) / rate)
        low = mp.log(k / rate) - 80 / k - 14 / mp.sqrt(k)
        mode = (k - 1) * mp.log(k / rate) - k
        f = lambda nu: mp.exp((k - 1) * mp.log(nu) - rate * nu - mode)
        I = mellin(f, low, top, pieces=min(3000, max(12, int((top - low) * (1 + mp.sqrt(k)) / 3))))
        return (mp.log(I) + mode + q * mp.log(g) - mp.loggamma(q) + p * x * mp.log(x)
                - mp.loggamma(p * x) + (p * x - 1) * mp.log(m))
    c = Customer(family, par, x, t_x, T)
    R, A = M(c.R), M(c.A)
    lead = mp.mpf(0)
    for j in range(x):
        lead += mp.log(M(c.r) + j)
    lead += M(c.r) * mp.log(M(c.alpha))
    if family == 'nbd':
        if quantity == 'log_likelihood':
            return lead - R * mp.log(A)
        H = None if h == INF else M(h)
        if quantity == 'p_alive':
            return mp.mpf(1)
        if quantity == 'expected_purchases':
            return R * H / A
        if quantity == 'discounted_purchases':
            d = M(delta)
            f = lambda u: mp.exp(-d * u) * R / A
            if h == INF:
                return mp.quad(f, [0, 1 / d, 4 / d, 20 / d, 150 / d])
            return gl(f, mp.mpf(0), H, 4 + int(d * H / 4)) if d * H < 4000 else None
        q = (A / (A + H)) ** R
        for j in range(n):
            q *= (R + j) / (j + 1) * H / (A + H)
        return q
    la, ld = second_alive(c)
    if quantity == 'log_likelihood':
        return lead + (la if ld is None else la + mp.log1p(mp.exp(ld - la)))
    alive = mp.mpf(1) if ld is None else 1 / (1 + mp.exp(ld - la))
    H = None if h == INF else M(h)
    if family == 'pareto/nbd':
        s, B = M(c.s), M(c.B)
        if quantity == 'p_alive':
            return alive * (B / (B + H)) ** s
        if quantity == 'expected_purchases':
            lq = mp.log1p(H / B)
            e = lq if s == 1 else -mp.expm1(-(s - 1) * lq) / (s - 1)
            return alive * R / A * B * e
        if quantity == 'discounted_purchases':
            if delta == 0:
                return second('expected_purchases', case)
            d = M(delta)
            if h == INF:
                return alive * R / A * B * mp.hyperu(1, 2 - s, d * B)
            return alive * R / A * B * mp.exp(d * B) * (d * B) ** (s - 1) * (
                mp.gammainc(1 - s, d * B, d * (B + H)))
        # composite Gauss-Legendre in log u around the bulk
        nb = mp.exp(mp.loggamma(R + n) - mp.loggamma(R) - mp.loggamma(n + 1)
                    + R * mp.log(A / (A + H)) + n * mp.log(H / (A + H)))
        k = mp.loggamma(R + n) - mp.loggamma(R) - mp.loggamma(n + 1) + mp.log(s) - mp.log(B)
        mode = min(H, (n or 1) * A / R)
        km = n * mp.log(mode / A) - (R + n) * mp.log1p(mode / A) if n else mp.mpf(0)
        f = lambda u: mp.exp((n * mp.log(u / A) if n else 0) - (R + n) * mp.log1p(u / A)
                             - (s + 1) * mp.log1p(u / B) - km)
        lo = mp.log(mode) - mp.mpf(85) / (n + 1) - 14 * mp.sqrt(1 / mp.mpf(n + 1) + 1 / R) - mp.log1p(120 / R)
        hi = mp.log(H)
        I = mellin(f, lo, hi, pieces=max(8, int((hi - lo) * (1 + mp.sqrt(n + 1)) / 3)))
        pr = alive * (nb * (B / (B + H)) ** s + mp.exp(k + km) * I)
        return pr + (1 - alive if n == 0 else 0)
    a, B = M(c.a), M(c.B)
    if quantity == 'p_alive':
        return alive * mp.hyp2f1(R, a, a + B, -H / A)
    if quantity == 'expected_purchases' or (quantity == 'discounted_purchases' and delta == 0):
        with mp.workdps(mp.dps + 60):
            if abs(a - 1) < mp.mpf(10) ** -13:
                a = a + mp.mpf(10) ** -55 if a == 1 else a
            e = (a + B - 1) / (a - 1) * (1 - mp.hyp2f1(R, a - 1, a + B - 1, -H / A))
        return alive * e
    if quantity == 'discounted_purchases':
        # over calendar time, purchase intensity through 2F1
        d = M(delta)
        # (mpmath's hyp2f1 fails, once silently, at x >= 1000 in the first
        # form, and silently for large a in the second, Pfaff's)
        if x < 300:
            f = lambda u: mp.exp(-d * u) * mp.hyp2f1(R + 1, a, a + B, -u / A)
        else:
            f = lambda u: mp.exp(-d * u) * (1 + u / A) ** -a * mp.hyp2f1(
                a + B - R - 1, a, a + B, u / (A + u), maxterms=10 ** 6)
        scale = 1 / (d + (R + 1) * a / ((a + B) * A))
        top = mp.log(75 / d)
        if h != INF:
            top = min(top, mp.log(H))
        low = min(mp.log(scale), top) - 76
        with mp.workdps(36):
            g = lambda v: f(mp.e ** v) * mp.e ** v
            mid = max(low, min(mp.log(scale), top) - 22)
            tail = mp.e ** mid * (1 - mp.e ** mid * (d + (R + 1) * a / ((a + B) * A)) / 2)
            # below e^mid the integrand is 1 - O(u): two terms are enough
            I = gl(g, mid, top, max(3, int((top - mid) / 3)), 5)
        return alive * R / A * (I + tail)
    # purchase_probability: tail of the mixed Poisson by its complement
    with mp.workdps(mp.dps + 330 if n > 30 else mp.dps + 120):
        z = H / (A + H)
        q = (A / (A + H)) ** R
        cum = mp.mpf(0)
        for j in range(n):
            cum += q
            q *= (R + j) / (j + 1) * z
        surv = mp.mpf(1)
        for j in range(n):
            surv *= (B + j) / (a + B + j)
        pr = q * surv
        if n > 0:
            surv1 = surv / ((B + n - 1) / (a + B + n - 1))
            pr += (1 - cum) * surv1 * a / (a + B + n - 1)
        pr *= alive
        if n == 0:
            pr += 1 - alive
        return pr


def crosscheck(number, seed):
    """Random points against second routes, then sums and simulation."""
    mp.dps = 50
    fail = 0
    for q in oracle.QUANTITIES:
        worst, done, skipped = {}, {}, {}
        for i in range(number):
            case, val = oracle.point('x' + str(seed), q, i)
            fam = case[0]
            try:
                other = second(q, case)
            except (ArithmeticError, ValueError, ZeroDivisionError) as e:
                other = None
            if other is None or mp.isnan(other):
                skipped[fam] = skipped.get(fam, 0) + 1
                continue
            v = M(val)
            scale = max(mp.mpf(1), abs(v)) if 'likelihood' in q else abs(v)
            err = float(abs(v - mp.re(other)) / scale)
            done[fam] = done.get(fam, 0) + 1
            if err > worst.get(fam, (-1,))[0]:
                worst[fam] = (err, case, val, other)
        limit = 1e-20 if q == 'discounted_purchases' else 1e-24
        for fam in done:
            err = worst[fam][0]
            print('%-22s %-11s %4d points, %d skipped, largest difference %.1e' % (
                q, fam, done[fam], skipped.get(fam, 0), err), flush=True)
            if err > limit:
                fail += 1
                print('   ', oracle.line(q, worst[fam][1], worst[fam][2]),
                      mp.nstr(worst[fam][3], 25), flush=True)
    fail += totals(seed)
    fail += double(seed)
    fail += simulate(seed)
    print('%d failed' % fail)
    return 1 if fail else 0


def totals(seed):
    """Probabilities sum to 1 and have the expected number as their mean."""
    rng = random.Random('totals%s' % seed)
    worst = 0.0
    for i in range(12):
        fam = ('bg/nbd', 'mbg/nbd', 'pareto/nbd')[i % 3]
        u = lambda lo, hi: oracle.lu(rng, lo, hi)
        par = [u(.2, 5), u(2, 20), u(.3, 5), u(1, 20)]
        x = rng.choice([0, 1, 3, 8])
        T = u(5, 60)
        c = Customer(fam, par, x, T * rng.uniform(.6, 1) if x else 0.0, T)
        h = u(.5, 3)
        # tails fall like (h/(A+h))^n
        z = float(mpfr(h) / (c.A + h))
        N = int(50 / -math.log(z)) + 10
        pr = [c.purchase_probability(n, h) for n in range(N)]
        e1 = abs(sum(pr) - 1)
        ex = c.expected_purchases(h)
        e2 = abs(sum(n * v for n, v in enumerate(pr)) - ex) / ex
        worst = max(worst, float(e1), float(e2))
    print('probabilities: sum and mean, 12 customers, largest difference %.1e' % worst)
    return 1 if worst > 1e-17 else 0


def double(seed):
    """The double integral at tiny delta against the single one; and at
    infinite horizon as the limit of a long one."""
    rng = random.Random('double%s' % seed)
    w1 = w2 = 0.0
    for i in range(20):
        fam = ('bg/nbd', 'mbg/nbd')[i % 2]
        par = oracle.draw_parameters(rng, fam, i % oracle.KINDS)
        x = rng.choice([0, 1, 2, 7, 40, 1000])
        c = Customer(fam, par, x, 30.0 if x else 0.0, 30.0)
        h = oracle.lu(rng, .1, 300)
        e = c.expected_purchases(h)
        w1 = max(w1, float(abs(c.alive_now() * c.double_integral(h, mpfr(0)) / e - 1)))
        inf = c.double_integral(INF, mpfr(.1))
        long = c.double_integral(900.0, mpfr(.1))
        w2 = max(w2, float(abs(long / inf - 1)))
    print('double integral: delta = 0 %.1e, horizon 900 at delta .1 %.1e' % (w1, w2))
    return (1 if w1 > 1e-24 else 0) + (1 if w2 > 1e-24 else 0)


def simulate(seed, number=300000):
    """Sanity: play the story from the start, keep customers with a chosen
    number of purchases x in (0, T], compare with the oracle's values averaged
    over the t_x seen."""
    rng = random.Random('simulate%s' % seed)
    worst = 0.0
    h, delta, T = 6.0, .05, 10.0
    for fam, par in (('bg/nbd', (.8, 4.0, .7, 2.0)), ('mbg/nbd', (.8, 4.0, .7, 2.0)),
                     ('pareto/nbd', (.8, 4.0, .9, 9.0))):
        seen = {0: [], 2: []}
        for _ in range(number // 3):
            lam = rng.gammavariate(par[0], 1 / par[1])
            if fam == 'pareto/nbd':
                end = rng.expovariate(1) / rng.gammavariate(par[2], 1 / par[3])
                p = 0
            else:
                p = rng.betavariate(par[2], par[3])
                end = INF
                if fam == 'mbg/nbd' and rng.random() < p:
                    end = 0.0
            t, times = 0.0, []
            while True:
                t += rng.expovariate(lam) if lam > 0 else INF
                if t > end or t > T + h:
                    break
                times.append(t)
                if p and rng.random() < p:
                    end = t
                    break
            x = sum(v <= T for v in times)
            if x in seen:
                fut = [v - T for v in times if v > T]
                seen[x].append((times[x - 1] if x else 0.0, end > T, end > T + h, len(fut),
                                sum(math.exp(-delta * v) for v in fut)))
        for x, rows in seen.items():
            sub = rows if x else rows[:1]
            sub = sub if len(sub) <= 60 else rng.sample(sub, 60)
            want = [0.0] * 6
            sq = [0.0] * 6
            for r in sub:
                c = Customer(fam, par, x, r[0], T)
                v = [c.p_alive(0), c.p_alive(h), c.expected_purchases(h),
                     c.discounted_purchases(h, delta) if x == 0 or len(sub) < 8 else None,
                     c.purchase_probability(0, h), c.purchase_probability(2, h)]
                for k, y in enumerate(v):
                    if y is not None:
                        want[k] += float(y) / len(sub)
                        sq[k] += float(y) ** 2 / len(sub)
            got = [[float(r[1]) for r in rows], [float(r[2]) for r in rows], [float(r[3]) for r in rows],
                   [r[4] for r in rows], [float(r[3] == 0) for r in rows], [float(r[3] == 2) for r in rows]]
            for k in range(6):
                if want[k] == 0:
                    continue
                m = sum(got[k]) / len(rows)
                var = sum((y - m) ** 2 for y in got[k]) / len(rows) ** 2
                var += max(0.0, sq[k] - want[k] ** 2) / len(sub)
                z = abs(m - want[k]) / math.sqrt(var + 1e-12)
                worst = max(worst, z)
    print('simulation: largest difference %.1f standard errors' % worst)
    return 1 if worst > 4.5 else 0
