"""What a shell completes to, and that its installation works though commands are imported when they are called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_classifier.cli import completion

COMMAND = [sys.executable, "-m", "fashion_classifier"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    """A working folder with runs, models and files."""
    for place, name in (
        ("runs/2026-01-01-old", "run.json"),
        ("runs/2026-01-02-new", "run.json"),
        ("runs/notes", "text"),
        ("models/mine", "model.json"),
        ("elsewhere/third", "run.json"),
        ("photos", "a.png"),
    ):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / name).write_text("{}")
    (tmp_path / "fashion.toml").write_text("[train\n")  # nobody reads it meanwhile
    (tmp_path / ".hidden").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def offered(folder, fashion, monkeypatch) -> Callable[[str], set[str]]:
    """Return what bash is offered after some words."""

    def ask(typed: str) -> set[str]:
        words = f"fashion {typed}"
        monkeypatch.setenv("_FASHION_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        result = fashion()
        assert (result.code, result.err) == (0, "")
        return set(result.out.split())

    return ask


RUNS = {"runs/2026-01-01-old", "runs/2026-01-02-new"}


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("train --recipe half", {"half-hour"}),
        ("train --model ", {"auto", *completion.FAMILIES}),
        ("tune --family re", {"resnet"}),
        ("train --debug --quiet --device cu", {"cuda"}),
        ("predict --format js", {"jsonl"}),
        ("runs remove ", RUNS),
        ("runs remove runs/2026-01-02", {"runs/2026-01-02-new"}),
        ("runs remove elsewhere/", {"elsewhere/third"}),
        ("report ", RUNS),
        ("run --resume ", RUNS),
        ("evaluate ", {"fashion-mnist", "models/mine", *RUNS}),
        ("compare fashion-mnist mod", {"models/mine"}),
        ("serve ph", {"photos/"}),
        ("train --data s", {"sample"}),
        ("train --data p", {"photos/"}),
        ("train --config f", {"fashion.toml"}),
        ("runs ", {"list", "remove"}),
        ("runs --js", {"--json"}),
        ("cache cl", {"clear"}),
        ("data convert x y --to csv-", {"csv-parts"}),
        ("doc", {"doctor"}),
        ("train --q", {"--quiet"}),
    ],
)
def test_values_are_completed(offered, typed, values):
    assert offered(typed) == values


def test_what_is_completed_to_is_what_there_is():
    from fashion_classifier.data.convert import FORMS
    from fashion_classifier.data.load import AUTO, FASHION_MNIST_SOURCE, SAMPLE_SOURCE
    from fashion_classifier.experiment.lookup import RUN
    from fashion_classifier.inference.manifest import MODEL
    from fashion_classifier.training.recipes.ladder import LADDERS, RECIPES

    assert set(completion.RECIPES) == set(RECIPES)
    assert set(completion.FAMILIES) == set(LADDERS)
    assert set(completion.SOURCES) == {AUTO, FASHION_MNIST_SOURCE, SAMPLE_SOURCE}
    assert set(completion.FORMS) == set(FORMS)
    assert (completion.RUN, completion.MODEL) == (RUN, MODEL)


def test_nothing_heavy_is_imported_to_complete(folder):
    program = (
        "import sys\nfrom fashion_classifier.cli import main\n"
        "try:\n    main()\nfinally:\n    print(sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    said = {"COMP_WORDS": "fashion evaluate ", "COMP_CWORD": "2", "_FASHION_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ, **said}
    )
    assert not {"torch", "numpy", "optuna", "polars"} & set(json.loads(done.stderr.replace("'", '"')))


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@needs_bash
def test_bash_completes_once_the_script_is_sourced(folder):
    program = Path("bin/fashion")
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fashion_classifier "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent.absolute()}:{os.environ['PATH']}", "HOME": str(folder)}
    script = (
        'eval "$(fashion --show-completion bash)"; complete -p fashion\n'
        "COMP_WORDS=(fashion report runs/2026-01-02); COMP_CWORD=2; _fashion_completion fashion; echo ${COMPREPLY[@]}"
    )
    bash = ["bash", "--norc", "-c", script]
    environment["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"  # there is no shell above a test to be found
    done = subprocess.run(bash, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[-1] == "runs/2026-01-02-new"
    assert "-F _fashion_completion fashion" in done.stdout


@needs_bash
def test_it_is_installed_for_the_shell_that_is_used(folder):
    environment = {**os.environ, "HOME": str(folder), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [*COMMAND, "--install-completion", "bash"], capture_output=True, text=True, check=True, env=environment
    )
    assert "bash completion installed in" in done.stdout
    [script] = folder.glob(".bash_completions/*.sh")
    assert str(script) in (folder / ".bashrc").read_text()
