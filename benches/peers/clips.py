"""torch.nn.utils.clip_grad_norm_ (foreach) of the models of `normproj bench`, on any device."""

import torch

import cases


def measure(name, elements, device, timed):
    """What each radius takes: nothing is clipped, all is; compared before it is timed."""
    sizes = cases.model(elements)
    base = torch.rand(sum(sizes), device=device) * 2 - 1
    norm = torch.linalg.vector_norm(base, dtype=torch.float64).item()
    one = name == "clip_1_tensor"
    flat = base.clone()
    views = [flat] if one else list(flat.split(sizes))
    pieces = [base] if one else list(base.split(sizes))
    if name == "clip_300_tensors_apart":
        views = [view.clone() for view in views]
    parameters = [torch.nn.Parameter(view) for view in views]
    for parameter, view in zip(parameters, views):
        parameter.grad = view
    restore = lambda: torch._foreach_copy_(views, pieces)
    for v, factor in ((0.0, 2.0), (1.0, 0.5)):
        run = lambda: torch.nn.utils.clip_grad_norm_(parameters, factor * norm, foreach=True)
        restore()
        run()
        # torch 2.15 sums one tensor of 30 million f32 on a CPU 0.12% too small, and clips as much too little.
        kept = (views[-1].double().abs().sum() / pieces[-1].double().abs().sum()).item()
        assert abs(kept / min(factor, 1.0) - 1) < 1e-2, (name, v, kept)
        yield v, timed(restore, run)
