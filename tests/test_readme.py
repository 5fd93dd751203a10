"""The README's program does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.slow
def test_the_ten_lines_of_python_run(tmp_path, monkeypatch, capsys):
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    for written, shorter in (('load("fashion-mnist")', 'load("sample")'), ("seconds=60", "seconds=5")):
        assert written in program
        program = program.replace(written, shorter)
    monkeypatch.chdir(tmp_path)
    exec(compile(program, str(README), "exec"), {})
    accuracy, verdict = capsys.readouterr().out.strip().split("\n")
    assert accuracy.startswith("Estimate(value=0.")
    assert verdict in {"better", "worse", "not distinguishable"}
    assert (tmp_path / "models" / "better" / "model.json").is_file()
