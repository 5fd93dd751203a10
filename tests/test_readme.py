"""The README's programs do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fashion_classifier import load

README = Path(__file__).parent.parent / "README.md"


PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def run(program: str, shorter: dict[str, str], **given: object) -> None:
    """Run a program, some of whose words are exchanged so that it takes less time."""
    for written, instead in shorter.items():
        assert written in program
        program = program.replace(written, instead)
    exec(compile(program, str(README), "exec"), given)


@pytest.mark.slow
def test_the_ten_lines_of_python_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(PROGRAMS[0], {'load("fashion-mnist")': 'load("sample")', "seconds=60": "seconds=5"})
    accuracy, verdict = capsys.readouterr().out.strip().split("\n")
    assert accuracy.startswith("Estimate(value=0.")
    assert verdict in {"better", "worse", "not distinguishable"}
    assert (tmp_path / "models" / "better" / "model.json").is_file()


@pytest.mark.slow
def test_the_estimator_learns(capsys):
    images = load("sample")
    learned, asked = images.training, images.test.open("README")
    run(
        PROGRAMS[1],
        {"minutes=1": "epochs=2"},
        X=learned.images, y=learned.labels, X_new=asked.images, y_new=asked.labels,
    )  # fmt: skip
    assert float(capsys.readouterr().out) > 0.5


def test_no_program_goes_untried():
    assert len(PROGRAMS) == 2
