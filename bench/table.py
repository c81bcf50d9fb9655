"""The table of `make bench`: runs every benchmark, then writes bench/RESULTS.md from the results.

The result of each benchmark is saved to a file in .cache/bench/results, with date, machine and versions, so that a
single one can be run again. The table is always written from these files.

With --quick every file of this folder runs once at a tiny size, in a process of its own, and nothing is written.

Run: bench/table.py [names of measurements] [--repeats 5] [--write-only] [--quick]
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib
import json
import os
import subprocess
import sys

from harness import ROOT, SCRATCH, Row, machine, show, versions

MEASUREMENTS = ("train_step", "pretrain_step", "predict_fixed", "epoch", "predict_r", "frozen", "r_over_python",
                "memory", "fits", "startup", "accuracy", "scale", "families")
OTHERS = ("kernels", "tokenization", "pretrain_data", "korean")  # print their figures, which README.md has
RESULTS = SCRATCH / "results"


def main() -> None:
    """Run the requested benchmarks, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=", ".join(MEASUREMENTS))
    parser.add_argument("--repeats", type=int, default=5, help="interleaved runs, of which the median counts")
    parser.add_argument("--write-only", action="store_true", help="make the table from what was measured before")
    parser.add_argument("--quick", action="store_true", help="only see that every file runs, at tiny sizes")
    options = parser.parse_args()
    known = MEASUREMENTS + OTHERS if options.quick else MEASUREMENTS
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if options.quick:
        sys.exit(quick(options.names or known))
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in [] if options.write_only else options.names or MEASUREMENTS:
        print(f"== {name}", flush=True)
        facts = {"date": datetime.date.today().isoformat(), "machine": machine(), "versions": versions(),
                 "repeats": options.repeats}
        rows = importlib.import_module(name).measure(options.repeats)
        show(rows)
        content = {**facts, "rows": [dataclasses.asdict(row) for row in rows]}
        (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    text = table()
    (ROOT / "bench" / "RESULTS.md").write_text(text, "utf-8")
    print(f"\n{text}\nbench/RESULTS.md written: {sys.executable} {' '.join(sys.argv)}")


def quick(names: tuple[str, ...]) -> int:
    """Run files at tiny sizes; returns 1 if one failed."""
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-W", "ignore", ROOT / "bench" / f"{name}.py", "1"], check=False,
                              cwd=ROOT, env={**os.environ, "BERTFIT_BENCH_QUICK": "1"})
        if done.returncode != 0:
            failed.append(name)
    print(f"Failed: {', '.join(failed)}" if failed else f"All {len(names)} run; the figures above mean nothing.")
    return int(bool(failed))


def table() -> str:
    """The results as Markdown."""
    lines = [
        "# Results of `make bench`", "",
        "Made by bench/table.py from what the measurements wrote; no number here was typed. Each row is described in "
        "the file named with it. Both sides of a row ran in one run, in turns, in processes of their own; medians.", "",
        "| measurement | work | against | wanted | measured | |", "| --- | --- | --- | ---: | ---: | --- |",
    ]
    details, facts, short = [], {}, []
    for name in MEASUREMENTS:
        path = RESULTS / f"{name}.json"
        if not path.is_file():
            lines.append(f"| {name} | not measured | | | | |")
            continue
        found = json.loads(path.read_text("utf-8"))
        facts.setdefault((found["date"], found["machine"].rsplit(", load", 1)[0], found["versions"]), []).append(
            f"{name} ({found['repeats']} repeats, {found['machine'].rsplit(', ', 1)[-1]} before it)")
        for row in (Row(**row) for row in found["rows"]):
            unit = {"x": " x"}.get(row.unit, f" {row.unit}")
            lines.append(f"| {name} | {row.work} | {row.peer} | {'<=' if row.at_most else '>='} {row.target:g}{unit} | "
                         f"{row.measured:.3g}{unit} | {'met' if row.passed else '**missed**'} |")
            if row.detail:
                details.append(f"- {row.work} | {row.peer}: {row.detail}.")
            if not row.passed:
                tried = getattr(importlib.import_module(name), "TRIED", {})
                short.append(f"- {row.work} | {row.peer}: {tried.get(row.work, 'nothing was tried yet.')}")
    lines += ["", "## Figures behind the ratios", "", *details]
    if short:
        lines += ["", "## Rows that fall short", "", *short]
    lines += ["", "## On a GPU", "", "Not measured.", "", "## Machine and versions", ""]
    for (date, where, which), names in facts.items():
        lines += [f"{date}, {where}; {which}: {', '.join(names)}.", ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    main()
