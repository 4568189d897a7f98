"""Program of test_what_is_saved.py that loads what another process has saved."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path


def main(captured: Path) -> None:
    """Print the differences of restored objects, by title."""
    from saved_groups import GROUPS
    from saved_kernels import compared, restore_all

    different = {}
    for number, saved in pickle.loads(captured.read_bytes()).items():
        notebook, _, _ = restore_all(saved, trusted=True)
        cases = [case for case in GROUPS[number].cases if not case.missing]
        for index, case in enumerate(cases):
            if f"x_{index}" in notebook.names:
                difference = compared(case, f"x_{index}", notebook)
                if difference:
                    different[case.title] = difference
    print(json.dumps(different))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
