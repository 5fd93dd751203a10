"""Whether the models that come with the program are whole, and whether every runtime answers as it should."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fashion_classifier.errors import FashionError
from fashion_classifier.experiment.checkup.finding import Finding, Problem
from fashion_classifier.experiment.checkup.packages import DISTRIBUTION
from fashion_classifier.inference.agreement import compare_logits, trial_images
from fashion_classifier.inference.manifest import read_manifest
from fashion_classifier.inference.runtimes.base import RUNTIMES, Logits, RuntimeName
from fashion_classifier.inference.runtimes.opening import open_runtime
from fashion_classifier.inference.shelf import model_facts, shipped_folders

PACKAGES: dict[RuntimeName, str] = {"torch": "torch", "onnx": "onnxruntime", "openvino": "openvino"}
EXTRAS: set[RuntimeName] = {"openvino"}
REINSTALL = f"pip install --force-reinstall --no-deps {DISTRIBUTION}"


def models() -> Finding:
    """Tell which models come with the program, and whether each of their files is what the manifest says."""
    lines, problems = list[str](), list[Problem]()
    facts: dict[str, Any] = {}
    for folder in shipped_folders():
        fault = _fault_of(folder)
        accuracy = None if fault else model_facts(folder).accuracy
        facts[folder.name] = {"whole": not fault, "accuracy": None if accuracy is None else accuracy.value}
        if fault:
            problems.append(Problem(fault, REINSTALL))
        else:
            known = "" if accuracy is None else f", {100 * accuracy.value:.2f} % of the test images"
            lines.append(f"{folder.name}: whole{known}")
    if not facts:
        problems.append(Problem("No model comes with this installation.", REINSTALL))
    return Finding(said="\n".join(lines), facts=facts, problems=tuple(problems))


def runtimes() -> Finding:
    """Tell which runtimes there are, and let each answer for a few images of a shipped model as ONNX Runtime does."""
    folder = next((folder for folder in shipped_folders() if not _fault_of(folder)), None)
    lines, problems = list[str](), list[Problem]()
    facts: dict[str, Any] = {}
    reference: Logits | None = None
    for name in sorted(RUNTIMES, key=lambda name: name != "onnx"):  # with which the others are compared
        package = PACKAGES[name]
        if find_spec(package) is None:
            facts[name] = {"version": None, "answers": None}
            how = f" (pip install '{DISTRIBUTION}[{name}]')" if name in EXTRAS else ""  # of others the libraries tell
            lines.append(f"{name}: not installed{how}")
            continue
        its_version = version(package)
        facts[name] = {"version": its_version, "answers": None}
        lines.append(f"{name}: {package} {its_version}")
        if folder is not None:
            logits, fault = _asked(name, folder, reference)
            reference = logits if name == "onnx" else reference
            facts[name]["answers"] = not fault
            lines[-1] += ", answers" if not fault else ""
            if fault:
                problems.append(
                    Problem(f"{package} {its_version} {fault}.", f"pip install --force-reinstall {package}")
                )
    return Finding(said="\n".join(lines), facts=facts, problems=tuple(problems))


def _fault_of(folder: Path) -> str:
    """Say what is wrong with a shipped model's files; nothing where they are whole."""
    try:
        read_manifest(folder).check()
        model_facts(folder)
    except FashionError as error:
        return str(error)
    return ""


def _asked(name: RuntimeName, folder: Path, reference: Logits | None) -> tuple[Logits | None, str]:
    """Let a runtime answer, and say what is wrong with that."""
    try:
        logits = open_runtime(folder, name, "float32").logits(trial_images(model_facts(folder).shape))
    except Exception as error:  # noqa: BLE001 - whatever a broken library does is what is told
        return None, f"does not answer ({type(error).__name__}: {error})"
    if reference is not None and not (agreement := compare_logits(reference, logits)).holds:
        return logits, f"answers otherwise than ONNX Runtime: {agreement}"
    return logits, ""
