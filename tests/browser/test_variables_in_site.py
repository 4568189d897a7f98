"""Variables as a user meets them: cells, reloads, bundles, a stranger's bundle."""

from __future__ import annotations

from lab import Lab
from next_cell_notebook import GOES_ON, WORK
from test_autosave import NUMBERS, failing, run, wait_for
from test_handshake import restart

START = """
import litestate.shell.pacing
litestate.shell.pacing.START = litestate.shell.pacing.MOST = 600.0
import litestate
litestate.autosave()
"""


def test_the_next_cell_works_after_a_reload(fresh_lab: Lab) -> None:
    lab = fresh_lab
    run(lab, START, WORK, "numbers.append(4)", "numbers[2].append(5); len(numbers)")
    # The start, and one for each cell that changed something.
    assert lab.value(NUMBERS) == [1, 2, 3, 4]
    (expected,) = run(lab, "print(random.random())")
    lab.check("random.seed(6)\nnumbers.append(6)")
    run(lab, "1")
    # One for the drawn number, one for this.
    wait_for(lab, "row.number == 6")

    lab.reload()
    (reported,) = run(lab, START)
    assert "Restored checkpoint 6 of" in reported
    assert "generator" in reported
    (drawn,) = run(lab, GOES_ON)
    assert drawn == expected
    assert lab.value("numbers") == [1, 2, [3, 5], 4, 6]
    assert lab.value("[cell.source for cell in litestate.history()][1:2]") == [WORK]

    run(lab, "numbers.clear(); extra = 1", "litestate.undo()")
    assert lab.value("same") == [1, 2, [3, 5], 4, 6]
    assert lab.value("'extra' in globals()") is False

    # A restart is meant to be clean.
    last = lab.value(NUMBERS)[-1]
    restart(lab)
    (reported,) = run(lab, START)
    assert f"restore({last})" in reported
    assert lab.value("'numbers' in globals()") is False
    run(lab, f"litestate.restore({last})", GOES_ON)


def test_forged_and_restricted(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(
        "import litestate, io, zipfile\nx = [1]\nf = lambda: 1\n"
        "litestate.save_state('/tmp/one')\nx = [2]\nlitestate.save_state('/tmp/two')"
    )
    lab.check(FORGE)
    message = failing(lab, "litestate.load_state('/tmp/forged.zip', trust=True)")
    assert "the signature does not fit" in message
    assert lab.value("x") == [2]


FORGE = """
from pathlib import Path
from litestate.bundle import Reader, Writer
# Another bundle's signature.
with open('/tmp/one.litestate.zip', 'rb') as one, open('/tmp/two.litestate.zip', 'rb') as two:
    signature, source = Reader(one).signature, Reader(two)
    with open('/tmp/forged.zip', 'wb') as file, Writer(file) as writer:
        for member in source.manifest.members:
            writer.add(member.name, member.kind, source.chunks(member), size=member.size,
                       mode=member.mode, mtime_ns=member.mtime_ns, details=member.details)
        writer.finish(source.manifest, lambda _: signature)
assert signature is not None
"""


def test_undo_of_clear_and_load(fresh_lab: Lab) -> None:
    lab = fresh_lab
    run(lab, START, "x = [1, 2]; y = x", "litestate.save_state('/tmp/b')", "x.append(3)")
    run(lab, "import litestate\nlitestate.clear_state()")
    assert lab.value("[name in globals() for name in ('x', 'y')]") == [False, False]
    run(lab, "import litestate\nlitestate.undo()")
    assert lab.value("[x, x is y]") == [[1, 2, 3], True]
    run(lab, "litestate.load_state('/tmp/b.litestate.zip')")
    assert lab.value("[x, x is y]") == [[1, 2], True]
    run(lab, "litestate.undo()")
    assert lab.value("[x, x is y]") == [[1, 2, 3], True]
