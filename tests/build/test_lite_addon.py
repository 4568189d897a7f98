"""The addon of `jupyter lite`, run by the real `jupyter lite` on a small site."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from jupyterlite_core.manager import LiteManager
from jupyterlite_pyodide_kernel.addons.piplite import write_wheel_index
from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL
from litestate.lite_addon import LitestateAddon

from tools.paths import EXTENSION

KERNEL = "@jupyterlite/pyodide-kernel-extension"
PACKAGES = Path(sysconfig.get_path("purelib"))
INSTALLED = Path(sys.prefix, "share", "jupyter", "labextensions")
START = "from jupyterlite_core.app import main; main()"


@pytest.fixture(scope="module")
def labextensions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with litestate's labextension, but without the part for the page."""
    spec = importlib.util.spec_from_file_location("hatch_build", EXTENSION / "hatch_build.py")
    assert spec and spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    folder = tmp_path_factory.mktemp("labextensions")
    static = folder / "litestate" / "static"
    (static / "pypi").mkdir(parents=True)
    build.build_kernel_wheel(EXTENSION, static / "pypi")
    write_wheel_index(static / "pypi")
    build.copy_modules(EXTENSION / "kernel", static / "kernel", static / "pypi")
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    package["jupyterlab"]["_build"] = {"load": "static/remoteEntry.js", "extension": "./extension"}
    (folder / "litestate" / "package.json").write_text(json.dumps(package), encoding="utf-8")
    return folder


class Site:
    """A folder that `jupyter lite` reads, and the site that it builds from it."""

    def __init__(
        self, folder: Path, labextensions: list[Path], config: dict[str, Any], **more: object
    ) -> None:
        self.folder, self.output = folder / "lite", folder / "site"
        self.packages: Path | None = None
        self.folder.mkdir()
        extra = {"extra_labextensions_path": list(map(str, labextensions))}
        build = {"apps": ["repl"], "no_sourcemaps": True, **more}
        settings = {"LiteBuildConfig": build, "FederatedExtensionAddon": extra}
        self.write("jupyter_lite_config.json", settings)
        self.write("jupyter-lite.json", config)

    def write(self, name: str, document: dict[str, Any]) -> None:
        (self.folder / name).write_text(json.dumps(document), encoding="utf-8")

    def run(self, command: str) -> str:
        """Run `jupyter lite`, which must not fail; return what it printed."""
        python = [sys.executable] if self.packages is None else [sys.executable, "-S"]
        environment = dict(os.environ)
        if self.packages is not None:
            environment["PYTHONPATH"] = os.pathsep.join([str(self.packages), str(EXTENSION)])
        done = subprocess.run(
            [*python, "-c", START, command, "--output-dir", str(self.output)],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def settings(self) -> dict[str, Any]:
        document = json.loads((self.output / "jupyter-lite.json").read_text(encoding="utf-8"))
        settings: dict[str, Any] = document["jupyter-config-data"]["litePluginSettings"]
        return settings

    def default_url(self) -> str | None:
        url: str | None = self.settings().get("litestate:kernel", {}).get("defaultPyodideUrl")
        return url


def packages_without(folder: Path, *patterns: str) -> Path:
    """Return a folder like the one of installed packages, without some."""
    folder.mkdir()
    left_out = {path for pattern in patterns for path in PACKAGES.glob(pattern)}
    for path in PACKAGES.iterdir():
        # Not the editable litestate, which is a line in a .pth file.
        if path not in left_out and path.suffix != ".pth":
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, labextensions: Path) -> Site:
    """A built site; a test that changes it copies it."""
    site = Site(tmp_path_factory.mktemp("built"), [labextensions], {})
    site.run("build")
    return site


def test_a_built_site_has_the_setting_and_is_checked(built: Site) -> None:
    assert built.default_url() == f"{PYODIDE_CDN_URL}/pyodide.mjs"
    [index] = [
        url for url in built.settings()[f"{KERNEL}:kernel"]["pipliteUrls"] if "litestate/" in url
    ]
    assert index.startswith("./extensions/litestate/static/pypi/all.json")
    output = built.run("check")
    assert "check:litestate:files" in output
    assert "check:litestate:settings" in output


def test_status_names_the_versions(built: Site) -> None:
    output = built.run("status")
    version = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))["version"]
    assert f"     litestate: {version}\n" in output
    assert "     jupyterlite-core: 0.8." in output
    assert "was tested with" not in output


def test_a_second_build_keeps_everything(built: Site) -> None:
    before = (built.output / "jupyter-lite.json").read_bytes()
    built.run("build")
    assert (built.output / "jupyter-lite.json").read_bytes() == before


def damage(path: Path, how: str) -> None:
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\n")


