"""Times torch.renorm in place on the CPU, with the protocol of benches/project.rs.

    python benches/peers/torch_renorm.py [runs]

The input is restored outside the timed span. Every column (axis 0: `renorm_(2, 1, c)`) or row
(axis 1: `renorm_(2, 0, c)`) is scaled at v = 1, and none at v = 0. A copy by torch of the same
tensor is timed beside it.
"""

import statistics
import sys
import time

import torch

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 31
CASES = [
    ("columns", (4096, 4096), 1),
    ("rows", (4096, 4096), 0),
    ("columns", (784, 256), 1),
    ("rows", (4096, 32), 0),
]


def timed(work, restore, run):
    spans = []
    for _ in range(RUNS):
        restore()
        start = time.perf_counter()
        run()
        spans.append(1e6 * (time.perf_counter() - start))
    return f"{statistics.median(spans):10.1f} {min(spans):10.1f}"


print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {RUNS} runs")
print(f"{'case':28} {'median us':>10} {'best us':>10}")
for name, shape, kept in CASES:
    torch.manual_seed(0)
    base = torch.rand(shape) * 2 - 1
    work = base.clone()
    mean = (shape[1 - kept] / 3) ** 0.5
    for v, c in ((0, 2 * mean), (1, 0.5 * mean)):
        restore = lambda: work.copy_(base)
        spans = timed(work, restore, lambda: work.renorm_(2, kept, c))
        changed = int((work != base).any(dim=1 - kept).sum())
        assert changed == (shape[kept] if v else 0), changed
        print(f"{name + ' ' + 'x'.join(map(str, shape)) + f' v={v}':28} {spans}")
    spans = timed(work, lambda: None, lambda: work.copy_(base))
    print(f"{'copy ' + 'x'.join(map(str, shape)):28} {spans}")
