"""Nothing in the package can turn what it reads into code: seen in the syntax tree of every module, not in its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fashion_classifier

SOURCE = Path(fashion_classifier.__file__).parent

MODULES = {  # of which the whole purpose, or the way to read, is to make objects or code of bytes
    *("pickle", "_pickle", "cPickle", "pickletools", "marshal", "shelve", "dbm", "copyreg", "runpy", "code", "codeop"),
    *("dill", "cloudpickle", "jsonpickle", "joblib", "skops", "imp", "zipimport"),
}
NAMES = {
    *("eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec", "builtins.compile"),
    *(
        "builtins.__import__",
        "importlib.import_module",
        "importlib.__import__",
        "importlib.util.spec_from_file_location",
    ),
    *("torch.load", "torch.jit.load", "torch.hub", "torch.package", "torch.export.load", "torch.serialization.load"),
    *("numpy.lib.npyio.NpzFile", "numpy.fromregex", "pandas.read_pickle", "sklearn.externals"),
    *("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "yaml.Loader", "yaml.UnsafeLoader"),
    *("onnx.load", "onnx.load_model", "onnx.load_external_data_for_model"),  # they follow paths that a file names
    *("os.system", "os.popen", "shutil.unpack_archive", "tarfile.open", "tarfile.TarFile"),
    *("multiprocessing.connection.Listener", "multiprocessing.connection.Client", "multiprocessing.managers"),
}
METHODS = {
    *("extractall", "read_pickle", "to_pickle", "load_module", "exec_module", "add_safe_globals"),
    *("recv", "deserialize"),  # of a pipe between processes, and of Polars: both unpickle
    *("load_library", "LoadLibrary", "register_custom_ops_library", "add_extension"),  # machine code, by its path
}
SETTINGS = {"allow_pickle": {False}, "shell": {False}, "weights_only": {True}, "trust_remote_code": {False}}
PICKLED = {
    "numpy.load",
    "numpy.lib.format.read_array",
}  # which must say that nothing is unpickled, though that is what it does by itself

# Where a name is needed, with the reason why what it does is safe there.
ALLOWED = {
    ("__init__.py", "importlib.import_module"): "the package's own modules, named in a table beside it",
    ("cli/deferred.py", "importlib.import_module"): "the command's own modules, named in the list of commands",
    ("cli/doctor.py", "importlib.import_module"): "the topics' own modules, named in a table beside it",
    ("inference/export/torch_program.py", "torch.export.load"): "after it was seen that nothing in the file is pickled",
}


def faults(source: str) -> Iterator[tuple[int, str]]:
    """Go through what is forbidden in a module: the line, and what it is."""
    tree = ast.parse(source)
    known = dict(imported(tree))
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        for name in named(node, known):
            whole = [name[:end] for end in (*ends(name), len(name))]
            yield from ((line, part) for part in whole if part in NAMES or part in MODULES)
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            yield line, node.attr
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield line, "*"  # what comes in is not seen
        if isinstance(node, ast.Call):
            yield from ((line, what) for what in called(node, known))


def imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Go through the names that imports bind, and what each stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module or ''}.{alias.name}"


def named(node: ast.AST, known: dict[str, str]) -> Iterator[str]:
    """Go through the full names that a node stands for or brings in."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Name | ast.Attribute) and (name := dotted(node, known)):
        if name not in MODULES:  # which are found where they are imported; else it is a variable
            yield name
    elif isinstance(node, ast.Call) and dotted(node.func, known) in {"getattr", "operator.attrgetter"}:
        texts = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        of = dotted(node.args[0], known) if node.args else None
        yield from (f"{of}.{text}" for text in texts)


