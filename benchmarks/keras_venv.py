"""Keras's own environment, `.venv-keras` beside the project's: made when it is first needed, then kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from common import HERE, ROOT

FOLDER = ROOT / ".venv-keras"
REQUIREMENTS = HERE / "keras-requirements.txt"
KERAS_ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
MARK = FOLDER / "installed.txt"  # what the environment was made from


def keras_python() -> str:
    """Return the Python of the environment, after making it anew if it is missing or made from other requirements."""
    python = FOLDER / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (MARK.is_file() and MARK.read_text() == REQUIREMENTS.read_text()):
        print(f"Making {FOLDER} (TensorFlow: 1.7 GB)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--requirement", str(REQUIREMENTS)], check=True)
        MARK.write_text(REQUIREMENTS.read_text())
    return str(python)


def keras_command(procedure: str, pixels: Path, seed: int) -> list[str]:
    """Return the command that runs one of the procedures of ``keras_models.py``."""
    return [keras_python(), str(HERE / "keras_models.py"), procedure, str(pixels), str(seed)]
