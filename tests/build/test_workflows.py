from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tools.paths import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in WORKFLOWS.iterdir())


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))["jobs"]
    return found


def steps(job: dict[str, Any], key: str) -> list[str]:
    return [step[key] for step in job.get("steps", []) if key in step]


def test_nothing_is_deployed_before_the_tests_have_passed() -> None:
    deploy = jobs("deploy.yml")
    assert deploy["test"]["uses"] == "./.github/workflows/test.yml"
    assert deploy["deploy"]["needs"] == "test"
    test = (WORKFLOWS / "test.yml").read_text()
    assert "\n  workflow_call:\n" in test
    assert "python3 build.py test" in steps(jobs("test.yml")["test"], "run")


def test_nothing_is_published_before_tag_tests_and_build() -> None:
    release = jobs("release.yml")
    order = ["tag", "test", "build", "publish", "announce"]
    assert list(release) == order
    assert [release[job]["needs"] for job in order[1:]] == order[:-1]
    assert release["test"]["uses"] == "./.github/workflows/test.yml"
    assert 'python3 -m tools.release "$GITHUB_REF_NAME" > notes.md' in steps(release["tag"], "run")
    build = steps(release["build"], "run")
    assert build[0] == "python3 build.py build"
    assert "python3 build.py test $tests" in build[1]
    for test in re.findall(r"tests/build/\w+\.py", build[1]):
        assert (ROOT / test).is_file()


def test_what_publishes_runs_no_code_of_the_repository() -> None:
    publish = jobs("release.yml")["publish"]
    assert publish["environment"] == "pypi"
    assert publish["permissions"] == {"id-token": "write"}
    assert steps(publish, "run") == []
    used = [action.partition("@")[0] for action in steps(publish, "uses")]
    assert used == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_may_only_read_and_ends(name: str) -> None:
    workflow = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 60
        # What a tag or a title says would become a part of the command.
        assert not [run for run in steps(job, "run") if "${{" in run]


def test_all_workflows_use_the_same_version_of_an_action() -> None:
    used = {
        action for name in NAMES for job in jobs(name).values() for action in steps(job, "uses")
    }
    versions = dict(action.split("@") for action in sorted(used))
    assert {f"{action}@{version}" for action, version in versions.items()} == used
    assert all(re.fullmatch(r"v\d+|release/v\d+", version) for version in versions.values())
