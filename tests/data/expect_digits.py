"""Computes what `normproj max-norm 1 digits.safetensors --per-unit keras --include '*kernel'` must
give, in float64 and with nothing but NumPy:

    python3 expect_digits.py      # writes digits-max-norm-1.safetensors

Keras lays units out along the last axis, so the norm of a unit runs over all the others.
"""

import json
import struct
from pathlib import Path

import numpy

HERE = Path(__file__).parent


def load(path):
    """The f32 tensors of a .safetensors file, by name."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, info in header.items():
        assert info["dtype"] == "F32", name
        start, end = (8 + length + offset for offset in info["data_offsets"])
        tensors[name] = numpy.frombuffer(data[start:end], "<f4").reshape(info["shape"])
    return tensors


def save(path, tensors):
    """Writes f64 tensors."""
    header, parts, end = {}, [], 0
    for name, tensor in tensors.items():
        part = tensor.astype("<f8").tobytes()
        header[name] = {
            "dtype": "F64",
            "shape": tensor.shape,
            "data_offsets": [end, end + len(part)],
        }
        parts.append(part)
        end += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def max_norm(tensor, radius):
    """The exact projection of each unit's incoming weights."""
    tensor = tensor.astype(numpy.float64)
    over = tuple(range(tensor.ndim - 1))
    norm = numpy.sqrt(numpy.sum(tensor * tensor, axis=over, keepdims=True))
    factor = numpy.where(norm > radius, radius / numpy.where(norm > 0, norm, 1), 1.0)
    return tensor * factor


def main():
    taken = {n: t for n, t in load(HERE / "digits.safetensors").items() if n.endswith("kernel")}
    for name, tensor in taken.items():
        print(name, tensor.shape)
    save(HERE / "digits-max-norm-1.safetensors", {n: max_norm(t, 1.0) for n, t in taken.items()})


if __name__ == "__main__":
    main()
