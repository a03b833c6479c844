#!/usr/bin/env python3
"""Converts the output of runner.c into tables (stdout and performance.md) and a chart (performance.svg).

Usage: report.py WORK FOLDER. Ratios are taken within each round, or within the rounds around a run of
update-ca-certificates, and their median is shown: a temporary load on the machine affects both sides of a
ratio.
"""

import collections
import math
import os
import pathlib
import platform
import re
import statistics
import sys

LABELS = {
    "none": "no entrypoint",
    "trampoline": "static C, only execs",
    "no-ca": "trust-init, no CA mounted",
    "tini": "tini",
    "sh": "sh, only execs",
    "restart": "trust-init, restart",
    "first": "trust-init, first start",
    "sh-cat": "sh + cat",
    "trust": "sh + trust extract",
    "update": "update-ca-certificates",
}
OURS = ("no-ca", "restart", "first")

STAGES = {
    "trampoline": "static C, only execs",
    "no-ca": "Rust's start, a search for CAs, and exec",
    "ca-alone": "the CA is read and checked, existing files are compared",
    "roots": "the roots are read and checked, the bundle is compared",
    "restart": "a search for a JVM",
    "first": "no file exists: the files are written",
}

PROJECT = {
    "config": "`docker compose config` alone",
    "docker": "all docker commands of setup",
    "setup": "**setup**",
    "alone": "**setup, no docker command**",
}

JAVA = {
    "off": "trust-init --java off, first start",
    "on": "**trust-init, first start**",
    "keytool": "one `keytool -importcert`",
}

PAGE = """\
# What the entrypoint costs

![Start of a container by entrypoint, in milliseconds](performance.svg)

The times are those of whole processes, from spawn to the end of a service that does nothing (a static `true`), so
they are the cost of the entrypoint. `./scripts/bench.sh` writes this page; run it for the numbers of your machine.

- machine: {machine}
- trust: {roots} public roots of the ca-certificates package, and one private CA
- runs: {rounds} rounds of all entrypoints in turn, `update-ca-certificates` in every tenth, after warm-ups

{entrypoints}

- *no entrypoint* is the service alone; *only execs* is the minimal cost of any entrypoint.
- `tini` starts the service as its child, and does not change trust; `trust extract` (p11-kit) writes the
  bundle from the system's own anchors.
- `sh + cat` writes the roots and the CA into one file, checks nothing, and exports the variables;
  `sh` is {shell} here.
- `update-ca-certificates` runs as in a fresh container, without its hooks: with the hook for Java it takes about
  twice as long.
- *first start* writes the bundle; *restart* finds it, compares it, and writes nothing; with *no CA
  mounted* trust-init only starts the service.
- Ratios are medians of the ratios within each round. Peak memory is the largest process's.

| aim | measured |
|---|---|
| at most 1.5 × the static C that only execs | {first} × on the first start, {restart} × on a restart |
| at least 300 × faster than `update-ca-certificates` | {faster} × on the first start, {faster_restart} × on a restart |
| at most 3 MiB of memory at its peak | {peak} MiB |
| at most 60 system calls | {calls} on the first start, {calls_restart} on a restart, {calls_runtime} of them before `main` |
| at most 1.65 MB on the disk | {size} MB |

The calls before `main` belong to the C library and Rust: the relocations of a static program, the guard of its stack,
handlers for its overflow. Only `unsafe` code could avoid them, and trust-init has none. Of the other calls all but
eight read, check or create something, so the limit of 60 cannot be reached with all checks. Nor can 1.5 ×: reading
and checking the roots takes more, as the table below shows.

## Where the time goes

Each line adds one step to the lines above it:

{stages}

Instructions and system calls are counted in an otherwise empty root directory (tests/bench/counts.sh), from the
program's first to the service's. `./scripts/test.sh counts` compares them with tests/bench/counts.txt: they do not
depend on the load of the machine. trust-init searches for a JVM along PATH and in the usual directories of images, so
the cost of that step depends on the image.

## Many certificates

`trust-init --prepare` with a folder of certificates, one in each file, and no public roots:

{many}

| aim | measured |
|---|---|
| at most 150 ms for 10,000 | {many_most} ms |

## Java

A key store of the JVM's own roots and the CA, in an image with a JVM: by trust-init at a first start,
compared with one call of keytool.

{java}

## A project of 1,000 services

`trust-compose setup --dry-run`, {project_rounds} rounds of all entries in turn:

{project}

{share}

## How it is measured

The commands run in their own mount namespace, so that the machine is not changed and does not affect the results: the
roots come from the package, the machine's own CAs are ignored, and `/run`, `/etc/ssl/certs` and
`/usr/local/share/ca-certificates` are empty file systems in memory. A small static program
(tests/bench/runner.c) spawns every command with an environment that contains only PATH, and reads the
peak memory from wait4(2). After every run the files that the entrypoint must create are checked.
"""


