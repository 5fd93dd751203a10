"""Settings from a TOML file: taken where nothing is given, told and recorded, refused with place and remedy."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from fashion_classifier.cli.settings_file import in_toml
from fashion_classifier.errors import UnavailableError
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.settings import RunConfig

TRAIN = ("train", "--threads", 1)


def write(text: str, name: str = "fashion.toml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_in_the_working_folder_says_what_is_not_given(fashion, npz):
    write(f'[train]\ndata = {json.dumps(str(npz))}\nmodel = "mlp"\nepochs = 1\nmirror = false\nout = "from-file"\n')
    result = fashion(*TRAIN, "--out", "given", "--json")
    assert result.code == 0, result.err
    assert result.json["model"] == "given"
    assert result.json["family"] == "mlp"
    settings = {"data": str(npz), "model": "mlp", "epochs": 1, "mirror": False}
    assert result.json["settings_from"] == {"file": "fashion.toml", "settings": settings}
    [told] = [line for line in result.err.splitlines() if line.startswith("From fashion.toml:")]
    assert told.endswith('model = "mlp", epochs = 1, mirror = false')


def test_without_a_file_nothing_is_told_of_one(fashion, npz):
    result = fashion("data", "check", npz, "--json")
    assert "settings_from" not in result.json
    assert "From " not in result.err


def test_a_file_may_begin_with_the_mark_that_some_editors_write(fashion, npz):
    write('\ufeff[data.check]\nimage-size = "20x20"\n')
    assert fashion("data", "check", npz, "--json").json["image"]["width"] == 20


def test_a_file_that_is_named_goes_before_the_one_that_lies_there(fashion, npz):
    write('[data.check]\nimage-size = "20x20"\n')
    write('[data.check]\nimage-size = "16x18"\n', "other.toml")
    for command in (("--config", "other.toml", "data", "check", npz), ("data", "check", npz, "--config", "other.toml")):
        assert fashion(*command, "--json").json["image"] == {"height": 16, "width": 18, "channels": 1}
    assert fashion("data", "check", npz, "--json").json["image"]["width"] == 20
    assert fashion("data", "check", npz, "--config", "none", "--json").json["image"]["width"] == 12


@pytest.fixture
def begun(monkeypatch) -> list[tuple[RunConfig, str]]:
    """Note with which settings and by which command runs are begun, and begin none."""
    begun = []

    def begin(config: RunConfig, _folder: Path, *, command: str, **_further: object) -> None:
        begun.append((config, command))
        raise UnavailableError("This is enough.")

    monkeypatch.setattr("fashion_classifier.experiment.run.run", begin)
    return begun


def test_the_recorded_command_does_the_same_without_the_file(fashion, begun):
    write('[run]\ndata = "my data"\ntrials = 0\nepochs = 1\nfamily = ["mlp", "cnn"]\nmirror = false\nseed = 5\n')
    for command in (("run", "--threads", 1, "--seed", 7), ()):
        fashion(*(command or shlex.split(begun[0][1])[1:]), *(() if command else ("--config", "none")))
    (config, command), (again, _) = begun
    assert (config.seed, config.families, config.mirror) == (7, ("mlp", "cnn"), False)
    options = "--data 'my data' --trials 0 --epochs 1 --family mlp --family cnn --no-mirror"
    assert command == f"fashion run --threads 1 --seed 7 {options}"
    assert again == config


def test_a_run_is_repeated_with_its_own_settings_whatever_the_file_says(fashion, begun):
    RunFolder.create(Path("runs/mine"), RunConfig(data="sample", seed=3))
    write("[run]\nminutes = 99\nseed = 8\n")
    assert "take away minutes" in fashion("run", "--like", "runs/mine", "--minutes", 3).err
    told = fashion("run", "--like", "runs/mine")
    [(config, command)] = begun
    assert (config.seed, command) == (3, "fashion run --like runs/mine")
    assert "From fashion.toml" not in told.out


def test_completion_and_help_do_not_read_the_file(fashion):
    write("[train\n")
    assert fashion("train", "--help").code == 0


REFUSED = [
    ("[train\n", ["it is no TOML", "line 1"]),
    ("minutes = 5\n", ["fashion.toml, minutes", "in a table named like its command", "[run]"]),
    ("[trian]\n", ["[trian]: there is no such command", "Did you mean train?"]),
    ("[data]\nseed = 1\n", ["fashion.toml, data.seed", "[data.check]"]),
    ("[data.chek]\n", ["[data.chek]: there is no such command", "Did you mean check?"]),
    ("[data.check]\nminuets = 5\n", ["[data.check] minuets", "`fashion data check` has no such setting", "group-by"]),
    ('[data.check]\nimage_size = "1x1"\n', ["[data.check] image_size", "Did you mean image-size?"]),
    ("[data.check]\nimage-size = 28\n", ["image-size: 28 was found", 'a text in "quotation marks" is expected']),
    ("[data.check]\njson = true\n", ["[data.check] json: this is said on the command line alone"]),
    ("[data.check]\nsource = 'x'\n", ["has no such setting"]),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_cannot_be_is_refused_with_place_and_remedy(fashion, npz, text, words):
    write(text)
    result = fashion("data", "check", npz)
    assert result.code == 2
    assert result.err.startswith("Error: fashion.toml")
    for word in words:
        assert word in result.err


WRONG_KINDS = [
    ('minutes = "5"', 'minutes: the text "5" was found; a number is expected'),
    ("minutes = true", "minutes: true was found; a number is expected"),
    ("seed = 1.5", "seed: 1.5 was found; a whole number is expected"),
    ('mirror = "no"', 'mirror: the text "no" was found; true or false is expected'),
    ('on = "everything"', 'on: the text "everything" was found; one of "training", "all" is expected'),
    ("out = 1979-05-27", "out: the time 1979-05-27 was found; a text"),
    ("[train.out]", "out: a table was found; a text"),
]


@pytest.mark.parametrize(("line", "said"), WRONG_KINDS)
def test_a_value_of_another_kind_is_refused(fashion, line, said):
    write(f"[train]\n{line}\n")
    result = fashion("train")
    assert result.code == 2
    assert said in result.err


def test_a_value_of_another_kind_is_told_without_its_password(fashion):
    write("[tune]\nstorage = ['postgresql://me:kwyjibo@host/studies']", "named.toml")
    result = fashion("tune", "--config", "named.toml")
    assert result.code == 2
    assert 'storage: ["postgresql://me:***@host/studies"] was found; a text' in result.err


def test_all_faults_are_told_at_once(fashion):
    write('[tune]\nfamily = "cnn"\nseed = "x"\n[tuen]\n')
    result = fashion("tune", "--json")
    assert result.json["exit_code"] == 2
    assert len(result.json["error"].splitlines()) == 3
    assert 'a list, each of it a text in "quotation marks", is expected' in result.json["error"]


def test_a_value_out_of_its_range_is_refused_with_its_place(fashion):
    write("[evaluate]\nseeds = 1\n")
    result = fashion("evaluate")
    assert result.code == 2
    assert result.err.startswith("Error: fashion.toml, [evaluate] seeds: 1 cannot be")


def test_wrong_usage_in_which_a_file_has_its_part_tells_so(fashion):
    write('[train]\nrecipe = "small"\nminutes = 5\n')
    result = fashion("train", "--data", "sample", "--model", "cnn")
    assert result.code == 2
    assert "give a recipe or a model family, not both" in result.err
    assert 'From fashion.toml: recipe = "small", minutes = 5' in result.err.replace("\n", " ")


def test_a_file_that_is_named_and_not_there_is_said(fashion):
    result = fashion("models", "--config", "nowhere.toml")
    assert result.code == 4
    assert "nowhere.toml: the settings cannot be read (No such file or directory)" in result.err


def test_a_file_that_is_no_text_is_said(fashion):
    Path("fashion.toml").write_bytes(b"\xff\xfe[\x00")
    assert "fashion.toml: it is no TOML" in fashion("data", "check", "sample").err


@pytest.mark.parametrize(
    "line",
    [
        "[serve]\nopen-to-all = true",
        "[runs.remove]\nyes = true",
        "[cache.clear]\nyes = true",
    ],
)
def test_a_persons_own_word_is_not_taken_from_a_file(fashion, line):
    write(line)
    command = line[1 : line.index("]")].split(".")
    result = fashion(*command, *(["x"] if command[-1] == "remove" else []))
    assert result.code == 2
    assert "this is said on the command line alone" in result.err


@pytest.mark.parametrize(
    ("command", "line", "place"),
    [
        ("predict", "cluster = '127.0.0.1:9'", "127.0.0.1:9"),
        ("tune", "storage = 'postgresql://me:kwyjibo@127.0.0.1:9/studies'", "127.0.0.1:9"),
        ("train", "track = ['tensorboard=/dev/null']", "/dev/null"),
    ],
)
def test_whom_to_talk_to_is_taken_from_a_named_file_alone(fashion, command, line, place):
    write(f"[{command}]\n{line}")
    arguments = [command, *(["x"] if command == "predict" else [])]
    found = fashion(*arguments)
    assert found.code == 2
    assert "taken from a file that is named alone. Add --config fashion.toml" in found.err
    named = fashion("--config", "fashion.toml", *arguments)
    assert named.code != 0
    assert place in named.err  # where nobody is to be had
    assert "kwyjibo" not in found.err + named.err


@pytest.mark.parametrize(
    ("command", "key"),
    [("predict", "output"), ("predict", "sort-into"), ("train", "out"), ("train", "checkpoint"), ("export", "output")],
)
def test_a_file_that_only_lies_there_has_nothing_written_outside_the_folder(fashion, monkeypatch, command, key):
    Path("strange").mkdir()
    monkeypatch.chdir("strange")
    Path("link").symlink_to("..")
    arguments = [command, *(["nothing.png"] if command == "predict" else [])]
    for place in ("../.bash_profile", str(Path("..").resolve() / ".bash_profile"), "link/.bash_profile"):
        write(f"[{command}]\n{key} = '{place}'")
        found = fashion(*arguments)
        assert found.code == 2
        assert f'[{command}] {key}: "{place}" is outside the working folder' in found.err
        assert "Add --config fashion.toml" in found.err
    write("[predict]\nsort-into = 'sorted'\noutput = './rows.csv'")
    assert "outside" not in fashion("predict", "nothing.png").err
    Path("circle").symlink_to("circle")
    write("[predict]\noutput = 'circle/rows.csv'")
    assert "This should not have happened" not in fashion("predict", "nothing.png").err
    write("[predict]\noutput = '../rows.csv'")
    assert "outside" not in fashion("predict", "nothing.png", "--config", "fashion.toml").err


def test_a_file_that_only_lies_there_opens_a_server_to_no_page(fashion):
    write("[serve]\nallow-host = ['pages.example']")
    result = fashion("serve", "nowhere")
    assert result.code == 2
    assert "[serve] allow-host: whom to talk to is taken from a file that is named alone" in result.err


def test_values_are_told_as_they_stand_in_the_file():
    assert in_toml(["a b", True, 1, 2.5]) == '["a b", true, 1, 2.5]'
