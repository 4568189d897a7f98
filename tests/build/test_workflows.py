from __future__ import annotations

from tools.paths import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"


def test_nothing_is_deployed_before_the_tests_have_passed() -> None:
    head, deploy = (WORKFLOWS / "deploy.yml").read_text().split("\n  deploy:\n")
    assert "\n  test:\n    uses: ./.github/workflows/test.yml\n" in head
    assert "    needs: test\n" in deploy
    test = (WORKFLOWS / "test.yml").read_text()
    assert "\n  workflow_call:\n" in test
    assert "run: python3 build.py test\n" in test
