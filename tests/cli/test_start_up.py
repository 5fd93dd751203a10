"""The command line starts without anything heavy, and its help is whole all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from fashion_classifier.cli.app import COMMANDS
from fashion_classifier.cli.deferred import DeferredCommand

HEAVY = {"torch", "optuna", "sklearn", "matplotlib", "fastapi", "polars", "numpy", "scipy", "PIL", "onnxruntime"}
OF_TYPERS_OWN_HELP = {"rich.markdown", "markdown_it", "pygments"}
PROGRAM = """
import json, sys
from fashion_classifier.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ['fashion', *arguments]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (arguments, end.code)
print(json.dumps(sorted({name for name in sys.modules})))
"""
GROUPS = {"data": ("check", "show", "convert", "download"), "runs": ("list", "remove"), "cache": ("show", "clear")}
EVERY_COMMAND = [*([name] for name in COMMANDS), *([group, name] for group, names in GROUPS.items() for name in names)]


def call(*commands: list[str], **environment: str) -> tuple[str, set[str]]:
    """Run command lines in one fresh process; return what they printed and the modules that they imported."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(commands)]
    settings = {**os.environ, "COLUMNS": "120", **environment}
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=settings)
    *lines, modules = result.stdout.splitlines()
    return "\n".join(lines), set(json.loads(modules))


def test_help_imports_nothing_heavy_and_no_command():
    printed, modules = call(["--help"])
    assert not (HEAVY | OF_TYPERS_OWN_HELP) & modules
    assert not {f"fashion_classifier.cli.{name}" for name in COMMANDS} & modules
    for name, summary in COMMANDS.items():
        assert name in printed
        assert summary[:40] in printed


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_help_of_each_command_imports_nothing_heavy(flag):
    printed, modules = call(*([*command, flag] for command in EVERY_COMMAND))
    assert not HEAVY & modules
    for command in EVERY_COMMAND:
        assert f"Usage: fashion {' '.join(command)}" in printed


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_listed_is_what_the_command_says_of_itself(name):
    said = DeferredCommand(name, COMMANDS[name]).load().help
    assert " ".join(said.split("\n\n")[0].split()) == COMMANDS[name]


def test_help_is_in_colour_where_that_is_wanted_and_plain_elsewhere():
    assert "\x1b[" in call(["--help"], FORCE_COLOR="1")[0]
    assert "\x1b[" not in call(["--help"])[0]


def test_help_tells_values_defaults_and_what_is_required():
    printed, _ = call(["predict", "--help"], ["data", "check", "--help"])
    for text in (
        "--model MODEL_OR_RUN",
        "table|csv|jsonl|parquet",
        "[default: table]",
        "[required]",
        "[default: auto]",
    ):
        assert text in printed


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("ru", {"run", "runs"}), ("predict --for", {"--format"}), ("data ch", {"check"}), ("data sh", {"show"})],
)
def test_a_shell_completes_commands_and_options(typed, offered):
    words = f"fashion {typed}"
    environment = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_FASHION_COMPLETE": "complete_bash"}
    command = [sys.executable, "-m", "fashion_classifier"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    assert set(result.stdout.split()) == offered


def test_a_mistyped_command_is_answered_with_the_nearest(fashion):
    assert "Did you mean 'predict'" in fashion("predic").err
