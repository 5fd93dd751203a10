"""How a command ends: interrupted, not read to its end, without room to write; and that names steer no terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fashion_classifier.cli.output import printable
from fashion_classifier.storage import atomic_folder

COMMAND = [sys.executable, "-m", "fashion_classifier"]


def test_an_interrupted_training_keeps_its_model_and_says_so(fashion, npz, interrupted_at):
    interrupted_at("Training")
    result = fashion("train", "--data", npz, "--model", "mlp", "--epochs", 50, "--out", "model", "--json")
    assert result.code == 130
    assert result.json["stopped_because"] == "it was interrupted"
    assert Path("model/weights.safetensors").is_file()


def test_a_place_that_is_taken_meanwhile_costs_no_model(fashion, npz, monkeypatch):
    def take(*_arguments: object) -> object:
        return lambda _: Path("model").mkdir(exist_ok=True)

    monkeypatch.setattr("fashion_classifier.experiment.tracked.following", take)
    result = fashion("train", "--data", npz, "--model", "mlp", "--epochs", 1, "--out", "model", "--json")
    assert (result.code, result.json["model"]) == (0, "model-2")
    assert "model was made by something else meanwhile: the model is in model-2." in result.err
    assert not any(Path("model").iterdir())
    assert Path("model-2/weights.safetensors").is_file()


@pytest.fixture
def taken_while_it_is_written(monkeypatch) -> list[Path]:
    """Have another make each folder while it is written; return which those were."""
    taken = []

    def write(target: Path, *, replace: bool = True):
        if not target.name.endswith("-2"):
            target.mkdir()
            (target / "theirs").touch()
            taken.append(target)
        return atomic_folder(target, replace=replace)

    for module in ("inference.bundle", "reporting.comparison_page"):
        monkeypatch.setattr(f"fashion_classifier.{module}.atomic_folder", write)
    return taken


def test_two_trainings_that_end_together_both_keep_their_models(fashion, npz, taken_while_it_is_written):
    result = fashion("train", "--data", npz, "--model", "mlp", "--epochs", 1, "--out", "model", "--json")
    assert (result.code, result.json["model"]) == (0, "model-2")
    assert taken_while_it_is_written == [Path("model")]
    assert [path.name for path in Path("model").iterdir()] == ["theirs"]
    assert Path("model-2/weights.safetensors").is_file()


def test_a_page_takes_no_others_place(fashion, npz, request):
    assert fashion("train", "--data", npz, "--model", "mlp", "--epochs", 1, "--out", "a").code == 0
    taken = request.getfixturevalue("taken_while_it_is_written")
    compared = fashion("compare", "a", "a", "--data", npz, "--out", "page", "--json")
    assert (compared.code, compared.json["page"]) == (0, "page-2/comparison.html")
    assert "page was made by something else meanwhile: the page is in page-2." in compared.err
    own = fashion("train", "--from", "a", "--data", npz, "--epochs", 1, "--out", "b", "--json")
    assert own.code == 0
    assert own.json["model"] == "b-2"
    assert own.json["from_nothing"]["model"] == "b-from-nothing-2"
    assert own.json["page"] == "b-gain-2/comparison.html"
    assert taken == [Path(name) for name in ("page", "b", "b-from-nothing", "b-gain")]
    assert all((folder / "theirs").is_file() for folder in taken)


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_a_folder_whose_place_is_taken_at_the_last_moment_says_so(tmp_path, monkeypatch, make):
    place, exists = tmp_path / "folder", Path.exists
    make(place)
    if place.is_dir():
        (place / "file").touch()
    monkeypatch.setattr(Path, "exists", lambda path: path != place and exists(path))
    with pytest.raises(FileExistsError), atomic_folder(place, replace=False):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("evaluate", "--minutes", 1), "--minutes is for a full evaluation"),
        (("evaluate", "--seeds", 4), "--seeds is for a full evaluation"),
        (("train", "--compare"), "add --from"),
        (("train", "--no-compare"), "add --from"),
    ],
)
def test_what_would_be_passed_over_is_refused(fashion, command, said):
    result = fashion(*command)
    assert result.code == 2
    assert said in result.err


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        (("evaluate", "nowhere"), "[evaluate]\nminutes = 9\nseeds = 4"),
        (("train", "--data", "nowhere"), "[train]\ncompare = false"),
        (("tune", "--data", "nowhere"), '[tune]\nworkers = 2\nstudy = "mine"'),
    ],
)
def test_what_a_file_says_for_other_calls_is_passed_over(fashion, command, settings):
    Path("fashion.toml").write_text(settings)
    result = fashion(*command)
    assert result.code == 4, result.err
    assert "nowhere" in result.err


def test_an_interrupted_search_says_so_and_goes_on(fashion, npz, interrupted_at):
    command = ("tune", "--data", npz, "--family", "mlp", "--trials", 2, "--trial-epochs", 1, "--json")
    interrupted_at("Trial 1")
    assert fashion(*command).code == 130
    result = fashion(*command)
    assert (result.code, result.json["trials"]) == (0, 2)


def test_an_interruption_before_there_is_anything_has_its_object(fashion, npz, monkeypatch):
    def press(*_arguments: object, **_settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fashion_classifier.experiment.preparation.prepare", press)
    result = fashion("train", "--data", npz, "--epochs", 1, "--json")
    assert (result.code, result.json["exit_code"]) == (130, 130)


def test_what_is_not_read_to_its_end_is_no_fault(tmp_path):
    with subprocess.Popen(
        [*COMMAND, "models"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait() == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_said(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "models"], check=False, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 4
    assert done.stderr == (
        "Error: the output: No space left on device. Make room or give leave to write there, and run it again.\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\u00e9 \u65e5\u672c \U0001f45f\n\ttab", "caf\u00e9 \u65e5\u672c \U0001f45f\n\ttab"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("bad\udcff", "bad\\udcff"),
    ],
)
def test_what_would_steer_a_terminal_is_written_as_escapes(text, shown):
    assert printable(text) == shown


def test_a_files_name_steers_no_terminal(fashion):
    name = "evil\x1b[31m.png"
    Path(name).write_bytes(b"no picture")
    for result in (fashion("predict", name), fashion("evaluate", name)):
        assert "\x1b" not in result.out + result.err
