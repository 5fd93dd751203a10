"""What is installed is pinned, known by its hash, and newer than what is known to be vulnerable."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# Above what was known to be vulnerable when each line was written; `make audit` asks what is known today.
OF_PYPROJECT = {
    "torch": "2.10",
    "pillow": "12.3",
    "onnx": "1.21",
    "starlette": "1.3.1",
    "python-multipart": "0.0.27",
    "jinja2": "3.1.6",  # CVE-2025-27516
}
OF_OTHERS = {
    "h11": "0.16.0",  # CVE-2025-43859
    "urllib3": "2.6.0",  # CVE-2025-66418, CVE-2025-66471
    "requests": "2.32.4",  # CVE-2024-47081
    "fonttools": "4.60.2",  # CVE-2025-66034
    "filelock": "3.20.1",  # CVE-2025-68146
}


def pins(name: str) -> dict[str, str]:
    """Return the version that a file of requirements pins of each package."""
    lines = (ROOT / name).read_text().splitlines()
    found = [line.split(";")[0].rstrip("\\ ").split("==") for line in lines if "==" in line and line[0].isalnum()]
    return {canonicalize_name(package): version for package, version in found}


CONSTRAINTS, LOCK = pins("constraints.txt"), pins("requirements-dev.txt")


def required() -> Iterator[tuple[str, Requirement]]:
    """Go through all that pyproject.toml asks for, and where it does."""
    groups = {"dependencies": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    groups.pop("all")
    for group, lines in groups.items():
        yield from ((group, Requirement(line)) for line in lines)


def test_all_extras_are_in_all():
    [everything] = [Requirement(line) for line in PROJECT["optional-dependencies"]["all"]]
    assert everything.name == PROJECT["name"]
    assert everything.extras == PROJECT["optional-dependencies"].keys() - {"all", "dev"}


def least(requirement: Requirement) -> Version:
    [bound] = [specifier.version for specifier in requirement.specifier if specifier.operator == ">="]
    return Version(bound)


@pytest.mark.parametrize("package", OF_PYPROJECT)
def test_what_is_asked_for_is_above_known_vulnerabilities(package):
    wanted = Version(OF_PYPROJECT[package])
    bounds = {group: least(line) for group, line in required() if canonicalize_name(line.name) == package}
    assert bounds, package
    assert all(bound >= wanted for bound in bounds.values()), bounds


@pytest.mark.parametrize("package", OF_PYPROJECT | OF_OTHERS)
def test_what_is_pinned_is_above_known_vulnerabilities(package):
    wanted = Version((OF_PYPROJECT | OF_OTHERS)[package])
    assert Version(CONSTRAINTS[package]) >= wanted


def test_all_that_is_asked_for_is_pinned_within_its_bounds():
    for group, line in required():
        assert line.specifier.contains(CONSTRAINTS[canonicalize_name(line.name)]), (group, str(line))


def test_the_hashed_versions_are_those_that_are_pinned():
    assert {package: version for package, version in LOCK.items() if CONSTRAINTS.get(package) != version} == {}
    assert "torch" not in LOCK
    assert not [package for package in LOCK if re.match("nvidia|cuda|triton", package)]


def test_every_version_is_hashed():
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements-dev.txt").read_text().strip())
    assert len(blocks) == len(LOCK) > 90
    for block in blocks:
        first, *hashes = block.replace(" \\", "").splitlines()
        assert hashes, first
        assert all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}", line) for line in hashes), first


def test_nothing_is_needed_that_is_not_hashed():
    """As far as packages are installed here; torch, and what it needs of CUDA, aside."""
    waiting = [line for group, line in required() if group in {"dependencies", "dev"}]
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        package = canonicalize_name(requirement.name)
        if package in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(package)
        try:
            waiting += [Requirement(line) for line in metadata.requires(package) or ()]
        except metadata.PackageNotFoundError:
            continue
    assert len(seen) > 80
    assert {package for package in seen if not re.match("nvidia|cuda|triton", package)} - set(LOCK) == {"torch"}


def make(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = ["make", "--no-print-directory", *arguments, f"VENV={folder / 'venv'}"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


@needs_make
def test_an_installation_checks_hashes(tmp_path):
    done = make("--dry-run", "install", folder=tmp_path)
    [hashed] = [line for line in done.stdout.splitlines() if "requirements-dev.txt" in line]
    assert "--require-hashes --no-deps" in hashed
    [ours] = [line for line in done.stdout.splitlines() if "--editable" in line]
    assert "--no-build-isolation" in ours
    assert done.stdout.index(hashed) < done.stdout.index(ours)


@needs_make
@pytest.mark.parametrize(
    ("code", "words"), [(0, "No known vulnerabilities found"), (1, "could not be audited"), (1, "PYSEC-2026-1")]
)
def test_an_audit_that_did_not_find_all_sound_fails_and_says_so(tmp_path, code, words):
    auditor = tmp_path / "auditor"
    auditor.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv, {words!r})\nsys.exit({code})\n")
    auditor.chmod(0o755)
    done = make("audit", f"AUDIT={auditor}", folder=tmp_path)
    assert words in done.stdout
    assert "'--strict'" in done.stdout, "else what could not be asked for is passed over"
    assert "'constraints.txt'" in done.stdout
    assert bool(done.returncode) == bool(code)
    assert ("This is no clean bill" in done.stderr) == bool(code)