def dotted(node: ast.AST, known: dict[str, str]) -> str | None:
    """Return the full name of `a.b.c`, with what `a` was imported as; None for anything else."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (of := dotted(node.value, known)):
        return f"{of}.{node.attr}"
    return None


def ends(name: str) -> Iterator[int]:
    """Go through where a dotted name could end."""
    return (place for place, letter in enumerate(name) if letter == ".")


def called(node: ast.Call, known: dict[str, str]) -> Iterator[str]:
    """Say what is wrong with the settings of a call."""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    for setting, right in SETTINGS.items():
        value = given.get(setting)
        if value is not None and not (isinstance(value, ast.Constant) and value.value in right):
            yield setting
    if dotted(node.func, known) in PICKLED and "allow_pickle" not in given:
        yield "allow_pickle"


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def test_nothing_that_is_read_can_become_code():
    found = {
        (str(path.relative_to(SOURCE)), what): f"{path}, line {line}: {what}"
        for path in modules()
        for line, what in faults(path.read_text(encoding="utf-8"))
    }
    assert len(modules()) > 300
    assert [said for key, said in found.items() if key not in ALLOWED] == []
    assert set(ALLOWED) <= set(found), "an exception that is no longer needed"


PLANTED = [
    "import pickle",
    "import pickle as data",
    "from pickle import loads",
    "from pickle import loads as read\nread(content)",
    "def f():\n    import _pickle",
    "import marshal",
    "import shelve",
    "import joblib",
    "from joblib import load",
    "import dill",
    "import cloudpickle as c",
    "import torch\ntorch.load(path)",
    "import torch as t\nt.load(path, weights_only=True)",
    "from torch import load",
    "from torch import load as fetch",
    "from torch import jit\njit.load(path)",
    "import torch\nread = torch.load",
    "import torch\ngetattr(torch, 'load')(path)",
    "import torch\ntorch.hub.load('a', 'b')",
    "from torch import hub",
    "from torch.hub import load_state_dict_from_url",
    "import torch.package",
    "import torch\ntorch.serialization.load(path)",
    "from torch.export import load",
    "import torch\ntorch.serialization.add_safe_globals([object])",
    "eval(text)",
    "list(map(eval, texts))",
    "exec(text)",
    "import builtins\nbuiltins.exec(text)",
    "import builtins as b\nb.eval(text)",
    "from builtins import exec as run",
    "getattr(__builtins__, 'x')\ncompile(text, '', 'exec')",
    "__import__(name)",
    "import importlib\nimportlib.import_module(name)",
    "from importlib import import_module as bring",
    "from importlib.util import spec_from_file_location",
    "spec.loader.exec_module(module)",
    "import numpy as np\nnp.load(path)",
    "import numpy as np\nnp.load(path, allow_pickle=True)",
    "import numpy as np\nnp.load(path, allow_pickle=trusting)",
    "from numpy import load\nload(path)",
    "from numpy.lib import format\nformat.read_array(file)",
    "from numpy.lib import format as npy\nnpy.read_array(file, allow_pickle=True)",
    "import pandas\npandas.read_pickle(path)",
    "frame.to_pickle(path)",
    "import yaml\nyaml.load(text)",
    "import yaml\nyaml.load(text, Loader=yaml.Loader)",
    "from yaml import unsafe_load",
    "import onnx\nonnx.load(path)",
    "from onnx import load_model",
    "import os\nos.system(command)",
    "import subprocess\nsubprocess.run(command, shell=True)",
    "import subprocess\nsubprocess.run(command, shell=settings.shell)",
    "archive.extractall(folder)",
    "import tarfile\ntarfile.open(path)",
    "from pickle import *",
    "from somewhere import *",
    "f(path, trust_remote_code=True)",
    "connection.recv()",
    "import polars as pl\npl.LazyFrame.deserialize(path)",
    "import torch\ntorch.ops.load_library(path)",
    "import ctypes\nctypes.cdll.LoadLibrary(path)",
    "options.register_custom_ops_library(path)",
    "core.add_extension(path)",
]
HARMLESS = [
    "network.eval()",
    "import re\nre.compile('a')",
    "import json\njson.loads(text)",
    "import numpy as np\nnp.load(path, allow_pickle=False)",
    "from safetensors.torch import load\nload(content)",
    "import torch\nnetwork.load_state_dict(tensors)",
    "from numpy.lib import format as npy\nnpy.read_array(file, allow_pickle=False)",
    "import onnx\nonnx.load_model_from_string(content)",
    "import yaml\nyaml.safe_load(text)",
    "import subprocess\nsubprocess.run(['a', 'b'])",
    "'''pickle.loads(eval(x))'''  # torch.load",
    "from fashion_classifier.data.sources import load\nload(path)",
    "getattr(settings, 'load')",
]


@pytest.mark.parametrize("source", PLANTED)
def test_what_would_is_found(source):
    assert list(faults(source))


@pytest.mark.parametrize("source", HARMLESS)
def test_what_would_not_is_left_alone(source):
    assert list(faults(source)) == []
