"""The browsers that the operating system has, and those that are installed for the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import system


def program(folder: Path, name: str, script: str) -> Path:
    """Write a program."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found; it has none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LITESTATE_FIREFOX", raising=False)
    return tmp_path


def test_firefox_esr_or_the_one_that_is_named(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(empty_path, "firefox", "")
    assert system.firefox() is None
    esr = program(empty_path, "firefox-esr", "")
    assert system.firefox() == esr
    own = program(empty_path, "own", "")
    monkeypatch.setenv("LITESTATE_FIREFOX", str(own))
    assert system.firefox() == own


def test_webkit_needs_python_and_an_x_server(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The names of what is imported are those of the driver.
    yes = program(empty_path, "yes", 'case "$2" in *WebKit2*4.1*) exit 0;; esac; exit 1')
    monkeypatch.setattr(system, "SYSTEM_PYTHON", yes)
    assert not system.has_webkit()
    program(empty_path, "Xvfb", "")
    assert system.has_webkit()
    monkeypatch.setattr(system, "SYSTEM_PYTHON", program(empty_path, "no", "exit 1"))
    assert not system.has_webkit()


def test_where_nothing_may_be_installed_a_line_says_what_is_skipped(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "can_apt_install", lambda: False)
    system.install_engines()
    firefox, webkit = capsys.readouterr().err.splitlines()
    assert "the tests in Firefox ESR are skipped: it is not installed: on Debian" in firefox
    assert "apt-get install firefox-esr" in firefox
    assert "the tests in WebKitGTK are skipped" in webkit
    assert "gir1.2-webkit2-4.1" in webkit


def test_a_failed_installation_stops_nothing(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on Ubuntu, which has no package of that name."""
    program(empty_path, "apt-get", "echo 'E: Unable to locate package firefox-esr'; exit 100")
    monkeypatch.setattr(system, "can_apt_install", lambda: True)
    system.install_engines()
    told = capsys.readouterr().err
    assert "E: Unable to locate package firefox-esr" in told
    assert "the tests in WebKitGTK are skipped: it cannot be installed" in told


def test_what_is_missing_is_installed(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = empty_path / "log"
    program(empty_path, "apt-get", f'echo "$@" >> {log}')
    program(empty_path, "firefox-esr", "")
    monkeypatch.setattr(system, "can_apt_install", lambda: True)
    system.install_engines()
    update, install = log.read_text().splitlines()
    assert update.startswith("update")
    assert install.endswith("xvfb python3-gi python3-gi-cairo gir1.2-webkit2-4.1")
    assert capsys.readouterr().err == ""
