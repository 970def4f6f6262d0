"""Copies the cases of some operations, and the arrays that they use, out of the full set.

    python3 subset.py FULL_SET . keras_max_norm torch_renorm

FULL_SET is a directory with cases.json and arrays.safetensors. Needs the standard library only.
"""

import json
import pathlib
import struct
import sys


def read_arrays(path):
    """The arrays of a .safetensors file: name -> (entry of the header, bytes)."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    header.pop("__metadata__", None)
    return {
        name: (entry, body[slice(*entry["data_offsets"])]) for name, entry in header.items()
    }


def write_arrays(path, arrays):
    header, body = {}, b""
    for name, (entry, data) in sorted(arrays.items()):
        offsets = [len(body), len(body) + len(data)]
        header[name] = {**entry, "data_offsets": offsets}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def main(full, here, *operations):
    full, here = pathlib.Path(full), pathlib.Path(here)
    cases = json.loads((full / "cases.json").read_text())
    cases = [case for case in cases if case["op"] in operations]
    keys = ("inputs", "outputs", "outputs_f64peer")
    used = {array["tensor"] for case in cases for key in keys for array in case.get(key) or []}
    arrays = read_arrays(full / "arrays.safetensors")
    write_arrays(here / "arrays.safetensors", {name: arrays[name] for name in used})
    lines = ",\n".join(json.dumps(case) for case in cases)
    (here / "cases.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases, {len(used)} arrays")


if __name__ == "__main__":
    main(*sys.argv[1:])
