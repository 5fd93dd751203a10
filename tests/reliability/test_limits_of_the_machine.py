# ruff: noqa: F811 - fixtures that are imported are parameters
"""Cores and memory: what there is of them is used, and what does not fit is refused before it begins."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.cli.conftest import fashion, npz, put_run, trained  # noqa: F401 - fixtures
from tests.conftest import blobs, write_npz

from fashion_classifier.data.dataset import ImageShape, SealedTestSet
from fashion_classifier.data.sources import find_source
from fashion_classifier.data.split import Split
from fashion_classifier.errors import NotEnoughMemoryError
from fashion_classifier.experiment import memory
from fashion_classifier.experiment.planning import sure_recipes
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.limits import Room, available_cores, check_room, explained, is_want_of_memory, rooms
from fashion_classifier.models.catalogue import FAMILIES, build, count_parameters, count_weights
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.models.resnet import ResnetConfig
from fashion_classifier.training.loop import fit
from fashion_classifier.training.memory import check_training, training_memory
from fashion_classifier.training.recipes.ladder import recipe_named

GB = 10**9
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of address space and affinity are Linux's")


def system(root: Path, **files: str) -> Path:
    """Write files of the system below a folder; "__" in a name stands for a slash."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def write(root: Path, files: dict[str, str]) -> Path:
    return system(root, **{name.replace("/", "__"): content for name, content in files.items()})


