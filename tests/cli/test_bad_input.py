"""Every kind of bad input has its message, its exit code, and leaves nothing half-written behind."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.conftest import write_npz

Prepare = Callable[[Path], None]  # it is given the folder `trained`


def header(n: int = 4) -> str:
    return "label," + ",".join(f"pixel{i}" for i in range(1, n + 1))


def csv_file(*rows: str) -> None:
    Path("data.csv").write_text("\n".join([header(), *rows]) + "\n")


def damaged_model(harm: Callable[[Path], object]) -> Prepare:
    def prepare(trained: Path) -> None:
        shutil.copytree(trained, ".", dirs_exist_ok=True)
        harm(Path("model"))

    return prepare


def file_written(path: str, text: str) -> Prepare:
    def prepare(_: Path) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)

    return prepare


def parts(harm: Callable[[Path], object]) -> Prepare:
    """Write six tiny parts and harm them."""

    def prepare(_: Path) -> None:
        Path("parts").mkdir()
        columns = "label," + ",".join(f"pixel{i}" for i in range(1, 785))
        generator = np.random.default_rng(0)
        for number in range(1, 7):
            pixels = generator.integers(0, 256, (20, 784))
            lines = [f"{row % 10}," + ",".join(map(str, values)) for row, values in enumerate(pixels)]
            Path(f"parts/Fashion Train Data {number}.csv").write_text("\n".join([columns, *lines]) + "\n")
        harm(Path("parts"))

    return prepare


def replaced(name: str, before: str, after: str) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        text = (folder / name).read_text()
        assert before in text
        (folder / name).write_text(text.replace(before, after, 1))

    return harm


def idx(harm: Callable[[Path], object]) -> Prepare:
    """Write two tiny IDX files and harm them."""

    def prepare(_: Path) -> None:
        folder = Path("idx")
        folder.mkdir()
        images = np.arange(20 * 16, dtype=np.uint8).tobytes()
        head = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (20, 4, 4))
        (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + images))
        labels = bytes([0, 0, 8, 1]) + (20).to_bytes(4, "big") + bytes(number % 2 for number in range(20))
        (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
        harm(folder)

    return prepare


def rewritten(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """Change what an IDX file holds, and compress it again."""
    return lambda folder: (folder / name).write_bytes(
        gzip.compress(change(gzip.decompress((folder / name).read_bytes())))
    )


def pictures(harm: Callable[[Path], object]) -> Prepare:
    """Write class folders of small pictures and harm them."""

    def prepare(_: Path) -> None:
        for part in ("train", "test"):
            for name in ("hat", "shoe"):
                folder = Path("pictures", part, name)
                folder.mkdir(parents=True)
                for number in range(4):
                    pixels = np.full((5, 5), 40 * number + len(name), np.uint8)
                    Image.fromarray(pixels).save(folder / f"{number}.png")
        harm(Path("pictures"))

    return prepare


def things(_: Path) -> None:
    write_npz(Path("things.npz"))


def rows(*lines: str) -> Prepare:
    return lambda _: csv_file(*lines)


def one_class(_: Path) -> None:
    np.savez("one.npz", x_train=np.zeros((5, 4, 4), np.uint8), y_train=np.zeros(5, int))


def unfinished(_: Path) -> None:
    Path("run").mkdir()
    Path("run/run.json").write_text("{")


# what is wrong: (how it is prepared, the command, exit code, what the message says)
TABLE: dict[str, tuple[Prepare | None, str, int, str]] = {
    "unknown option": (None, "run --colour", 2, "No such option"),
    "unknown command": (None, "fly", 2, "No such command"),
    "too short a time": (None, "train --minutes 0.1", 2, "minutes must be a number of at least 0.2, but got 0.1"),
    "no end": (None, "train --minutes inf", 2, "minutes must be a number of at least 0.2, but got inf"),
    "a family that cannot be searched": (
        None,
        "tune --family ensemble",
        2,
        "no family 'ensemble' to choose from; there are",
    ),
    "a study's name without a database": (None, "tune --study shoes", 2, "Only a database has studies with names"),
    "workers without a cluster": (None, "tune --workers 2", 2, "Workers are a cluster's: name the cluster"),
    "too short for a run": (None, "run --data sample --minutes 0.3", 2, "`minutes >= 0.5` must hold for a run"),
    "no epochs": (None, "run --data sample --trials 1 --epochs 0", 2, "`epochs > 0` must hold, but got epochs=0.0"),
    "unknown family": (None, "train --model tree", 2, "no recipes for the family 'tree'; there are some for cnn,"),
    "unknown recipe": (None, "train --recipe soup", 2, "There is no recipe 'soup'; there are initial, perceptron,"),
    "bad size": (None, "run --data sample --image-size big", 2, "An image size is height x width in pixels"),
    "bad fraction": (None, "run --data sample --validation-fraction 2", 2, "`0 < validation_fraction < 1` must hold"),
    "unknown device": (None, "run --data sample --device abacus", 2, "device must be auto, cpu, cuda or mps"),
    "resume and like": (None, "run --resume a --like b", 2, "either continued or repeated, not both"),
    "existing run folder": (
        file_written("there/x", ""),
        "run --data sample --trials 0 --epochs 1 --out there",
        2,
        "there is already there; nothing was overwritten. Name another folder.",
    ),
    "existing model folder": (
        damaged_model(lambda _: None),
        "train --data things.npz --epochs 1 --out model",
        2,
        "model is already there; nothing was overwritten. Name another folder.",
    ),
    "existing conversion": (things, "data convert things.npz things.npz", 2, "nothing was overwritten"),
    "existing contact sheet": (
        file_written("sheet.png", "mine"),
        "data show sample --out sheet.png",
        2,
        "sheet.png is already there; nothing was overwritten. Name another file.",
    ),
    "nothing at that place": (None, "run --data nowhere", 4, "nowhere"),
    "nothing recognised": (file_written("odd/readme.txt", "hello"), "data check odd", 3, "readme.txt"),
    "empty CSV": (file_written("data.csv", ""), "data check data.csv", 3, "data.csv: the file is empty"),
    "header alone": (rows(), "data check data.csv", 3, "data.csv"),
    "grey level out of range": (rows("0,1,2,3,300"), "data check data.csv", 3, "data.csv, line 2: pixel4 is 300"),
    "not a number": (rows("0,1,2,3,4", "1,1,x,3,4"), "data check data.csv", 3, "data.csv, line 3: pixel2 is"),
    "short row": (rows("0,1,2,3,4", "1,1,2,3"), "data check data.csv", 3, "data.csv, line 3:"),
    "long row": (rows("0,1,2,3,4", "1,1,2,3,4,5"), "data check data.csv", 3, "data.csv, line 3:"),
    "a part missing": (
        parts(lambda folder: (folder / "Fashion Train Data 4.csv").unlink()),
        "data check parts",
        3,
        "Fashion Train Data 4.csv",
    ),
    "a part given twice": (
        parts(lambda folder: shutil.copy(folder / "Fashion Train Data 1.csv", folder / "Fashion Train Data 2.csv")),
        "data check parts",
        3,
        "Fashion Train Data 2.csv",
    ),
    "columns out of order": (
        parts(replaced("Fashion Train Data 5.csv", "pixel7,pixel8", "pixel8,pixel7")),
        "data check parts",
        3,
        "Fashion Train Data 5.csv, line 1:",
    ),
    "columns missing": (
        parts(replaced("Fashion Train Data 5.csv", ",pixel784", "")),
        "data check parts",
        3,
        "Fashion Train Data 5.csv, line 1:",
    ),
    "a label out of range": (
        parts(replaced("Fashion Train Data 3.csv", "\n9,", "\n10,")),
        "data check parts",
        3,
        "Fashion Train Data 3.csv, line 11: label is 10",
    ),
    "truncated gzip": (
        idx(lambda folder: os.truncate(folder / "train-images-idx3-ubyte.gz", 40)),
        "data check idx",
        3,
        "train-images-idx3-ubyte.gz",
    ),
    "wrong magic number": (
        idx(rewritten("train-images-idx3-ubyte.gz", lambda content: b"\1" + content[1:])),
        "data check idx",
        3,
        "magic number",
    ),
    "images and labels that don't match": (
        idx(rewritten("train-labels-idx1-ubyte.gz", lambda content: content[:7] + b"\x13" + content[8:-1])),
        "data check idx",
        3,
        "19",
    ),
    "an unreadable picture": (
        pictures(lambda folder: (folder / "train/hat/2.png").write_bytes(b"not a picture")),
        "data check pictures",
        3,
        "2.png",
    ),
    "a class with no picture in one split": (
        pictures(lambda folder: shutil.rmtree(folder / "test/hat")),
        "data check pictures",
        3,
        "hat",
    ),
    "an empty class folder": (
        pictures(lambda folder: (folder / "train/coat").mkdir()),
        "data check pictures",
        3,
        "coat",
    ),
    "one class": (one_class, "data check one.npz", 3, "all images are of one class"),
    "no run to resume": (None, "run --resume nowhere", 4, "nowhere: there is no run here"),
    "damaged run record": (unfinished, "run --resume run", 3, "it is no record of a run"),
    "no model": (None, "evaluate nowhere", 4, "nowhere: there is no model here"),
    "no model of that name": (things, "predict things.npz --model nothing", 4, "nothing: there is no model here"),
    "no finished run": (things, "predict things.npz", 4, "There is no finished run in ./runs"),
    "no pictures": (
        damaged_model(lambda _: Path("empty").mkdir()),
        "predict empty --model model",
        4,
        "there are no pictures here",
    ),
    "no such picture": (damaged_model(lambda _: None), "predict none.png --model model", 4, "there is no such file"),
    "Parquet to the terminal": (
        damaged_model(lambda _: None),
        "predict things.npz --model model --format parquet",
        2,
        "Parquet is for files",
    ),
    "altered model": (
        damaged_model(lambda model: (model / "model.json").write_text("{}")),
        "evaluate model --data things.npz",
        5,
        "its content is not what the manifest says",
    ),
    "missing weights": (
        damaged_model(lambda model: (model / "weights.safetensors").unlink()),
        "evaluate model --data things.npz",
        5,
        "there is no such plain file",
    ),
    "a model for other classes": (
        damaged_model(lambda _: write_npz(Path("two.npz"), n_classes=2)),
        "evaluate model --data two.npz",
        3,
        "its classes are kind 0, kind 1; the model knows kind 0, kind 1, kind 2",
    ),
}


@pytest.mark.parametrize("wrong", TABLE)
def test_bad_input_has_its_message_and_code(fashion, tmp_path, trained, wrong):
    prepare, command, code, message = TABLE[wrong]
    if prepare is not None:
        prepare(trained)
    before = snapshot(tmp_path)
    result = fashion(*command.split())
    assert (result.code, message in result.err + result.out) == (code, True), result
    assert "Traceback" not in result.err
    assert snapshot(tmp_path) == before


def snapshot(folder: Path) -> dict[str, bytes]:
    """Everything that lies in a folder."""
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


def test_an_error_is_json_too_when_that_was_asked_for(fashion):
    result = fashion("evaluate", "nowhere", "--json")
    assert result.json["schema"] == "fashion.error/1"
    assert result.json["exit_code"] == result.code == 4
    assert json.loads(result.out)["error"] in result.err


def test_debug_shows_where(fashion):
    result = fashion("evaluate", "nowhere", "--debug")
    assert result.code == 4
    assert "Traceback" in result.err


def test_a_finished_run_is_not_resumed(fashion, put_run):
    put_run("one")
    result = fashion("run", "--resume", "one")
    assert result.code == 2
    assert "this run is finished" in result.err


def test_changed_data_is_noticed(fashion, npz, put_run):
    put_run("one")
    record = json.loads(Path("one/run.json").read_text())
    Path("one/run.json").write_text(json.dumps({**record, "finished": False}))
    write_npz(npz, seed=5)
    resumed, evaluated = fashion("run", "--resume", "one"), fashion("evaluate", "one")
    assert resumed.code == 2
    assert "the data has changed since this run began" in resumed.err
    assert evaluated.code == 3
    assert "is not the data that one was made with" in evaluated.err


@pytest.mark.parametrize("arguments", [["predict"], ["predict", "x.png", "--runtime", "foo"], ["foo"]])
def test_wrong_usage_is_told_to_programs_too(fashion, arguments):
    result = fashion(*arguments, "--json")
    assert result.code == 2
    assert result.json["schema"] == "fashion.error/1"
    assert result.json["exit_code"] == 2
    assert result.json["error"]


TAKEN: dict[str, list[Any]] = {
    "run": ["run", "--trials", 0, "--epochs", 1, "--out", "taken"],
    "train": ["train", "--epochs", 1, "--out", "taken"],
    "train from a model": ["train", "--from", "model", "--epochs", 1, "--out", "taken"],
    "train from a model, what is beside it": ["train", "--from", "model", "--epochs", 1, "--out", "free"],
    "tune": ["tune", "--trials", 1, "--out", "taken"],
    "compare": ["compare", "model", "model", "--out", "taken"],
}


@pytest.mark.parametrize("command", TAKEN)
@pytest.mark.parametrize("place", ["folder", "file", "link that leads nowhere"])
def test_a_place_that_is_taken_is_refused_before_data_is_looked_for(fashion, trained, command, place):
    taken = Path("free-from-nothing" if "free" in TAKEN[command] else "taken")
    shutil.copytree(trained / "model", "model")
    if place == "folder":
        file_written(f"{taken}/mine", "mine")(Path())
    elif place == "file":
        taken.write_text("mine")
    else:
        taken.symlink_to("nowhere at all")
    result = fashion(*TAKEN[command], "--data", "there is no data")
    assert (result.code, str(taken) in result.err, "nothing was overwritten" in result.err) == (2, True, True)
    assert "there is no data" not in result.err


@pytest.mark.parametrize("command", [name for name in TAKEN if "beside" not in name])
def test_a_place_in_what_is_no_folder_is_refused_before_data_is_looked_for(fashion, trained, command):
    shutil.copytree(trained / "model", "model")
    Path("file").write_text("mine")
    out = Path("file") / "below" / "taken"
    arguments = [out if argument == "taken" else argument for argument in TAKEN[command]]
    result = fashion(*arguments, "--data", "there is no data")
    assert (result.code, "the folder cannot be made, as" in result.err) == (4, True)


@pytest.mark.parametrize("command", [name for name in TAKEN if "beside" not in name])
def test_what_ends_before_its_beginning_leaves_no_folder(fashion, trained, command):
    shutil.copytree(trained / "model", "model")
    arguments = ["new/taken" if argument == "taken" else argument for argument in TAKEN[command]]
    assert fashion(*arguments, "--data", "there is no data").code == 4
    assert not Path("new").exists()


def test_a_cluster_that_is_not_there_is_told_before_data_is_looked_for(fashion):
    result = fashion("tune", "--trials", 1, "--cluster", "127.0.0.1:1", "--data", "there is no data")
    assert (result.code, "There is no Ray cluster at 127.0.0.1:1" in result.err) == (4, True)


def test_a_database_that_is_not_there_is_told_before_data_is_looked_for(fashion):
    result = fashion("tune", "--data", "nowhere", "--trials", 1, "--storage", "postgresql://me@127.0.0.1:9/studies")
    assert result.code == 4
    assert "postgresql://me@127.0.0.1:9/studies, study study: the search's database could not be read" in result.err
    assert not Path("study").exists()


def test_a_damaged_study_is_told_before_data_is_looked_for(fashion):
    file_written("taken/study.json", "{")(Path())
    result = fashion(*TAKEN["tune"], "--data", "there is no data")
    assert (result.code, "taken/study.json: it is no record of a study" in result.err) == (3, True)


def test_a_conversion_whose_target_is_taken_reads_nothing(fashion):
    Path("taken.npz").write_text("mine")
    result = fashion("data", "convert", "there is no data", "taken.npz")
    assert (result.code, "taken.npz is already there" in result.err) == (2, True)


NO_UTF_8 = os.fsdecode(b"h\xffts")


def test_names_need_not_be_utf_8_and_make_no_lines_of_their_own(fashion, tmp_path):
    pictures(lambda folder: (folder / "train/hat/0.png").rename(folder / "train/hat" / f"{NO_UTF_8}.png"))(tmp_path)
    Path("pictures").rename(NO_UTF_8)
    checked = fashion("data", "check", NO_UTF_8)
    assert checked.code == 0, checked.err
    assert r"h\udcffts" in checked.out
    Path(NO_UTF_8, "train/hat/a\nError: b.png").write_bytes(b"")
    told = fashion("data", "check", NO_UTF_8)
    assert told.code == 3
    assert r"Error: train/hat/a\nError: b.png: " in told.err


@pytest.mark.slow
def test_a_run_on_data_whose_name_is_not_utf_8(fashion, npz):
    data = npz.rename(npz.with_name(f"{NO_UTF_8}.npz"))
    made = fashion("run", "--data", data, "--family", "mlp", "--trials", 1, "--epochs", 1, "--out", "made")
    assert made.code == 0, made.err
    assert fashion("report", "made").code == fashion("predict", "--model", "made", data).code == 0
    assert json.loads(Path("made/run.json").read_bytes())["settings"]["data"] == str(data)