@pytest.mark.parametrize(
    ("pattern", "how", "message"),
    [
        ("pypi/litestate-*.whl", "missing", "missing: install litestate again"),
        ("pypi/litestate-*.whl", "changed", "was changed: install litestate again"),
        ("pypi/all.json", "missing", "missing: install litestate again"),
        ("kernel/litestate.mjs", "missing", "missing: install litestate again"),
        ("kernel/wheels.mjs", "missing", "missing: install litestate again"),
        ("kernel/drive/mount.mjs", "missing", "missing: install litestate again"),
        ("kernel/drive/protocol.mjs", "missing", "missing: install litestate again"),
        ("kernel/drive/worker.mjs", "missing", "missing: install litestate again"),
    ],
)
def test_a_damaged_labextension_is_found(
    built: Site, tmp_path: Path, pattern: str, how: str, message: str
) -> None:
    output = tmp_path / "site"
    shutil.copytree(built.output / "extensions" / "litestate", output / "extensions" / "litestate")
    addon = LitestateAddon(LiteManager(output_dir=output))
    addon.check_files()
    [path] = output.glob(f"extensions/litestate/static/{pattern}")
    damage(path, how)
    with pytest.raises(AssertionError, match=f"{path.name} .*{message}"):
        addon.check_files()


def test_check_fails_with_the_message(labextensions: Path, tmp_path: Path) -> None:
    # A broken installation: what the site alone lacks, `check` would copy there again.
    broken = tmp_path / "labextensions"
    shutil.copytree(labextensions, broken)
    (broken / "litestate" / "static" / "kernel" / "drive" / "names.mjs").unlink()
    site = Site(tmp_path, [broken], {})
    site.run("build")
    with pytest.raises(AssertionError, match=r"names\.mjs is missing: install litestate again"):
        site.run("check")


def test_check_finds_a_missing_setting(built: Site, tmp_path: Path) -> None:
    config = json.loads((built.output / "jupyter-lite.json").read_text(encoding="utf-8"))
    del config["jupyter-config-data"]["litePluginSettings"]["litestate:kernel"]
    (tmp_path / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
    addon = LitestateAddon(LiteManager(output_dir=tmp_path))
    with pytest.raises(AssertionError, match="has no defaultPyodideUrl for litestate:kernel"):
        addon.check_settings()


def test_settings_of_a_site_are_kept(tmp_path: Path, labextensions: Path) -> None:
    kernel = {"pyodideUrl": "https://example.org/pyodide.mjs", "disablePyPIFallback": True}
    plugins = {f"{KERNEL}:kernel": kernel, "litestate:kernel": {"mine": 1}, "other": {"a": 2}}
    site = Site(tmp_path, [labextensions], {"jupyter-config-data": {"litePluginSettings": plugins}})
    site.run("build")
    found = site.settings()
    assert found[f"{KERNEL}:kernel"].items() >= kernel.items()
    assert found["litestate:kernel"] == {
        "mine": 1,
        "defaultPyodideUrl": f"{PYODIDE_CDN_URL}/pyodide.mjs",
    }
    assert found["other"] == {"a": 2}
    site.run("check")


def test_ignored_labextensions_are_reported(tmp_path: Path) -> None:
    others = tmp_path / "labextensions"
    shutil.copytree(INSTALLED / KERNEL, others / KERNEL)
    site = Site(tmp_path, [others], {}, ignore_sys_prefix=["federated_extensions"])
    output = site.run("build")
    assert "so notebooks of this site cannot import litestate. Are labextensions of this" in output
    site.run("check")


def test_a_site_without_the_pyodide_kernel(tmp_path: Path, labextensions: Path) -> None:
    site = Site(tmp_path, [labextensions], {})
    site.packages = packages_without(tmp_path / "packages", "jupyterlite_pyodide_kernel*")
    output = site.run("build")
    assert "WARNING | [lite] [litestate]" not in output
    document = json.loads((site.output / "jupyter-lite.json").read_text(encoding="utf-8"))
    assert "litestate:kernel" not in document["jupyter-config-data"].get("litePluginSettings", {})
    assert "jupyterlite-pyodide-kernel: not installed" in site.run("status")
    assert "check:litestate:files" in site.run("check")


def test_other_versions_are_a_warning_and_the_setting_follows_them(
    tmp_path: Path, labextensions: Path
) -> None:
    site = Site(tmp_path, [labextensions, INSTALLED], {})
    site.packages = packages_without(tmp_path / "packages")
    site.run("build")
    assert site.default_url() == f"{PYODIDE_CDN_URL}/pyodide.mjs"
    site.packages = packages_without(tmp_path / "updated", "jupyterlite_pyodide_kernel*")
    for path in PACKAGES.glob("jupyterlite_pyodide_kernel*"):
        shutil.copytree(path, site.packages / path.name)
    [metadata] = site.packages.glob("jupyterlite_pyodide_kernel-*.dist-info/METADATA")
    change(metadata, "\nVersion: 0.8.", "\nVersion: 0.99.")
    change(site.packages / "jupyterlite_pyodide_kernel" / "constants.py", "314.0.6", "999.0.0")
    output = site.run("build")
    assert "WARNING | [lite] [litestate] litestate 0." in output
    assert "was tested with jupyterlite-pyodide-kernel 0.8, and this is 0.99." in output
    assert site.default_url() == f"{PYODIDE_CDN_URL}/pyodide.mjs".replace("314.0.6", "999.0.0")
    assert "was tested with jupyterlite-pyodide-kernel 0.8" in site.run("status")
    site.run("check")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