def main(work, folder):
    work, folder = pathlib.Path(work), pathlib.Path(folder)
    roots = work.joinpath("roots").read_text().strip()
    costs = read(work / "entrypoints")
    counts = {name: (int(own), int(calls)) for name, own, calls in map(str.split, open(work / "counts"))}
    many = read(work / "many")
    entries = {
        name: {
            "median": statistics.median(cost.ms for cost in costs[name].values()),
            "min": min(cost.ms for cost in costs[name].values()),
            "trampoline": ratio(costs[name], costs["trampoline"]),
            "faster": faster(costs[name], costs["update"]),
            "peak": peak(costs[name]),
        }
        for name in LABELS
    }
    page = PAGE.format(
        machine=machine(),
        shell=os.path.basename(os.path.realpath("/bin/sh")),
        roots=roots,
        rounds=len(costs["none"]),
        entrypoints=table(
            ("entrypoint", "median ms", "min ms", "× static C", "update-ca-certificates takes", "peak MiB"),
            [
                (
                    f"**{label}**" if name in OURS else label,
                    number(entries[name]["median"]),
                    number(entries[name]["min"]),
                    number(entries[name]["trampoline"]),
                    number(entries[name]["faster"]) + " ×",
                    f"{entries[name]['peak']:.1f}",
                )
                for name, label in LABELS.items()
            ],
        ),
        first=number(entries["first"]["trampoline"]),
        restart=number(entries["restart"]["trampoline"]),
        faster=number(entries["first"]["faster"]),
        faster_restart=number(entries["restart"]["faster"]),
        peak=f"{max(entries[name]['peak'] for name in OURS):.1f}",
        size=f"{work.joinpath('trust-init').stat().st_size / 1e6:.2f}",
        stages=stages(read(work / "stages"), counts),
        calls=counts["first"][1],
        calls_restart=counts["restart"][1],
        calls_runtime=counts["runtime"][1],
        many_most=number(statistics.median(cost.ms for cost in many["10000"].values())),
        many=growth(many),
        java=stores(work / "java"),
        **beside(read(work / "project")),
    )
    folder.mkdir(exist_ok=True)
    folder.joinpath("performance.md").write_text(page)
    folder.joinpath("performance.svg").write_text(chart(entries, roots))
    print(page[page.index("- machine") : page.index("## How")], end="")
    print(f"bench.sh: wrote {folder}/performance.md and {folder}/performance.svg")


Cost = collections.namedtuple("Cost", "ms kib")


def read(path):
    """Returns the cost of each entry, by round."""
    costs = collections.defaultdict(dict)
    for line in path.read_text().splitlines():
        name, turn, nanoseconds, kib = line.split("\t")
        costs[name][int(turn)] = Cost(int(nanoseconds) / 1e6, int(kib))
    return costs


def ratio(one, other):
    return statistics.median(one[turn].ms / other[turn].ms for turn in one)


def faster(one, slow):
    """Returns the ratio of `slow`, which does not run in every round, to `one`."""
    starts = sorted(slow)
    ratios = []
    for start, end in zip(starts, [*starts[1:], float("inf")]):
        around = statistics.median(one[turn].ms for turn in one if start <= turn < end)
        ratios.append(slow[start].ms / around)
    return statistics.median(ratios)


def peak(costs):
    return max(cost.kib for cost in costs.values()) / 1024


def number(value):
    """Formats three digits, or all digits before the point."""
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def stages(costs, counts):
    """Returns the table of the steps of a start, each with its additional cost."""
    rows, before = [], None
    for name, label in STAGES.items():
        median = statistics.median(cost.ms for cost in costs[name].values())
        more = before and statistics.median(costs[name][turn].ms - costs[before][turn].ms for turn in costs[name])
        instructions, calls = counts.get(name, ("", ""))
        rows.append((
            label,
            number(median),
            f"{more:+.2f}" if before else "",
            number(ratio(costs[name], costs["trampoline"])),
            f"{instructions:,}" if instructions else "",
            str(calls),
        ))
        before = name
    return table(("what is done", "median ms", "more", "× static C", "instructions", "system calls"), rows)


def growth(costs):
    alone = costs.pop("none")
    rows = []
    for count, found in costs.items():
        median = statistics.median(cost.ms for cost in found.values())
        # The start of a process is not part of a certificate's cost.
        own = statistics.median(found[turn].ms - alone[turn].ms for turn in found)
        rows.append((f"{int(count):,}", number(median), number(1000 * own / int(count)), f"{peak(found):.1f}"))
    return table(("certificates", "median ms", "µs for each", "peak MiB"), rows)


