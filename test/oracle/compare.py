#!/usr/bin/env python3
"""compare.py FILE EVALUATE...: check a program against reference points.

FILE is written by `oracle.py points` (tab separated, header line, last column
the value); more may be given as comma-separated names.  EVALUATE is a command
that reads the first 12 columns of every point as tab-separated lines (no
header) on standard input and prints for each one line: a number, or `error:
message`.  Per quantity and family the number of points, the largest error with
its point, and the number of error lines are printed.  Errors are relative; for
the log-likelihoods absolute where |value| < 1.  Exit status 1 if any error
exceeds the tolerance or any line is no finite number."""
import argparse
import decimal
import shlex
import subprocess
import sys
from decimal import Decimal

decimal.getcontext().prec = 40
COLUMNS = 12


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('file')
    ap.add_argument('evaluate', nargs='+', help='program and its arguments')
    ap.add_argument('--tolerance', type=float, default=1e-9)
    ap.add_argument('--limit', action='append', default=[], metavar='QUANTITY=TOLERANCE',
                    help='another tolerance for one quantity')
    ap.add_argument('--quantity', action='append', help='only these')
    ap.add_argument('--family', action='append', help='only these')
    ap.add_argument('--worst', type=int, default=1, help='points shown per group')
    args = ap.parse_args()
    limits = {k: float(v) for k, v in (s.split('=') for s in args.limit)}

    points = []
    for name in args.file.split(','):
        with open(name) as f:
            for text in f:
                if not text.endswith('\n'):
                    continue                      # being written
                fields = text.rstrip('\n').split('\t')
                if len(fields) != COLUMNS + 1 or fields[0] == 'quantity':
                    continue
                if args.quantity and fields[0] not in args.quantity:
                    continue
                if args.family and fields[1] not in args.family:
                    continue
                points.append(fields)
    if not points:
        sys.exit('no points')
    command = shlex.split(args.evaluate[0]) + args.evaluate[1:]
    run = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                         input=''.join('\t'.join(p[:COLUMNS]) + '\n' for p in points))
    lines = run.stdout.splitlines()
    bad = 0
    if run.returncode or len(lines) != len(points):
        print('%d lines for %d points, exit status %d' % (
            len(lines), len(points), run.returncode))
        bad = 1

    groups = {}
    for p, got in zip(points, lines):
        g = groups.setdefault((p[0], p[1]), {'n': 0, 'errors': 0, 'rows': []})
        g['n'] += 1
        want = Decimal(p[COLUMNS])
        try:
            value = Decimal(got.strip())
        except decimal.InvalidOperation:
            value = None
        if value is None or not value.is_finite():
            g['errors'] += 1
            if g['errors'] <= args.worst:
                g['rows'].append((float('inf'), got.strip(), p))
            continue
        scale = abs(want)
        if p[0].endswith('log_likelihood'):
            scale = max(scale, Decimal(1))
        diff = abs(value - want)
        err = float(diff / scale) if scale else (0.0 if diff == 0 else float('inf'))
        g['rows'].append((err, got.strip(), p))

    for (quantity, family), g in sorted(groups.items()):
        rows = sorted(g['rows'], key=lambda r: -r[0])
        finite = [r for r in rows if r[0] != float('inf')]
        largest = finite[0][0] if finite else float('nan')
        middle = finite[len(finite) // 2][0] if finite else float('nan')
        limit = limits.get(quantity, args.tolerance)
        over = sum(r[0] > limit for r in finite)
        print('%-22s %-11s %6d points  largest %.2e  median %.1e  over %g: %d  errors: %d' % (
            quantity, family, g['n'], largest, middle, limit, over, g['errors']))
        if over or g['errors']:
            bad = 1
        for err, got, p in rows[:args.worst] + (
                finite[:1] if rows and rows[0][0] == float('inf') else []):
            print('    %.2e got %s: %s' % (err, got, '\t'.join(p)))
    sys.exit(bad)


if __name__ == '__main__':
    main()
