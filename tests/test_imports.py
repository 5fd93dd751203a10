"""Each module can be the first of the package to be imported: no circle closes, whatever the order."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys

import pytest

import fashion_classifier

# What is heavy is imported once; each module is then imported by a fork that has none of ours.
FORKS = """
import importlib, os, sys
import numpy, scipy, torch, optuna, sklearn, matplotlib, fastapi, polars, onnx, onnxruntime
broken = []
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"{name}: {error}", flush=True)
            os._exit(1)
        os._exit(0)
    broken += [name] if os.waitpid(child, 0)[1] else []
sys.exit(len(broken) > 0)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_every_module_can_be_imported_first():
    names = [
        module.name
        for module in pkgutil.walk_packages(fashion_classifier.__path__, "fashion_classifier.")
        if module.name != "fashion_classifier.__main__"
    ]
    assert len(names) > 200
    done = subprocess.run([sys.executable, "-c", FORKS, *names], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
