"""What `fashion doctor` looks at, a topic a function: what is told, and what is a problem."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.conftest import write_npz

from fashion_classifier.experiment.checkup import answering, computing, hardware, holdings, packages
from fashion_classifier.inference import shelf
from fashion_classifier.inference.runtimes.opening import open_runtime

SHIPPED = shelf.SHIPPED


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch) -> Path:
    """Where the models are that come with the program: none, until a test puts some there."""
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path / "shipped")
    return tmp_path / "shipped"


@pytest.fixture
def npz(tmp_path: Path, monkeypatch) -> Path:
    """A file of data, in a working folder without any."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("FASHION_DATA", raising=False)
    return write_npz(tmp_path / "things.npz")


def told(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_a_processor_is_told_by_the_instructions_that_matter(tmp_path):
    told(
        tmp_path,
        "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: A Chip\nflags\t\t: fpu avx2 amx_bf16\n\nprocessor\t: 1\n",
    )
    found = hardware.processor(tmp_path)
    assert found.facts["name"] == "A Chip"
    assert found.facts["instructions"] == ["AVX2", "AMX bfloat16"]
    assert "AVX2, AMX bfloat16" in found.said


def test_a_quota_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(4)), raising=False)
    assert hardware.cores(tmp_path).facts == {"usable": 4, "allowed": 4, "present": 8}
    told(tmp_path, "sys/fs/cgroup/cpu.max", "200000 100000")
    found = hardware.cores(tmp_path)
    assert found.facts["usable"] == 2
    assert found.said == (
        "2 of 8 may be used (this process is kept to 4; a quota of its control group, as of a container, gives no more)"
    )


def test_too_little_memory_is_a_problem(tmp_path):
    told(tmp_path, "proc/meminfo", "MemTotal: 900000 kB\nMemAvailable: 800000 kB\n")
    [problem] = hardware.memory(tmp_path).problems
    assert "Only 819 MB can be had" in problem.what
    told(tmp_path, "proc/meminfo", "MemTotal: 90000000 kB\nMemAvailable: 80000000 kB\n")
    assert hardware.memory(tmp_path).problems == ()


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not [problem for problem in hardware.disk().problems if "written" in problem.what]
    monkeypatch.setattr("os.access", lambda path, _mode: Path(path).absolute() == tmp_path)
    [problem] = [problem for problem in hardware.disk().problems if "written" in problem.what]
    assert "$FASHION_CACHE" in problem.remedy


REQUIRED = [
    "numpy>=2.0",
    "typer>=999",
    'colorama>=0.4; sys_platform == "nowhere"',
    'pytest>=8; extra == "one"',
    'pytest>=8; extra == "two"',
    'nothing-of-that-name>=1; extra == "two"',
    'nothing-of-that-name>=1; extra == "three"',
    'typer>=999; extra == "four"',
    'ruff; extra == "dev"',
]


def test_libraries_and_extras_are_compared_with_what_is_asked_for(monkeypatch):
    monkeypatch.setattr(packages, "requires", lambda _name: REQUIRED)
    libraries = packages.libraries()
    assert set(libraries.facts) == {"numpy", "typer"}
    [problem] = libraries.problems
    assert "typer>=999 is needed" in problem.what
    assert problem.remedy == "pip install --upgrade 'fashion-images-classifier'"
    extras = packages.extras()
    assert extras.facts == {"one": "installed", "two": "missing", "three": "missing", "four": "in part"}
    [problem] = extras.problems
    assert problem.remedy == "pip install --upgrade 'fashion-images-classifier[four]'"
    assert "not installed: two, three (pip install 'fashion-images-classifier[two]')" in extras.said


