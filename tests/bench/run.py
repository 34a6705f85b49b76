"""Runs the benchmarks: ``python tests/bench/run.py [--rounds N] [--json FILE] [NAME...]``, idle towns last.

Exit status 1 when a goal is missed; what cannot run yet is said and skipped.
"""

import argparse
import compileall
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import benchmarks  # noqa: F401  (registers them)
import faces  # noqa: F401
import far  # noqa: F401
import fed
import feed  # noqa: F401
import lists  # noqa: F401
import mayor  # noqa: F401
import snapshots  # noqa: F401
import spine  # noqa: F401
import supervision  # noqa: F401
import talk  # noqa: F401
import verbs  # noqa: F401
from harness import BENCHMARKS, CannotRunError, Measured, measure
from idle import NAME, measure_idle
from merge_queue import measure_queue
from scale import measure_scale, sizes_as_words

import gastown_tmux

#: That an idle town is looked at for the table of towns: one round of snapshots is in it.
SCALE_SECONDS = 120.0


def main() -> int:
    parser = argparse.ArgumentParser(description="How long things take, beside the least they could.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only those whose name holds one of these")
    parser.add_argument("--rounds", type=int, default=20, help="measured calls of each (20)")
    parser.add_argument("--agents", type=int, nargs="+", default=[30, 300], help="in idle towns (30 and 300)")
    parser.add_argument("--seconds", type=float, default=300, help="that an idle town is looked at (300)")
    parser.add_argument("--fed", type=int, nargs=2, default=[30, 300], help="agents, and beads for them (30 300)")
    parser.add_argument("--scale", action="store_true", help="only what small and large towns cost")
    parser.add_argument("--queue", action="store_true", help="only the merge queue, at thirty and a hundred requests")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save what was measured")
    options = parser.parse_args()
    # Else what changed since the environment was made is compiled at every call, where Python may not keep it.
    compileall.compile_dir(Path(gastown_tmux.__path__[0]), quiet=1)
    machine = describe_machine()
    print(machine)
    if options.scale:
        print(sizes_as_words(), *measure_scale(), "", sep="\n")
        for agents, waiting in ((30, 0), (100, 0), (300, 0), (30, 3000)):
            print(*measure_idle(agents, min(options.seconds, SCALE_SECONDS), waiting), sep="\n", flush=True)
        return 0
    if options.queue:
        for line in measure_queue():
            print(line, flush=True)
        return 0
    print(f"{'milliseconds':35} {'floor':>7} {'(min)':>7} {'median':>7} {'(min)':>7} {'p99':>7} {'ratio':>6}  goal")
    results = []
    for bench in BENCHMARKS:
        if options.names and not any(name in bench.name for name in options.names):
            continue
        try:
            row = measure(bench, options.rounds)
        except (CannotRunError, FileNotFoundError) as error:
            print(f"{bench.name:35} cannot run: {error}")
            continue
        results.append(row)
        print(show(row))
    idle = []
    if not options.names or any(name in NAME for name in options.names):
        for agents in options.agents:
            idle += measure_idle(agents, options.seconds)
        print("\n".join(map(str, idle)))
    if not options.names or any(name in fed.NAME for name in options.names):
        idle.append(found := fed.measure_fed(*options.fed))
        print(found)
    if options.json:
        document = {
            "machine": machine,
            "items": [asdict(row) for row in results],
            "idle": [asdict(row) for row in idle],
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 1 if any(row.met is False for row in (*results, *idle)) else 0


def show(row: Measured) -> str:
    line = f"{row.name:35} {row.floor_median:7.2f} {row.floor_min:7.2f}"
    if row.median is None:
        return line
    line += f" {row.median:7.2f} {row.min:7.2f} {row.p99:7.2f} {row.ratio:6.2f}"
    return line if row.goal is None else f"{line}  {row.goal}: {'met' if row.met else 'missed'}"


def describe_machine() -> str:
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{platform.platform()}, {os.cpu_count()} cores, {python}, load {load}"


if __name__ == "__main__":
    sys.exit(main())
