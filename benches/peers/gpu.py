"""Times the peers on a CUDA GPU, with the protocol and the case names of `normproj bench`.

    python benches/peers/gpu.py [CASE...] > peers.json

Caches are emptied before each run by reading 256 MiB, and the input is restored; times are medians
of CUDA events. torch.renorm, Keras' formula (eager and compiled), Triton kernels by hand that store
only what violates, and torch.nn.utils.clip_grad_norm_ (foreach).
"""

import json
import signal
import statistics
import sys

import torch
import triton
import triton.language as tl

import cases
import clips

RUNS = 31
MODEL = 1_000_000_000


@triton.jit
def rows_kernel(x, c, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, BLOCK)
    inside = at < columns
    values = tl.load(x + row * columns + at, mask=inside, other=0.0)
    norm = tl.sqrt(tl.sum(values * values))
    if norm > c:
        tl.store(x + row * columns + at, values * (c / norm), mask=inside)


@triton.jit
def columns_partial(x, partials, rows, columns, CHUNK: tl.constexpr, R: tl.constexpr, C: tl.constexpr):
    column = tl.program_id(0) * C + tl.arange(0, C)
    first = tl.program_id(1).to(tl.int64) * CHUNK
    total = tl.zeros((C,), tl.float32)
    for step in range(0, CHUNK, R):
        row = first + step + tl.arange(0, R)
        inside = (row < rows)[:, None] & (column < columns)[None, :]
        values = tl.load(x + row[:, None] * columns + column[None, :], mask=inside, other=0.0)
        total += tl.sum(values * values, axis=0)
    tl.store(partials + tl.program_id(1) * columns + column, total, mask=column < columns)


@triton.jit
def columns_rescale(x, partials, c, rows, columns, CHUNK: tl.constexpr, CHUNKS: tl.constexpr, R: tl.constexpr, C: tl.constexpr):
    column = tl.program_id(0) * C + tl.arange(0, C)
    first = tl.program_id(1).to(tl.int64) * CHUNK
    total = tl.zeros((C,), tl.float32)
    for chunk in range(CHUNKS):
        total += tl.load(partials + chunk * columns + column, mask=column < columns, other=0.0)
    norm = tl.sqrt(total)
    outside = norm > c
    if tl.max(outside.to(tl.int32)) > 0:
        factor = c / norm
        for step in range(0, CHUNK, R):
            row = first + step + tl.arange(0, R)
            inside = (row < rows)[:, None] & ((column < columns) & outside)[None, :]
            at = x + row[:, None] * columns + column[None, :]
            values = tl.load(at, mask=inside, other=0.0)
            tl.store(at, values * factor[None, :], mask=inside)


def triton_rows(x, c):
    rows, columns = x.shape
    block = triton.next_power_of_2(columns)
    warps = 1 if block <= 256 else 4 if block <= 2048 else 8 if block <= 8192 else 32
    return lambda: rows_kernel[(rows,)](x, c, columns, BLOCK=block, num_warps=warps)


def triton_columns(x, c):
    rows, columns = x.shape
    tile = 128 if columns >= 128 else 32
    tiles = triton.cdiv(columns, tile)
    chunk = max(32, triton.next_power_of_2(triton.cdiv(rows * tiles, 132 * 8)))
    chunks = triton.cdiv(rows, chunk)
    partials = torch.empty(chunks, columns, device="cuda")
    sizes = {"CHUNK": chunk, "R": 16, "C": tile}

    def run():
        columns_partial[(tiles, chunks)](x, partials, rows, columns, **sizes)
        columns_rescale[(tiles, chunks)](x, partials, c, rows, columns, CHUNKS=chunks, **sizes)

    return run


def keras(x, c, axes):
    norm = torch.sqrt(torch.sum(torch.square(x), dim=axes, keepdim=True))
    return x * (torch.clamp(norm, 0, c) / (1e-7 + norm))


compiled = torch.compile(keras, dynamic=False)
flushed = torch.rand(1 << 26, device="cuda")


def timed(restore, run):
    spans = []
    for _ in range(RUNS):
        restore()
        flushed.max()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        spans.append((start, end))
    torch.cuda.synchronize()
    return statistics.median(start.elapsed_time(end) for start, end in spans)


def peers(work, c, axes):
    """Each peer that can do it: in place, or out of place as its formula is."""
    flat = work.view(-1, work.shape[-1]) if axes != (1,) else work
    yield "torch_renorm", lambda: flat.renorm_(2, 0 if axes == (1,) else 1, c), flat
    yield "keras_eager", lambda: work.copy_(keras(work, c, axes)), work
    yield "keras_compiled", lambda: compiled(work, c, axes), None
    build = triton_rows if axes == (1,) else triton_columns
    yield "triton", build(flat, c), flat


def project(results, name, shape, axes):
    torch.manual_seed(0)
    base = torch.rand(shape, device="cuda") * 2 - 1
    work = base.clone()
    exact = torch.linalg.vector_norm(base, dim=axes, keepdim=True, dtype=torch.float64)
    norms = exact.flatten().sort().values
    for v in cases.VIOLATING:
        c = cases.radius(norms, v)
        for peer, run, result in peers(work, c, axes):
            work.copy_(base)
            run()
            if result is not None:
                piece = slice(0, 64)
                factor = torch.clamp(c / exact, max=1)
                expected = (base * factor)[piece]
                assert torch.allclose(work[piece].double(), expected, rtol=1e-4), (name, peer, v)
                del expected
            ms = timed(lambda: work.copy_(base), run)
            results.append({"id": name, "violating": v, "peer": peer, "ms": ms})
            print(name, v, peer, f"{ms:.4f}", file=sys.stderr, flush=True)


def clip(results, name):
    for v, ms in clips.measure(name, MODEL, "cuda", timed):
        results.append({"id": name, "violating": v, "peer": "torch_clip_grad_norm", "ms": ms})
        print(name, v, f"{ms:.4f}", file=sys.stderr, flush=True)


def main():
    chosen = sys.argv[1:]
    results = []
    try:
        with torch.no_grad():
            for name in cases.chosen(cases.CLIPS, chosen):
                clip(results, name)
                torch.cuda.empty_cache()
            for name, shape, axes in cases.PROJECTIONS:
                if not chosen or name in chosen:
                    project(results, name, shape, axes)
                    torch.cuda.empty_cache()
    finally:
        # What was measured before an interruption is measured.
        gpu, torch_version = torch.cuda.get_device_name(), torch.__version__
        versions = {"gpu": gpu, "torch": torch_version, "triton": triton.__version__}
        print(json.dumps({**versions, "peers": results}), flush=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
main()
