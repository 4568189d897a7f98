"""A folder on the drive behaves like one of MEMFS under random operations."""

from __future__ import annotations

import json
from pathlib import Path

from drive_page import settle
from lab import Lab

MODULES = ("drive_operations", "drive_workload")

SEEDS = range(24)
"""The first of them are the same in every run, so that a failure comes again."""

OPERATIONS = 80
"""In a sequence; after these, most names were made, renamed and deleted more than once."""

PREPARE = """
import json, os
os.mkdir("/drive/random")
os.mkdir("/tmp/random")
left = []
"""

RUN = """
print(await compare({seed}, {count}, "/drive/random", "/tmp/random", {left}))
"""


def test_the_drive_is_as_memory_is(shared_lab: Lab) -> None:
    lab = shared_lab
    _load(lab)
    lab.check(PREPARE)
    for seed in SEEDS:
        # In every third of them files stay open, as they do in a notebook.
        left = "left" if seed % 3 == 0 else "None"
        failure = lab.check(RUN.format(seed=seed, count=OPERATIONS, left=left)).strip()
        assert not failure, failure
    settle(lab)
    trees = {seed: lab.value(f"tree('/tmp/random/{seed}')") for seed in SEEDS}
    assert sum(map(len, trees.values())) > len(SEEDS), "too little is left to compare"

    lab.reload()
    _load(lab)
    for seed, expected in trees.items():
        lab.check("found = " + f"tree('/drive/random/{seed}')")
        found = lab.value("found")
        wrong = {
            name: (found.get(name), expected.get(name))
            for name in {**found, **expected}
            if found.get(name) != expected.get(name)
        }
        assert not wrong, f"seed {seed}, after the reload (drive, memory): {_shortened(wrong)}"


def _load(lab: Lab) -> None:
    lab.check("import sys\nfrom pathlib import Path\nsys.path.insert(0, '/tmp')")
    for name in MODULES:
        text = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        lab.check(f"Path('/tmp/{name}.py').write_text({text!r}, encoding='utf-8')")
    # An import statement would make the kernel look for it among Pyodide's packages.
    lab.check("__import__('drive_workload'); from sys import modules")
    lab.check("compare, tree = modules['drive_workload'].compare, modules['drive_workload'].tree")


def _shortened(wrong: dict[str, object]) -> str:
    return "\n".join(f"{name!r}: {json.dumps(pair)[:300]}" for name, pair in wrong.items())
