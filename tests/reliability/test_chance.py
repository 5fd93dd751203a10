"""No source of chance in the house but those that are derived from the run's seed: read off its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fashion_classifier

SOURCES = Path(fashion_classifier.__file__).parent

ALLOWED = {
    ("classifier/tables.py", "torch.default_generator.manual_seed(seed)"): "as in models/catalogue.py",
    ("tracking/following.py", "from uuid import uuid4"): "a name by which trackers know what was told them already",
    ("models/catalogue.py", "torch.default_generator.manual_seed(seed)"): "PyTorch's layers draw their first weights "
    "from the global generator, which is put back afterwards",
    ("training/loop.py", "torch.default_generator.manual_seed(seed)"): "dropout draws from the global generator, "
    "which is seeded for each step",
    ("training/loop.py", "torch.manual_seed(seed)"): "the same on a GPU, whose generator this seeds too",
}

TORCH_DRAWS = {
    "rand", "randn", "randint", "randperm", "bernoulli", "multinomial", "normal", "poisson", "rand_like", "randn_like",
    "randint_like",
}  # fmt: skip
FILLS = {"random_", "normal_", "uniform_", "bernoulli_", "exponential_", "geometric_", "log_normal_", "cauchy_"}
OF_TENSORS = {"bernoulli"}  # which tensors have as a method too, and NumPy's generators have not
FRESH = {"default_rng", "PCG64", "SeedSequence", "Philox", "SFC64", "MT19937", "RandomState"}
FOREIGN = {"random", "secrets", "uuid"}
SAMPLERS = {"TPESampler", "RandomSampler", "CmaEsSampler", "QMCSampler", "GPSampler", "NSGAIISampler"}
OTHERS = {("torch", "seed"), ("os", "urandom"), ("os", "getrandom"), ("", "hash")}
HIDING = {
    *(("numpy", "random"), ("torch", "random"), ("torch", "seed"), ("os", "urandom"), ("os", "getrandom")),
    *(("torch", name) for name in TORCH_DRAWS | {"manual_seed", "Generator"}),
}  # what a module must not bring in under a name of its own: calls are told by where they are found
USUAL = {"numpy": "np", "torch": "torch"}
PURE = {"derive_seed", "int", "str", "len", "tuple", "min", "max", "abs"}  # may be called in a seed


def chances(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Give what draws by chance, or seeds, in a way that does not follow from the run's seed: the code, and why."""
    seeded = {id(call.func.value) for call in calls(tree) if isinstance(call.func, ast.Attribute)
              and call.func.attr == "manual_seed"}  # fmt: skip
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if {name.split(".")[0] for name in names} & FOREIGN:
            yield ast.unparse(node), "draws from the process or the system"
        if _hides(node):
            yield ast.unparse(node), "hides whence chance comes"
    for call in calls(tree):
        why = _why(call, seeded=id(call) in seeded)
        if why:
            yield ast.unparse(call), why


def _hides(node: ast.AST) -> bool:
    """Tell whether an import gives a source of chance a name by which it is not known here."""
    if isinstance(node, ast.ImportFrom):
        whole = node.module in {"numpy.random", "torch.random"}
        return whole or any((node.module, alias.name) in HIDING for alias in node.names)
    names = node.names if isinstance(node, ast.Import) else []
    return any(alias.asname not in {None, USUAL.get(alias.name.split(".")[0], alias.asname)} for alias in names)


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _why(call: ast.Call, *, seeded: bool) -> str:
    """Say why a call is a source of chance of its own; nothing if it is none."""
    owner, _, name = ast.unparse(call.func).rpartition(".")
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    seeds = [*call.args, *given.values()]
    has_seed = bool(seeds) and all(map(_is_seed, seeds))
    of_numpy = owner.endswith(("np.random", "numpy.random")) and name not in {"Generator", *FRESH}
    of_torch = (owner == "torch" and name in TORCH_DRAWS) or name in FILLS | OF_TENSORS
    seeds_torch = name == "manual_seed" and not owner.endswith("Generator()")
    rules = [
        (name in {*FRESH, "manual_seed"} and not has_seed, "has no seed that was given or derived"),
        (name in SAMPLERS and "seed" not in given, "has no seed"),
        (ast.unparse(call.func) == "torch.Generator" and not seeded, "has no seed"),
        (of_numpy, "draws from NumPy's global generator"),
        (of_torch and "generator" not in given, "draws from PyTorch's global generator"),
        (seeds_torch, "seeds PyTorch's global generator"),
        ((owner, name) in OTHERS, "differs from process to process"),
    ]
    return next((why for holds, why in rules if holds), "")


def _is_seed(value: ast.expr) -> bool:
    """Tell whether a value can be a seed that is given or derived: it calls nothing that tells time or process."""
    called = {ast.unparse(call.func) for call in calls(value)}
    return called <= PURE and not (isinstance(value, ast.Constant) and value.value is None)


def in_the_house() -> dict[tuple[str, str], str]:
    return {
        (path.relative_to(SOURCES).as_posix(), code): why
        for path in sorted(SOURCES.rglob("*.py"))
        for code, why in chances(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_all_chance_follows_from_the_runs_seed():
    found = in_the_house()
    assert {place: why for place, why in found.items() if place not in ALLOWED} == {}
    assert set(ALLOWED) <= set(found), "these are there no more"


@pytest.mark.parametrize(
    "code",
    [
        "np.random.shuffle(images)",
        "np.random.seed(0)",
        "np.random.default_rng()",
        "np.random.default_rng(None)",
        "np.random.default_rng(time.time_ns())",
        "np.random.default_rng(int(perf_counter()))",
        "np.random.PCG64()",
        "import random",
        "from random import shuffle",
        "from numpy.random import default_rng",
        "import uuid",
        "os.urandom(8)",
        "hash(name)",
        "torch.rand(3)",
        "torch.randperm(n)",
        "torch.bernoulli(chances)",
        "weights.normal_(0, 1)",
        "torch.Generator()",
        "torch.Generator().manual_seed(os.getpid())",
        "torch.manual_seed(seed)",
        "torch.seed()",
        "from torch import rand",
        "from torch import randperm as mixed",
        "from numpy import random",
        "from os import urandom",
        "import torch as t",
        "import numpy.random as chance",
        "chances.bernoulli()",
        "optuna.samplers.TPESampler(multivariate=True)",
    ],
)
def test_what_would_slip_in_is_found(code):
    assert len(list(chances(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "rng: np.random.Generator",
        "np.random.default_rng(seed).random(n)",
        "np.random.default_rng((own, position))",
        "np.random.default_rng(derive_seed(seed, 'split'))",
        "np.random.Generator(np.random.PCG64(derive_seed(self.seed, purpose)))",
        "torch.Generator().manual_seed(derive_seed(seed, 'order', 3))",
        "torch.rand(3, generator=generator)",
        "optuna.samplers.TPESampler(seed=seed % 2**32)",
    ],
)
def test_what_is_derived_is_not(code):
    assert list(chances(ast.parse(code))) == []
