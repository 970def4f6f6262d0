"""What is timed: the cases of `normproj bench`, under the same names."""

# Name, shape, and the axes of the norm.
PROJECTIONS = [
    ("rows_65536x4096", (65536, 4096), (1,)),
    ("rows_262144x1024", (262144, 1024), (1,)),
    ("rows_8192x65536", (8192, 65536), (1,)),
    ("rows_4096x32768", (4096, 32768), (1,)),
    ("rows_524288x64", (524288, 64), (1,)),
    ("rows_4096x4096", (4096, 4096), (1,)),
    ("rows_4096x32", (4096, 32), (1,)),
    ("columns_4096x4096", (4096, 4096), (0,)),
    ("columns_16384x16384", (16384, 16384), (0,)),
    ("columns_128256x4096", (128256, 4096), (0,)),
    ("columns_784x256", (784, 256), (0,)),
    ("conv_3x3x512x512", (3, 3, 512, 512), (0, 1, 2)),
]
CLIPS = ("clip_300_tensors_arena", "clip_1_tensor", "clip_300_tensors_apart")
# The fractions of the slices that violate.
VIOLATING = (0.0, 0.01, 0.1, 1.0)
KERNELS = 60


def model(elements):
    """Sizes of the tensors of a model: four biases after each kernel."""
    biases = [64 + i * 37 % 900 for i in range(4 * KERNELS)]
    kernel = (elements - sum(biases)) // KERNELS
    return [s for i in range(KERNELS) for s in [kernel, *biases[4 * i : 4 * i + 4]]]


def radius(norms, v):
    """A radius that this fraction of the sorted norms exceeds."""
    inside = round((1 - v) * len(norms))
    if inside == 0:
        return 0.5 * float(norms[0])
    if inside >= len(norms):
        return 2 * float(norms[-1])
    return (float(norms[inside - 1]) + float(norms[inside])) / 2


def chosen(names, wanted):
    return [name for name in names if not wanted or name in wanted]