def test_a_library_that_cannot_be_imported_or_ends_the_program_is_a_problem_and_hides_no_other(monkeypatch, tmp_path):
    (tmp_path / "typer.py").write_text("import os\nprint('[]')\nos.abort()\n")
    (tmp_path / "rich.py").write_text("raise ImportError('librich.so is missing')\n")
    (tmp_path / "jinja2.py").write_text("raise SystemExit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(packages, "requires", lambda _name: ["typer", "rich", "packaging", "jinja2"])
    found = packages.libraries()
    assert [problem.what for problem in found.problems] == [
        "typer cannot be imported: the process that imports it is ended by SIGABRT.",
        "rich cannot be imported: ImportError: librich.so is missing.",
        "jinja2 cannot be imported: the process that imports it ends with exit code 3.",
    ]
    assert found.problems[0].remedy == "pip install --force-reinstall typer"
    assert found.deadly == ("typer", "jinja2")
    assert found.said == "3 of 4 do not serve"
    monkeypatch.setattr(packages, "requires", lambda _name: ["packaging", "nothing-of-that-name", "nor-of-this"])
    assert packages.libraries().said == "2 of 3 do not serve"


def test_the_shipped_models_are_read_to_the_last_byte(shipped):
    assert answering.models().problems[0].what == "No model comes with this installation."
    shutil.copytree(SHIPPED, shipped)
    assert "fashion-mnist: whole, 95." in answering.models().said
    weights = shipped / "fashion-mnist/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    [problem] = answering.models().problems
    assert "weights.safetensors" in problem.what
    assert answering.models().facts["fashion-mnist"]["whole"] is False


def test_a_runtime_that_answers_otherwise_or_not_at_all_is_a_problem(monkeypatch, shipped):
    shutil.copytree(SHIPPED, shipped)
    real = open_runtime

    def opened(folder, name, precision):
        if name == "torch":
            raise OSError("libtorch.so is missing")
        runtime = real(folder, "onnx", precision)
        if name == "openvino":
            logits = runtime.logits
            monkeypatch.setattr(runtime, "logits", lambda images: -logits(images))
        return runtime

    monkeypatch.setattr(answering, "open_runtime", opened)
    monkeypatch.setattr(answering, "version", lambda _name: "1.0")
    monkeypatch.setattr(answering, "find_spec", lambda _name: object())
    found = answering.runtimes()
    assert {name: facts["answers"] for name, facts in found.facts.items()} == {
        "onnx": True,
        "torch": False,
        "openvino": False,
    }
    not_at_all, otherwise = found.problems
    assert "OSError: libtorch.so is missing" in not_at_all.what
    assert "answers otherwise than ONNX Runtime" in otherwise.what


def test_a_runtime_that_is_not_installed_is_no_problem(monkeypatch, shipped):
    real = find_spec
    monkeypatch.setattr(answering, "find_spec", lambda name: None if name in {"openvino", "torch"} else real(name))
    found = answering.runtimes()
    assert found.problems == ()
    lines = found.said.splitlines()
    assert "openvino: not installed (pip install 'fashion-images-classifier[openvino]')" in lines
    assert "torch: not installed" in lines  # of which there is no extra


def test_data_is_found_without_being_read_or_fetched(npz, monkeypatch):
    assert "would be downloaded" in holdings.data().said
    monkeypatch.setenv("FASHION_DATA", str(npz))
    assert holdings.data().facts == {"place": str(npz), "form": "NPZ arrays", "named_in_environment": str(npz)}
    monkeypatch.setenv("FASHION_DATA", "nowhere")
    [problem] = holdings.data().problems
    assert "nowhere: there is no such file or folder" in problem.what
    monkeypatch.setenv("FASHION_DATA", "sample")
    assert holdings.data().facts["place"] == "sample"
    monkeypatch.setenv("FASHION_DATA", "fashion-mnist")
    assert "would be downloaded" in holdings.data().said


def test_a_card_that_pytorch_cannot_use_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert computing.graphics(tmp_path).problems == ()
    told(tmp_path, "proc/driver/nvidia/version", "NVRM version: 550")
    [problem] = computing.graphics(tmp_path).problems
    assert "There is an NVIDIA driver" in problem.what
