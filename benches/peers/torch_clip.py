"""Times torch.nn.utils.clip_grad_norm_ on the CPU, with the protocol of benches/clip.rs.

    python benches/peers/torch_clip.py [runs]

A model of 300 tensors and 30 million elements: gradients of their own (`apart`), views of one
tensor (`arena`), and one tensor of that size (`one`). The input is restored outside the timed span.
"""

import statistics
import sys
import time

import torch

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 31
ELEMENTS, BIASES, KERNELS = 30_000_000, 240, 60


def sizes():
    biases = [64 + i * 37 % 900 for i in range(BIASES)]
    rest = ELEMENTS - sum(biases)
    sizes = []
    for layer in range(KERNELS):
        sizes.append(rest // KERNELS + (rest % KERNELS if layer == 0 else 0))
        sizes += biases[layer * 4 : layer * 4 + 4]
    return sizes


def gradients(flat, sizes, apart):
    views = flat.split(sizes)
    return [view.clone() for view in views] if apart else list(views)


def timed(work, base, run):
    spans = []
    for _ in range(RUNS):
        torch._foreach_copy_(work, base)
        start = time.perf_counter()
        run()
        spans.append(1e3 * (time.perf_counter() - start))
    return f"{statistics.median(spans):10.3f} {min(spans):10.3f}"


print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {RUNS} runs")
print(f"{'case':20} {'median ms':>10} {'best ms':>10}")
torch.manual_seed(0)
host = torch.rand(ELEMENTS) * 2 - 1
norm = host.double().norm().item()
for name, factor in (("inside", 2.0), ("clipped", 0.5)):
    for case in ("apart", "arena", "one"):
        shape = [ELEMENTS] if case == "one" else sizes()
        base = gradients(host.clone(), shape, case != "arena")
        work = gradients(host.clone(), shape, case != "arena")
        parameters = [torch.nn.Parameter(torch.empty_like(gradient)) for gradient in work]
        for parameter, gradient in zip(parameters, work):
            parameter.grad = gradient
        clip = lambda: torch.nn.utils.clip_grad_norm_(parameters, factor * norm, foreach=True)
        clip()
        after = torch.cat(work).double()
        # Not tighter: the norm of one tensor of this size, summed in f32, is 1e-3 too small.
        assert torch.allclose(after, host.double() * min(factor, 1), rtol=1e-2, atol=0)
        print(f"{name + ' ' + case:20} {timed(work, base, clip)}", flush=True)
