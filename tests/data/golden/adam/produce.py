"""Runs PyTorch's Adam and AdamW, each step followed by torch.renorm, and keeps what goes in and comes out.

    python -B produce.py

Writes cases.json and arrays.safetensors beside itself. Needs torch only. Where its version is another one, the
numbers may differ in their last bits: `source` says which version they are of.
"""

import json
import math
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from subset import write_arrays  # noqa: E402

STEPS = 5
# Name in a case, name in a .safetensors file, tolerance.
DTYPES = {
    torch.float32: ("f32", "F32", {"rel_l2": 4e-06, "ulp": 32, "mode": "tensor"}),
    torch.float64: ("f64", "F64", {"rel_l2": 1e-13, "ulp": 640, "mode": "tensor"}),
    torch.float16: ("f16", "F16", {"rel_l2": 0.004, "ulp": 4, "mode": "tensor"}),
    torch.bfloat16: ("bf16", "BF16", {"rel_l2": 0.03, "ulp": 4, "mode": "tensor"}),
}
OPTIMIZERS = {"torch_adam_renorm": torch.optim.Adam, "torch_adamw_renorm": torch.optim.AdamW}
RENORM = {"p": 2.0, "dim": 1, "max_norm": 1.0}


def even(step, shape, random):
    return torch.randn(shape, generator=random, dtype=torch.float64)


def spread(step, shape, random):
    """From 1e-6 to 1e3, of either sign."""
    size = 10 ** (9 * torch.rand(shape, generator=random, dtype=torch.float64) - 6)
    return size * even(step, shape, random).sign()


def late(step, shape, random):
    """Nothing in the first two steps, when both moments stay zero."""
    return even(step, shape, random) * (step >= 2)


# What a case says beside the defaults of torch. A narrow dtype has a larger epsilon, because the second moment of a
# small gradient vanishes in f16.
CASES = [
    ("defaults", torch.float32, (16, 8), even, {}, {}),
    ("betas_eps", torch.float32, (16, 8), even, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6}, {}),
    ("wd", torch.float32, (16, 8), even, {"lr": 0.05, "weight_decay": 0.05}, {}),
    ("rows", torch.float32, (9, 11), even, {"lr": 0.05}, {"dim": 0}),
    ("conv", torch.float32, (3, 3, 4, 6), even, {"lr": 0.02}, {"dim": 3}),
    ("spread", torch.float32, (16, 8), spread, {"lr": 0.05}, {}),
    ("late", torch.float32, (16, 8), late, {"lr": 0.05}, {}),
    ("pinf", torch.float32, (16, 8), even, {"lr": 0.05}, {"p": math.inf, "max_norm": 0.5}),
    ("p1", torch.float32, (16, 8), even, {"lr": 0.05}, {"p": 1.0, "max_norm": 3.0}),
    ("wd", torch.float64, (16, 8), even, {"lr": 0.05, "weight_decay": 0.05}, {}),
    *(
        ("narrow", dtype, (12, 7), even, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3}, {})
        for dtype in (torch.float16, torch.bfloat16)
    ),
]


def slices(tensor, dim):
    return tensor.movedim(dim, 0).flatten(1)


def run(optimizer, weights, gradients, numbers, renorm):
    """The weights and both moments after each step, and what torch makes of the numbers."""
    weights = weights.clone().requires_grad_()
    optimizer = optimizer([weights], foreach=False, fused=False, **numbers)
    after = [], [], []
    scaled = 0
    for gradient in gradients:
        weights.grad = gradient.clone()
        optimizer.step()
        with torch.no_grad():
            inside = torch.renorm(weights, renorm["p"], renorm["dim"], renorm["max_norm"])
            scaled += int((slices(inside, renorm["dim"]) != slices(weights, renorm["dim"])).any(1).sum())
            weights.copy_(inside)
        state = optimizer.state[weights]
        for kept, tensor in zip(after, (weights.detach(), state["exp_avg"], state["exp_avg_sq"])):
            kept.append(tensor.clone())
    # A case where all slices are scaled, or none, would say little.
    assert 0 < scaled < len(gradients) * weights.shape[renorm["dim"]], scaled
    used = {key: optimizer.defaults[key] for key in ("lr", "betas", "eps", "weight_decay")}
    return [tensor for kept in after for tensor in kept], used


class Arrays:
    """Arrays by name; the same one once."""

    def __init__(self):
        self.names, self.entries = {}, {}

    def add(self, tensor):
        short, long, _ = DTYPES[tensor.dtype]
        shape = list(tensor.shape)
        data = bytes(tensor.contiguous().view(torch.uint8).flatten().tolist())
        name = self.names.setdefault((long, *shape, data), f"{len(self.names)}.{short}")
        self.entries[name] = ({"dtype": long, "shape": shape}, data)
        return {"tensor": name, "dtype": short, "shape": shape}


def main():
    arrays, cases = Arrays(), []
    version = torch.__version__.split("+")[0]
    for op, optimizer in OPTIMIZERS.items():
        for name, dtype, shape, gradient, numbers, renorm in CASES:
            random = torch.Generator().manual_seed(15)
            renorm = {**RENORM, **renorm}
            weights = torch.randn(shape, generator=random, dtype=torch.float64)
            # Euclidean norms are near 1.
            weights = (weights / (weights.numel() / shape[renorm["dim"]]) ** 0.5).to(dtype)
            gradients = [gradient(step, shape, random).to(dtype) for step in range(STEPS)]
            outputs, used = run(optimizer, weights, gradients, numbers, renorm)
            assert all(output.isfinite().all() for output in outputs)
            short, _, tol = DTYPES[dtype]
            p = "inf" if renorm["p"] == math.inf else renorm["p"]
            cases.append(
                {
                    "name": f"{op}__{name}__{short}",
                    "op": op,
                    "args": {**used, **renorm, "p": p, "steps": STEPS},
                    "inputs": [arrays.add(tensor) for tensor in (weights, *gradients)],
                    "outputs": [arrays.add(tensor) for tensor in outputs],
                    "source": f"torch {version} torch.optim.{optimizer.__name__}.step then torch.renorm (CPU)",
                    "expects_error": None,
                    "tol": tol,
                    "tags": ["fused"],
                    "note": "in: w0,g1..g5; out: w1..w5, then exp_avg, then exp_avg_sq after each step",
                }
            )
    write_arrays(HERE / "arrays.safetensors", arrays.entries)
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "cases.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases, {len(arrays.entries)} arrays")


if __name__ == "__main__":
    main()
