"""Every module can be the first that is imported: none needs another to have been imported before it."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORT_EACH = """
import importlib, pkgutil, sys
import fashion_classifier

for found in pkgutil.walk_packages(fashion_classifier.__path__, "fashion_classifier."):
    for loaded in [name for name in sys.modules if name.split(".")[0] == "fashion_classifier"]:
        del sys.modules[loaded]
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""


@pytest.mark.slow
def test_every_module_can_be_imported_first():
    ended = subprocess.run([sys.executable, "-c", IMPORT_EACH], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
