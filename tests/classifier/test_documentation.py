"""The programs in the documentation run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "scikit-learn.md"


@pytest.mark.slow
def test_the_programs_run(tmp_path, monkeypatch, capsys):
    program = "\n".join(re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL))
    for written, shorter in (
        ("from sklearn.datasets import fetch_openml", "from tests.classifier.conftest import fetch_openml"),
        ("minutes=1", "epochs=1"),
    ):
        assert written in program
        program = program.replace(written, shorter)
    monkeypatch.chdir(tmp_path)
    exec(compile(program, str(DOCUMENT), "exec"), {})
    assert capsys.readouterr().out.strip().endswith("True")
    assert (tmp_path / "models" / "mine" / "model.json").is_file()
