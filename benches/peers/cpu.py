"""Times the peers on the CPU, with the protocol and the case names of `normproj bench --device cpu`.

    python benches/peers/cpu.py [CASE...] > peers.json

The input is restored outside the timed span; times are medians of 31 runs, of what takes long of as many as a second
holds, but 7. torch.renorm in place, Keras' formula in
NumPy, and torch.nn.utils.clip_grad_norm_ (foreach). Each result is compared before it is timed.
"""

import json
import signal
import statistics
import sys
import time

import numpy as np
import torch

import cases
import clips

# As src/bin/normproj/bench/rounds.rs: milliseconds for all runs, and how many there are.
BUDGET, FEWEST, MOST_RUNS = 1000, 7, 31
# NumPy makes several copies of a tensor.
MOST = 1 << 28
MODEL = 30_000_000


def timed(restore, run):
    start = time.perf_counter()
    restore()
    run()
    once = 1e3 * (time.perf_counter() - start)
    spans = []
    for _ in range(min(max(int(BUDGET / once), FEWEST), MOST_RUNS)):
        restore()
        start = time.perf_counter()
        run()
        spans.append(1e3 * (time.perf_counter() - start))
    return statistics.median(spans)


def keras(x, c, axes):
    norm = np.sqrt(np.sum(np.square(x), axis=axes, keepdims=True))
    return x * (np.clip(norm, 0, c) / (np.float32(1e-7) + norm))


def found(results, name, v, peer, ms):
    results.append({"id": name, "violating": v, "peer": peer, "ms": ms})
    print(name, v, peer, f"{ms:.4f}", file=sys.stderr, flush=True)


def project(results, name, shape, axes):
    torch.manual_seed(0)
    base = torch.rand(shape) * 2 - 1
    work = base.clone()
    flat = work.view(-1, shape[-1])
    exact = torch.linalg.vector_norm(base, dim=axes, keepdim=True, dtype=torch.float64)
    norms = exact.flatten().sort().values
    for v in cases.VIOLATING:
        c = cases.radius(norms, v)
        factor = torch.clamp(c / exact, max=1)
        expected = (base[:64] * (factor[:64] if axes == (1,) else factor)).float()
        kept = 0 if axes == (1,) else 1
        peers = [
            ("torch_renorm", lambda: flat.renorm_(2, kept, c)),
            ("keras_numpy", lambda: np.copyto(work.numpy(), keras(work.numpy(), np.float32(c), axes))),
        ]
        for peer, run in peers:
            work.copy_(base)
            run()
            assert torch.allclose(work[:64], expected, rtol=1e-4), (name, peer, v)
            found(results, name, v, peer, timed(lambda: work.copy_(base), run))


def clip(results, name):
    for v, ms in clips.measure(name, MODEL, "cpu", timed):
        found(results, name, v, "torch_clip_grad_norm", ms)


def main():
    wanted, results = sys.argv[1:], []
    try:
        with torch.no_grad():
            for name in cases.chosen(cases.CLIPS, wanted):
                clip(results, name)
            for name, shape, axes in cases.PROJECTIONS:
                if (not wanted or name in wanted) and np.prod(shape, dtype=np.int64) <= MOST:
                    project(results, name, shape, axes)
    finally:
        # What was measured before an interruption is measured.
        threads = torch.get_num_threads()
        versions = {"torch": torch.__version__, "numpy": np.__version__, "threads": threads}
        print(json.dumps({**versions, "peers": results}), flush=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
main()