def stores(path):
    """Returns the table of the cost of a key store."""
    if not path.exists():
        return "Not measured: keytool is not installed."
    costs = read(path)
    rows = [
        (
            label,
            number(statistics.median(cost.ms for cost in costs[name].values())),
            number(faster(costs[name], costs["keytool"])) + " ×",
            f"{peak(costs[name]):.1f}",
        )
        for name, label in JAVA.items()
    ]
    own = statistics.median(costs["on"][turn].ms - costs["off"][turn].ms for turn in costs["on"])
    return (
        table(("entry", "median ms", "keytool takes", "peak MiB"), rows)
        + f"\n\n| aim | measured |\n|---|---|\n| at most 10 ms for the key store | {number(own)} ms |"
    )


def beside(costs):
    """Returns the times of setup, and its own time without docker's."""
    rows = [
        (label, number(statistics.median(cost.ms for cost in costs[name].values())), f"{peak(costs[name]):.1f}")
        for name, label in PROJECT.items()
        if name in costs
    ]
    if "docker" in costs:
        own = statistics.median(costs["setup"][turn].ms - costs["docker"][turn].ms for turn in costs["setup"])
        measured = f"{number(max(own, 0))} ms"
    else:
        measured = "not measured: `docker compose` is not installed"
    return {
        "project": table(("entry", "median ms", "peak MiB"), rows),
        "project_rounds": len(costs["alone"]),
        "share": f"| aim | measured |\n|---|---|\n| at most 100 ms in addition to docker's own time | {measured} |",
    }


def table(head, rows):
    """Returns a Markdown table that is also aligned in a terminal."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]

    def line(cells):
        cells = [cell.rjust(width) for cell, width in zip(cells, widths)]
        return f"| {' | '.join([cells[0].strip().ljust(widths[0]), *cells[1:]])} |"

    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([line(head), f"|{rule}|", *map(line, rows)])


def machine():
    cpu = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    system = re.search(r'^PRETTY_NAME="?([^"\n]*)', pathlib.Path("/etc/os-release").read_text(), re.M)
    cores = len(os.sched_getaffinity(0))
    return ", ".join([
        cpu[1] if cpu else platform.machine(),
        f"{cores} core{'s' * (cores > 1)}",
        "Linux " + ".".join(platform.release().split(".")[:2]),
        system[1] if system else "unknown distribution",
    ])


# The card has its own background: an image follows the color scheme of the reader's system, but the
# page around it may not, and text without a background could become invisible.
STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.soft { font-size: 12px; fill: #59636e }
.ours { font-weight: 600 }
.card { fill: #ffffff; stroke: #d1d9e0 }
.grid { stroke: #d1d9e0 }
.value { paint-order: stroke; stroke: #ffffff; stroke-width: 5px }
.bar { fill: #afb8c1 }
.bar.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .soft { fill: #9198a1 }
  .card { fill: #0d1117; stroke: #3d444d }
  .grid { stroke: #3d444d }
  .value { stroke: #0d1117 }
  .bar { fill: #656c76 }
  .bar.ours { fill: #4493f8 }
}
"""
WIDTH, LEFT, RIGHT, TOP, STEP, BAR = 800, 220, 660, 96, 32, 18


def chart(entries, roots):
    medians = [entry["median"] for entry in entries.values()]
    low = math.floor(math.log10(min(medians)))
    high = math.ceil(math.log10(max(medians)))
    bottom = TOP + STEP * len(LABELS)
    height = bottom + 40

    def x(ms):
        return LEFT + (RIGHT - LEFT) * (math.log10(ms) - low) / (high - low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">',
        "<title>Start of a container by entrypoint, in milliseconds</title>",
        f"<style>\n{STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        '<text class="title" x="20" y="32">From start to a running service, by entrypoint</text>',
        f'<text class="soft" x="20" y="54">{roots} public roots and one private CA; the service does nothing; '
        "median of whole processes, logarithmic scale</text>",
        '<text class="soft" x="20" y="73">× is compared with the static C program that only execs</text>',
    ]
    for power in range(low, high + 1):
        at = f"{x(10.0**power):.1f}"
        out.append(f'<line class="grid" x1="{at}" y1="{TOP}" x2="{at}" y2="{bottom + 4}"/>')
        tick = f"{10.0**power:g} ms"
        out.append(f'<text class="soft" x="{at}" y="{bottom + 22}" text-anchor="middle">{tick}</text>')
    for row, (name, label) in enumerate(LABELS.items()):
        entry, y = entries[name], TOP + STEP * row + (STEP - BAR) // 2
        ours = " ours" if name in OURS else ""
        end = x(entry["median"])
        value = f"{number(entry['median'])} ms"
        out += [
            f'<text class="label{ours}" x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{label}</text>',
            f'<rect class="bar{ours}" x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR}" rx="2"/>',
            f'<text class="value{ours}" x="{end + 8:.1f}" y="{y + 14}">{value}'
            f'<tspan class="soft" dx="8">{number(entry["trampoline"])} ×</tspan></text>',
        ]
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    main(*sys.argv[1:])
