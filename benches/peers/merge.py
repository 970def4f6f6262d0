"""Prints the results of `normproj bench --json` beside those of the peers, as a table.

    python benches/peers/merge.py normproj.json peers.json
"""

import json
import os
import sys


def load(path):
    """The last line that is JSON; nothing if there was no run or it was cut short."""
    if not os.path.exists(path):
        return {}
    lines = [line for line in open(path) if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


ours, peers = (load(path) for path in sys.argv[1:3])
if not ours:
    sys.exit(f"{sys.argv[1]} holds no results")
ceilings = ours["ceilings"]
print(f"{ours['adapter']}, {ours['driver']}, {ours['date']}; torch {peers.get('torch')}, Triton {peers.get('triton')}.")
print(f"Copy {ceilings['copy_gbps']:.0f} GB/s, read {ceilings['read_gbps']:.0f} GB/s.")
print()
times = {}
for row in peers.get("peers", []):
    times.setdefault((row["id"], row["violating"]), {})[row["peer"]] = row["ms"]
names = ["torch_renorm", "keras_eager", "keras_compiled", "triton", "torch_clip_grad_norm"]
print("| case | outside | ms | of ceiling | of copy | " + " | ".join(names) + " |")
print("|---|---|---|---|---|" + "---|" * len(names))
seen = set()
for case in ours["cases"]:
    key = (case["id"], case["violating"])
    if key in seen:
        continue  # What follows the planner's choice are other schedules.
    seen.add(key)
    ratios = [times.get(key, {}).get(name) for name in names]
    cells = [f"{ms / case['ms']:.2f}×" if ms else "" for ms in ratios]
    copy = f"{case['copy_ms'] / case['ms']:.2f}" if case["copy_ms"] else ""
    print(
        f"| {case['id']} | {100 * case['violating']:g}% | {case['ms']:.4f} | {case['fraction']:.2f} | {copy} | "
        + " | ".join(cells)
        + " |"
    )