CORES_OF = {
    "nothing is said": ({}, CORES),
    "version 2, of a container": ({"sys/fs/cgroup/cpu.max": "100000 100000\n"}, 1),
    "version 2, less than one": ({"sys/fs/cgroup/cpu.max": "20000 100000\n"}, 1),
    "version 2, no quota": ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, CORES),
    "version 2, in a group": (
        {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "100000 100000\n"},
        1,
    ),
    "version 2, the group above": (
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/cpu.max": "100000 100000\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
        },
        1,
    ),
    "version 2, a path of the host's": (
        {"proc/self/cgroup": "0::/../../docker/1\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"},
        1,
    ),
    "version 1": (
        {
            "proc/self/cgroup": "4:memory:/\n3:cpu,cpuacct:/docker/1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
        1,
    ),
    "version 1, no quota": (
        {
            "proc/self/cgroup": "1:cpu:/\n0::/\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        CORES,
    ),
    "more than there are": ({"sys/fs/cgroup/cpu.max": "9900000 100000\n"}, CORES),
}


@pytest.mark.parametrize("name", CORES_OF)
def test_a_quota_of_processors_is_respected(tmp_path, name):
    files, expected = CORES_OF[name]
    assert available_cores(write(tmp_path, files)) == expected


MEMORY_OF = {
    "nothing is said": ({}, []),
    "a machine": ({"proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 2000 kB\nSwapFree: 500 kB\n"}, [2_560_000]),
    "version 2": (
        {
            "sys/fs/cgroup/memory.max": "1000000",
            "sys/fs/cgroup/memory.current": "700000",
            "sys/fs/cgroup/memory.stat": "anon 500000\ninactive_file 100000\nactive_file 50000\n",
        },
        [450_000],
    ),
    "version 2, no limit": ({"sys/fs/cgroup/memory.max": "max", "sys/fs/cgroup/memory.current": "1"}, []),
    "version 2, more is taken than there may be": (
        {"sys/fs/cgroup/memory.max": "1000", "sys/fs/cgroup/memory.current": "2000"},
        [0],
    ),
    "version 1, no limit": (
        {
            "proc/self/cgroup": "4:memory:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000",
        },
        [],
    ),
    "version 1, its group and the one above": (
        {
            "proc/self/cgroup": "4:memory:/a\n",
            "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "5000",
            "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "1000",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9000",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "8000",
            "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 500\ntotal_active_file 0\n",
        },
        [4000, 1500],
    ),
}


@pytest.mark.parametrize("name", MEMORY_OF)
def test_memory_that_can_be_had_is_what_the_tightest_bound_leaves(tmp_path, name):
    files, expected = MEMORY_OF[name]
    assert [room.n_bytes for room in rooms(write(tmp_path, files)) if not room.address_space] == expected


SAYS_CORES = """
from fashion_classifier.experiment.machine import use_threads
from fashion_classifier.limits import available_cores
from fashion_classifier.serving.settings import ServeConfig
import torch
print(available_cores(), use_threads(0), torch.get_num_threads(), use_threads(64), ServeConfig().n_threads)
"""


def says_cores(enter) -> list[int]:
    """Ask a process of its own, which `enter` has put somewhere before it begins."""
    asked = subprocess.run(
        [sys.executable, "-c", SAYS_CORES], capture_output=True, text=True, check=True, preexec_fn=enter
    )
    return [int(word) for word in asked.stdout.split()]


@ON_LINUX
def test_threads_are_as_many_as_the_cores_that_a_process_may_use():
    one = min(os.sched_getaffinity(0))
    assert says_cores(lambda: os.sched_setaffinity(0, {one})) == [1, 1, 1, 1, 1]


@ON_LINUX
@pytest.mark.skipif(CORES < 2, reason="a quota of one core shows only where there are more")
def test_threads_are_as_many_as_a_real_quota_allows():
    first = Path("/sys/fs/cgroup/cpu")
    mount = first if first.is_dir() else Path("/sys/fs/cgroup")
    group = mount / f"fashion-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        try:
            if (group / "cpu.max").exists():
                (group / "cpu.max").write_text("100000 100000")
            else:
                (group / "cpu.cfs_period_us").write_text("100000")
                (group / "cpu.cfs_quota_us").write_text("100000")
        except OSError as error:
            pytest.skip(f"a control group's quota cannot be set here: {error}")
        enter = group / "cgroup.procs"
        assert says_cores(lambda: enter.write_text(str(os.getpid())))[:4] == [1, 1, 1, 1]
    finally:
        group.rmdir()


CONFIGS = [
    MlpConfig(),
    MlpConfig(hidden=(512, 256)),
    CnnConfig(),
    CnnConfig(stem=24, widths=(48, 128, 192)),
    CnnConfig(widths=(32,)),
    ResnetConfig(),
    ResnetConfig(widths=(40, 80, 160), blocks=2),
    ResnetConfig(widths=(16, 32), early_pooling=False),
    EnsembleConfig(member=CnnConfig(), members=3),
]
SHAPES = [(5, 9, 1), (12, 12, 1), (28, 28, 1), (31, 45, 3), (64, 64, 3), (97, 130, 3), (224, 224, 3)]


def made(config, shape: ImageShape) -> tuple[int, int]:
    """Count an image's numbers on its way through a network, logits aside, and the weights."""
    images = np.zeros((2, *(shape if shape.channels == 3 else shape[:2])), np.uint8)
    network = build(config, shape, 10, channel_statistics(images), seed=0).eval()
    whole: Any = network.body
    body = whole.members[0] if isinstance(config, EnsembleConfig) else whole
    found = []

    def count(module, _inputs, output) -> None:
        if not list(module.children()) and not getattr(module, "inplace", False):
            found.append(output.numel() * (3 if isinstance(module, torch.nn.MaxPool2d) else 1))

    for module in body.modules():
        module.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.from_numpy(images[:1]))
    return sum(found) - 10, count_parameters(network)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_a_network_makes_of_an_image_is_bounded_and_not_by_far(config, shape):
    shape = ImageShape(*shape)
    activations, n_weights = made(config, shape)
    bound = FAMILIES[config.family].activations(config, shape)
    assert activations <= bound <= 4 * activations + 50_000
    assert count_weights(config, shape, 10) == n_weights


