"""Trust: signatures of bundles, and the key file of plain Python."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from litestate import trust
from litestate.bundle.manifest import SIGNATURE_BYTES, Signature, read_signature
from litestate.errors import ForgedBundleError, NoKeyError, RestrictedError
from litestate.platform import IN_BROWSER
from litestate.storage.key_file import FileKey, key_path, load_key

MANIFEST = b'{"format": "litestate"}'

only_files = pytest.mark.skipif(IN_BROWSER, reason="the browser stores its key itself")
only_posix = pytest.mark.skipif(
    IN_BROWSER or sys.platform == "win32", reason="files have no permissions here"
)


def signed(manifest: bytes = MANIFEST) -> Signature:
    found = trust.Signer()(manifest)
    assert found
    return found


def test_a_bundle_signed_here_is_own() -> None:
    assert trust.judge(signed(), MANIFEST) == "own"
    assert signed() == signed()


def test_the_twins() -> None:
    async def both() -> tuple[Signature | None, trust.Verdict]:
        found = await trust.Signer(trust.AWAITED).sign(MANIFEST)
        return found, await trust.ajudge(found, MANIFEST)

    async def run() -> None:
        assert await both() == (signed(), "own")

    if IN_BROWSER:
        pytest.skip("the tests run inside of a call here; tests/browser awaits them")
    asyncio.run(run())


def test_a_bundle_without_a_signature_is_a_strangers() -> None:
    assert trust.judge(None, MANIFEST) == "stranger"


def test_a_bundle_signed_with_another_key_is_a_strangers() -> None:
    other = Signature("0" * 32, signed().hmac_sha256)
    assert trust.judge(other, MANIFEST) == "stranger"


def test_a_signature_that_does_not_match_is_forged() -> None:
    mine = signed()
    for changed, manifest in (
        (mine, MANIFEST + b" "),
        (mine, b""),
        (Signature(mine.key, "0" * 64), MANIFEST),
        (signed(b"of another bundle"), MANIFEST),
    ):
        with pytest.raises(ForgedBundleError, match=r"changed after it was saved\. Nothing was"):
            trust.judge(changed, manifest)


def test_judging_a_bundle_creates_no_key(key_folder: Path) -> None:
    assert trust.judge(Signature("0" * 32, "0" * 64), MANIFEST) == "stranger"
    assert not list(key_folder.iterdir())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"key": 1, "hmac_sha256": 2}',
        Signature("0" * 32, "f" * 64).to_json() + b" ",
        Signature("0" * 32, "F" * 64).to_json(),
        Signature("0" * 31, "f" * 64).to_json(),
        Signature("0" * 32, "f" * 63).to_json().replace(b"{", b"{ "),
        b'{"hmac_sha256": "' + b"f" * 64 + b'", "key": "' + b"0" * 32 + b'"}',
        b"\xff" * SIGNATURE_BYTES,
    ],
)
def test_other_forms_are_no_signatures(data: bytes) -> None:
    assert read_signature(data) is None


def test_the_form_of_a_signature() -> None:
    mine = signed()
    assert read_signature(mine.to_json()) == mine
    assert len(mine.to_json()) == SIGNATURE_BYTES


def test_a_restricted_kernel_trusts_no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    trust.check_allowed(trust=True)
    assert "trust=True" in trust.trust_advice()
    monkeypatch.setattr(trust, "RESTRICTED", True)
    trust.check_allowed(trust=False)
    assert "trust=True" not in trust.trust_advice()
    with pytest.raises(RestrictedError, match="LITESTATE_RESTRICT=1"):
        trust.check_allowed(trust=True)


@only_files
@pytest.mark.parametrize(("value", "restricted"), [("1", True), ("0", False), ("", False)])
def test_the_environment_restricts(value: str, restricted: bool) -> None:
    code = "from litestate import trust; print(trust.RESTRICTED)"
    environment = {**os.environ, "LITESTATE_RESTRICT": value}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout == f"{restricted}\n"


@only_files
def test_the_key_is_random_and_for_its_owner_only(
    key_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = signed()
    path = key_path()
    assert path.is_relative_to(key_folder)
    assert [each.name for each in path.parent.iterdir()] == ["key"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    found = re.fullmatch(r"litestate key 1\nid (.{32})\nsecret (.{64})\n", path.read_text())
    assert found and found[1] == mine.key
    secret = bytes.fromhex(found[2])
    assert hmac.new(secret, MANIFEST, hashlib.sha256).hexdigest() == mine.hmac_sha256
    # The name of its file must reveal nothing about it.
    assert mine.key not in (hashlib.sha256(secret).hexdigest()[:32], found[2][:32])
    path.unlink()
    assert signed().key != mine.key
    assert trust.judge(mine, MANIFEST) == "stranger"


@only_posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_read_proves_nothing(mode: int) -> None:
    mine = signed()
    key_path().chmod(mode)
    assert trust.judge(mine, MANIFEST) == "stranger"
    signer = trust.Signer()
    assert signer(MANIFEST) is None
    assert f"mode {mode:o}" in signer.note and "delete it" in signer.note
    assert "not signed" in signer.note and "trust=True" in signer.note
    key_path().chmod(0o600)
    assert trust.judge(mine, MANIFEST) == "own"


@only_files
@pytest.mark.parametrize("text", ["", "litestate key 2\n", "litestate key 1\nid x\nsecret y\n"])
def test_a_damaged_key(text: str) -> None:
    mine = signed()
    whole = key_path().read_text()
    for damaged in (text, whole[:-1], whole + "\n"):
        key_path().write_text(damaged)
        with pytest.raises(NoKeyError, match="damaged; delete it"):
            load_key(create=True)
        assert trust.Signer()(MANIFEST) is None
        assert trust.judge(mine, MANIFEST) == "stranger"


@only_files
def test_no_place_for_a_key(key_folder: Path) -> None:
    (key_folder / "litestate").write_text("in the way")
    (key_folder / "Library").write_text("in the way")
    signer = trust.Signer()
    assert signer(MANIFEST) is None
    assert "cannot be used" in signer.note


@only_files
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG is of other systems")
def test_a_relative_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("relative", ""):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        assert key_path() == tmp_path / ".local" / "share" / "litestate" / "key"


@only_files
def test_a_file_system_without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert trust.judge(signed(), MANIFEST) == "own"
    assert [each.name for each in key_path().parent.iterdir()] == ["key"]


@only_files
@pytest.mark.parametrize("has_links", [True, False])
def test_another_process_that_is_faster_wins(
    has_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*arguments: Any, **options: Any) -> tuple[int, str]:
        monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
        others.append(load_key(create=True))
        return mkstemp(*arguments, **options)

    def refuse(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    others: list[FileKey | None] = []
    mkstemp = tempfile.mkstemp
    monkeypatch.setattr(tempfile, "mkstemp", late)
    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    assert [load_key(create=True)] == others
    assert [each.name for each in key_path().parent.iterdir()] == ["key"]


@only_files
def test_processes_that_make_the_first_key_at_once_have_one() -> None:
    # Import first, so that the keys are made at the same time.
    code = "import litestate.storage.key_file as file; from litestate.trust import Signer; "
    code += "input(); print(Signer()(b'x').key)"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    keys = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert len(set(keys)) == 1 and len(keys[0]) == 32
    assert [each.name for each in key_path().parent.iterdir()] == ["key"]
