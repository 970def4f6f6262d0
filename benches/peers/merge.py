"""Prints the results of `normproj bench --json` beside those of peers, as a table.

    python benches/peers/merge.py normproj.json [peers.json...] [--json merged.json]

Peers that ran in turn with normproj in one process (Burn) are compared with what it took there.
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


arguments, merged = sys.argv[1:], None
if "--json" in arguments:
    at = arguments.index("--json")
    merged = arguments[at + 1]
    del arguments[at : at + 2]
ours, *peers = (load(path) for path in arguments)
if not ours:
    sys.exit(f"{arguments[0]} holds no results")

# Of each case the time of each peer, and how many times as long as normproj.
times, names = {}, []
own = {(case["id"], case["violating"]): case["ms"] for case in reversed(ours["cases"])}
for found in peers:
    rows = found.get("peers", [])
    beside = {(row["id"], row["violating"]): row["ms"] for row in rows if row["peer"] == "normproj"}
    for row in rows:
        key, peer = (row["id"], row["violating"]), row["peer"]
        if peer == "normproj" or key not in own:
            continue
        if peer not in names:
            names.append(peer)
        times.setdefault(key, {})[peer] = (row["ms"], row["ms"] / beside.get(key, own[key]))

versions = {k: v for found in peers for k, v in found.items() if k != "peers"}
ceilings = ours["ceilings"]
print(f"{ours['adapter']}, {ours['driver']}, {ours['date']}; " + ", ".join(f"{k} {v}" for k, v in versions.items()))
print(f"Copy {ceilings['copy_gbps']:.0f} GB/s, read {ceilings['read_gbps']:.0f} GB/s. Peers in milliseconds, and")
print("in brackets how many times as long as normproj; apart: an update and a projection one after the other.")
print()
print("| case | outside | ms | of ceiling | of a copy or read | apart | " + " | ".join(names) + " |")
print("|---|---|---|---|---|---|" + "---|" * len(names))
seen = set()
for case in ours["cases"]:
    key = (case["id"], case["violating"])
    if key in seen:
        continue  # What follows the planner's choice are other schedules.
    seen.add(key)
    found = [times.get(key, {}).get(name) for name in names]
    cells = [f"{one[0]:.4g} ({one[1]:.2f})" if one else "" for one in found]
    apart = f"{case['apart']['ms']:.4g} ({case['apart']['times']:.2f})" if case.get("apart") else ""
    copy = f"{case['copy_ms'] / case['ms']:.2f}" if case["copy_ms"] else ""
    print(
        f"| {case['id']} | {100 * case['violating']:g}% | {case['ms']:.4f} | {case['fraction']:.2f} | {copy} | {apart} | "
        + " | ".join(cells)
        + " |"
    )
if merged:
    json.dump({"normproj": ours, "peers": peers}, open(merged, "w"))