def parts_of(n: int, shape: ImageShape) -> Split:
    """Return a split whose images take no room: all are one."""
    image = np.zeros((1, *(shape if shape.channels == 3 else shape[:2])), np.uint8)
    one = blobs(10)
    sets = [
        replace(one, images=np.broadcast_to(image, (k, *image.shape[1:])), labels=np.zeros(k, np.int64))
        for k in (n * 4 // 5, n // 5, n // 6)
    ]
    return Split(sets[0], sets[1], SealedTestSet(sets[2]))


RECIPES = sure_recipes(RunConfig())


def test_what_does_not_fit_is_refused_and_the_size_that_is_named_fits():
    free = [Room(4 * GB, "the limit of this container or control group")]
    with pytest.raises(NotEnoughMemoryError) as told:
        memory.check_memory(parts_of(30_000, ImageShape(224, 224, 3)), RECIPES, "cpu", free=free)
    said = str(told.value)
    assert "4.0 GB can be had: the limit of this container" in said
    assert "Lower the image size (56x56 would do), take fewer images or a smaller family" in said
    memory.check_memory(parts_of(30_000, ImageShape(56, 56, 3)), RECIPES, "cpu", free=free)
    memory.check_memory(parts_of(1_000, ImageShape(224, 224, 3)), RECIPES, "cpu", free=[Room(5 * GB, "a limit")])
    with pytest.raises(NotEnoughMemoryError, match="No image size would do: take fewer images"):
        memory.check_memory(parts_of(600, ImageShape(28, 28, 1)), RECIPES, "cpu", free=[Room(GB // 5, "a limit")])


def test_where_the_system_tells_nothing_nothing_is_claimed():
    memory.check_memory(parts_of(10**9, ImageShape(224, 224, 3)), RECIPES, "cpu", free=[])


def test_a_graphics_card_computes_in_its_own_memory():
    shape = ImageShape(28, 28, 1)
    wide = recipe_named("wide")
    here, there = (training_memory(wide, shape, 1000, 10, device) for device in ("cpu", "cuda"))
    assert there.images == here.images
    assert there.computing < here.computing / 10


def test_the_official_data_fits_into_two_gigabytes():
    memory.check_memory(parts_of(60_000, ImageShape(28, 28, 1)), RECIPES, "cpu", free=[Room(2 * GB, "a limit")])


COMMANDS = {
    "run": ["run", "--trials", 1, "--epochs", 1, "--out", "made"],
    "train": ["train", "--recipe", "one-minute", "--epochs", 1, "--out", "made"],
    "tune": ["tune", "--trials", 1, "--out", "made"],
}


@pytest.fixture
def small_machine(monkeypatch) -> None:
    """A machine on which 100 MB are free."""
    for place in ("experiment.memory", "training.memory", "limits"):
        monkeypatch.setattr(f"fashion_classifier.{place}.rooms", lambda: [Room(100_000_000, "what is free")])


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_say_so_before_they_begin(fashion, npz, small_machine, command):
    result = fashion(*COMMANDS[command], "--data", npz, "--json")
    assert (result.code, result.json["exit_code"]) == (4, 4)
    assert "memory would not suffice" in result.err
    assert "100 MB can be had: what is free" in result.err
    assert not Path("made").exists()


@pytest.mark.slow
def test_a_full_evaluation_says_so_before_it_begins(fashion, put_run, small_machine):
    place = put_run("it")
    result = fashion("evaluate", "--full", place)
    assert (result.code, "memory would not suffice" in result.err) == (4, True)
    assert not (place / "evidence").exists()


ASKING: dict[str, list[object]] = {
    "evaluate": ["evaluate", "it"],
    "compare": ["compare", "it", "it", "--out", "made"],
    "train from a model": ["train", "--from", "it", "--epochs", 1, "--out", "made"],
}


@pytest.mark.parametrize("command", ASKING)
def test_asking_models_and_training_one_on_says_so_before_the_test_set_is_opened(
    fashion, put_run, npz, small_machine, command
):
    record = put_run("it") / "run.json"
    before = record.read_bytes()
    result = fashion(*ASKING[command], "--data", npz, "--json")
    assert (result.code, result.json["exit_code"]) == (4, 4)
    assert "memory would not suffice" in result.err
    assert "100 MB can be had: what is free" in result.err
    assert "smaller" in result.err
    assert record.read_bytes() == before
    assert not list(Path().glob("made*"))


def test_models_are_asked_about_as_many_images_as_fit(trained):
    model = load_model(trained / "model")
    free = [Room(GB, "a limit")]
    memory.check_judging([model, model], 500_000, free=free)
    with pytest.raises(NotEnoughMemoryError, match="to ask a mlp about 256 images of 12x12 grey at a time") as told:
        memory.check_judging([model, model], 5_000_000, free=free)
    assert str(told.value).endswith("Take fewer test images or a smaller model, or free memory.")
    memory.check_judging([model], 10**12, free=[])


def test_resuming_says_so_and_leaves_the_run_as_it_was(fashion, npz, small_machine, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("fashion_classifier.experiment.memory.rooms", list)
        patch.setattr("fashion_classifier.training.memory.rooms", lambda: [Room(1, "nothing")])
        assert fashion("run", "--data", npz, "--trials", 0, "--epochs", 1, "--out", "it").code == 4
    before = (Path("it") / "run.json").read_bytes()
    assert fashion("run", "--resume", "it").code == 4
    assert (Path("it") / "run.json").read_bytes() == before


def test_predicting_says_so_before_it_begins(fashion, put_run, monkeypatch):
    place = put_run("it")
    from PIL import Image

    Image.fromarray(np.zeros((12, 12), np.uint8)).save("a.png")
    monkeypatch.setattr("fashion_classifier.limits.rooms", lambda: [Room(1_000_000, "what is free")])
    result = fashion("predict", "a.png", "--model", place)
    assert (result.code, "predicting for 1 images" in result.err) == (4, True)


def test_data_that_does_not_fit_is_not_read(fashion, npz, monkeypatch):
    monkeypatch.setattr("fashion_classifier.limits.rooms", lambda: [Room(10_000, "what is free")])
    result = fashion("run", "--data", npz, "--trials", 0, "--epochs", 1)
    assert (result.code, "10 kB can be had: what is free" in result.err) == (4, True)


N_ROWS, N_PIXELS = 10_000, 784
HEADER = ",".join(["label", *(f"pixel{number}" for number in range(N_PIXELS))]) + "\n"
ROWS = "".join(f"{label}{',7' * N_PIXELS}\n" for label in (0, 1)) * (N_ROWS // 2)


def write_plain_csv(folder: Path) -> None:
    (folder / "train.csv").write_text(HEADER + ROWS)


def write_quoted_csv(folder: Path) -> None:
    (folder / "train.csv").write_text(HEADER + ROWS.replace("\n0,7,", '\n0,"7",'))


def write_six_parts(folder: Path) -> None:
    for number in range(1, 7):
        rows = ROWS[: len(ROWS) // 100].replace(",7", f",{number}")
        (folder / f"Fashion Train Data {number}.csv").write_text(HEADER + rows)


def write_parquet(folder: Path, images: Any) -> None:
    import polars as pl

    table = pl.DataFrame({"image": images, "label": np.arange(len(images)) % 2})
    table.write_parquet(folder / "train.parquet", row_group_size=500)


def write_pixel_values(folder: Path) -> None:
    write_parquet(folder, np.full((N_ROWS, 28, 28), 7, np.uint8))


def write_encoded_pictures(folder: Path) -> None:
    write_parquet(folder, [bytes(N_PIXELS)] * N_ROWS)


def write_shards(folder: Path) -> None:
    for number in range(6):
        write_parquet(folder, np.full((40, 28, 28), number, np.uint8))
        (folder / "train.parquet").rename(folder / f"train-{number:05}-of-00006.parquet")


@pytest.mark.parametrize("write", [write_plain_csv, write_quoted_csv, write_pixel_values, write_encoded_pictures])
def test_a_table_that_does_not_fit_is_refused_while_it_is_read(tmp_path, monkeypatch, write):
    import tracemalloc

    write(tmp_path)
    monkeypatch.setattr("fashion_classifier.limits.rooms", lambda: [Room(3_000_000, "what is free")])
    tracemalloc.start()
    try:
        with pytest.raises(NotEnoughMemoryError) as told:
            find_source(tmp_path).read()
        assert tracemalloc.get_traced_memory()[1] < N_ROWS * N_PIXELS
    finally:
        tracemalloc.stop()
    name = next(tmp_path.iterdir()).name
    assert str(told.value).startswith(f"{name}: its images take ")
    assert str(told.value).endswith("and 3 MB can be had: what is free. Take fewer or smaller images, or free memory.")


@pytest.mark.parametrize("write", [write_six_parts, write_shards])
def test_files_that_fit_alone_are_not_put_together_where_they_do_not_fit(tmp_path, monkeypatch, write):
    write(tmp_path)
    monkeypatch.setattr("fashion_classifier.limits.rooms", lambda: [Room(150_000, "what is free")])
    with pytest.raises(
        NotEnoughMemoryError, match=r"its images, put together, take \d+ kB of memory, and 150 kB can be"
    ):
        find_source(tmp_path).read()


@pytest.mark.parametrize("write", [write_plain_csv, write_quoted_csv, write_pixel_values])
def test_a_table_is_read_where_it_fits(tmp_path, monkeypatch, write):
    write(tmp_path)
    monkeypatch.setattr("fashion_classifier.limits.rooms", lambda: [Room(25_000_000, "what is free")])
    assert find_source(tmp_path).read().training.images.shape == (N_ROWS, 28, 28)


@pytest.mark.slow
def test_a_training_that_does_not_fit_fails_alone_and_the_search_goes_on(fashion, npz, monkeypatch):
    def no_room_for_residual(recipe, *others) -> None:
        if recipe.model.family == "resnet":
            raise NotEnoughMemoryError("Training a resnet takes too much.")
        check_training(recipe, *others)

    monkeypatch.setattr("fashion_classifier.training.train.check_training", no_room_for_residual)
    families = ("--family", "resnet", "--family", "mlp")
    result = fashion("run", "--data", npz, "--trials", 3, "--epochs", 1, *families, "--out", "it", "--json")
    assert result.code == 0, result.err
    assert "NotEnoughMemoryError: Training a resnet takes too much." in result.err
    assert result.json["optimized"]["family"] == "mlp"


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["Chosen configuration", "Retraining on training + cross-validation data"])
@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")]
)
def test_memory_that_ends_in_a_stage_leaves_the_best_so_far_and_says_what_to_lower(
    fashion, npz, monkeypatch, stage, error
):
    def fit_but_one(*arguments, task, **settings):
        if task == stage:
            raise error
        return fit(*arguments, task=task, **settings)

    monkeypatch.setattr("fashion_classifier.training.train.fit", fit_but_one)
    result = fashion("run", "--data", npz, "--trials", 1, "--epochs", 1, "--family", "mlp", "--out", "it", "--json")
    assert result.code == 0, result.err
    assert "not enough memory" in result.err
    assert "Lower the image size" in result.err
    assert fashion("predict", npz, "--model", "it").code == 0


@pytest.mark.slow
def test_memory_that_ends_before_there_is_a_model_ends_the_run_which_can_be_continued(fashion, npz, monkeypatch):
    with monkeypatch.context() as patch:

        def fit_none(*_, **__):
            raise MemoryError

        patch.setattr("fashion_classifier.training.train.fit", fit_none)
        result = fashion("run", "--data", npz, "--trials", 0, "--epochs", 1, "--out", "it", "--json")
    assert (result.code, result.json["exit_code"]) == (4, 4)
    assert "There was not enough memory" in result.err
    assert "Lower the image size" in result.err
    assert "--resume" in result.err
    assert fashion("run", "--resume", "it", "--json").code == 0


def allocated_by_torch() -> None:
    torch.empty(1 << 60, dtype=torch.uint8)


def allocated_by_numpy() -> None:
    np.empty(1 << 60, np.uint8)


@pytest.mark.parametrize("allocate", [allocated_by_torch, allocated_by_numpy])
def test_what_libraries_say_for_want_of_memory_is_known(allocate):
    with pytest.raises((RuntimeError, MemoryError)) as failed:
        allocate()
    assert is_want_of_memory(failed.value)
    assert "Lower the image size" in explained(failed.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), True),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_other_failures_are_not_taken_for_it(error, expected):
    assert is_want_of_memory(error) is expected
    assert ("Lower" in explained(error)) is expected


def test_room_is_asked_for_before_it_is_made():
    with pytest.raises(NotEnoughMemoryError, match=r"^9 images take 10,000,000,000.0 GB of memory, and "):
        check_room(10**19, "9 images")


def fashion_within(n_bytes: int, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a process that may have so much address space."""
    return subprocess.run(
        [sys.executable, "-m", "fashion_classifier", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes)),
    )


@ON_LINUX
@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [60, 150, 400, 900, 1300, 1600, 2000])
def test_too_little_address_space_is_an_error_with_its_code(tmp_path, megabytes):
    data = write_npz(tmp_path / "things.npz")
    command = ("run", "--data", data, "--trials", 1, "--epochs", 1, "--threads", 1, "--out", "made")
    result = fashion_within(megabytes * 10**6, *command, cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr
    assert "address space" in result.stderr
    assert not (tmp_path / "made").exists()


MEASURED = """
import json, os, sys
from pathlib import Path
def memory(name):
    return next(int(line.split()[1]) * 1024 for line in Path("/proc/self/status").open() if line.startswith(name))
import tests.conftest
from fashion_classifier.experiment import memory as checks, run as running
from fashion_classifier.experiment.machine import use_threads
from fashion_classifier.experiment.settings import RunConfig
data, out, family, epochs = sys.argv[1:]
found = {}
needed = checks._needed
def noted(*given, **settings):
    images, computing, what = needed(*given, **settings)
    found.setdefault("estimate", images + computing + checks.PROGRAM)
    found.setdefault("before", memory("VmRSS"))
    return images, computing, what
checks._needed = noted
config = RunConfig(data=data, minutes=None, trials=1, epochs=float(epochs), families=(family,), threads=1)
running.run(config, Path(out))
print(json.dumps({**found, "most": memory("VmHWM")}))
"""


def measured(program: str, *arguments: object) -> Any:
    """Run a program in a process of its own, and return what it tells of its memory."""
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@ON_LINUX
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("family", "n", "size", "epochs"),
    [
        ("mlp", 300, 12, 1),
        ("cnn", 3000, 28, 0.5),
        ("resnet", 1500, 28, 0.5),
        ("mlp", 600, 160, 0.2),
        ("cnn", 800, 160, 0.2),
    ],
)
def test_a_run_takes_no_more_than_was_said_and_not_much_less(tmp_path, family, n, size, epochs):
    images = blobs(n, size=size, colour=size > 28)
    tests = blobs(n // 6, size=size, colour=size > 28, seed=1)
    data = tmp_path / "things.npz"
    np.savez(data, x_train=images.images, y_train=images.labels, x_test=tests.images, y_test=tests.labels)
    told = measured(MEASURED, data, tmp_path / "made", family, epochs)
    taken = told["most"] - told["before"]
    assert taken <= told["estimate"] <= 5 * taken, (taken, told)


JUDGED = """
import json, sys
from pathlib import Path
def memory(name):
    return next(int(line.split()[1]) * 1024 for line in Path("/proc/self/status").open() if line.startswith(name))
import tests.conftest
from fashion_classifier.experiment import judging, memory as checks
from fashion_classifier.limits import Room
from fashion_classifier.progress import silent
from fashion_classifier.reporting.comparison_page import write_comparison
data, made, out = sys.argv[1:]
found = {}
check = judging.check_judging
def noted(models, n_images):
    try:
        check(models, n_images, free=[Room(0, "nothing")])
    except checks.NotEnoughMemoryError as error:
        found["told"] = str(error)
    found["before"] = memory("VmRSS")
judging.check_judging = noted
opened = judging.open_model(Path(made)), judging.open_model(Path(made))
prepared = judging.prepare_for(opened[0], data, group_by=None, seed=0, used_s=0.0, progress=silent)
compared = judging.compare_on_test(*opened, prepared.collection, prepared.split, progress=silent)
write_comparison(Path(out), compared.results, compared.predictions, compared.gallery)
print(json.dumps({**found, "most": memory("VmHWM")}))
"""


@ON_LINUX
@pytest.mark.slow
def test_a_comparison_takes_no_more_than_was_said_and_not_much_less(tmp_path, trained):
    images, tests = blobs(300), blobs(60_000, seed=1)
    data, classes = tmp_path / "things.npz", np.array(["kind 0", "kind 1", "kind 2"])
    np.savez(
        data,
        x_train=images.images,
        y_train=images.labels,
        x_test=tests.images,
        y_test=tests.labels,
        classes=classes,
    )
    told = measured(JUDGED, data, trained / "model", tmp_path / "made")
    estimate = float(re.search(r"up to ([0-9.,]+) MB more", told["told"])[1].replace(",", "")) * 1e6
    taken = told["most"] - told["before"]
    assert taken <= estimate <= 5 * taken, (taken, told)
