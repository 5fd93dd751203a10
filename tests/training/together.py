"""What two processes do together for the tests beside this; each of them runs this module as a program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.conftest import blobs
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.errors import FashionError
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.models.resnet import ResnetConfig
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.config import Augmentation, Focus, TrainConfig
from fashion_classifier.training.distributed import ALONE, Group, joined
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.shared_batch import learner
from fashion_classifier.training.train import Teaching, TrainedModel, Workshop

SPLIT = Split(blobs(261), blobs(91, seed=1), SealedTestSet(blobs(30, seed=2)))
SMALL = CnnConfig(stem=8, widths=(8, 16), dropout=0.3)
LIVELY = TrainConfig(
    epochs=3,
    batch_size=13,  # which has no halves
    learning_rate=0.02,
    ema_decay=0.9,
    patience_epochs=8,
    class_weights="balanced",
    precision="float32",
    augmentation=Augmentation(mirror=True, shift_pixels=1, erase_fraction=0.3),
    focus=Focus(after_passes=1, hardest=0.3, others=0.3),
    teacher_share=0.5,
)
ADAM = replace(LIVELY, optimizer="adam", learning_rate=1e-3)
RECIPES = {
    "cnn": Recipe(SMALL, LIVELY),
    "mlp": Recipe(MlpConfig(hidden=(32, 16), dropout=0.5), ADAM),
    "resnet": Recipe(ResnetConfig(widths=(8, 16)), replace(LIVELY, optimizer="sgd", ema_decay=0.0)),
    "ensemble": Recipe(EnsembleConfig(member=SMALL, members=2), LIVELY),
    "bfloat16": Recipe(SMALL, replace(LIVELY, precision="bfloat16", epochs=0.25)),  # before rounding matters much
}
CUT_OFF_AT = 7  # steps


def taught() -> Teaching:
    """What a teacher says who is unsure of everything."""
    said = np.random.default_rng(3).dirichlet(np.ones(3), len(SPLIT.training)).astype(np.float32)
    return Teaching(said)


def train(name: str, group: Group = ALONE, **settings: Any) -> TrainedModel:
    """Train one of the recipes."""
    return Workshop(SPLIT, exact=True, group=group).train(RECIPES[name], seed=7, taught=taught(), **settings)


def after(steps: int) -> Callable[[], StopReason | None]:
    """Ask for a stop after so many steps."""
    asked: list[int] = []

    def ask() -> StopReason | None:
        asked.append(1)
        return StopReason.INTERRUPTED if len(asked) > steps else None

    return ask


def facts(trained: TrainedModel) -> dict[str, Any]:
    """What a training ends with, but for how long it took."""
    return {
        "weights": {name: tensor.tolist() for name, tensor in trained.model.network.state_dict().items()},
        "history": [asdict(replace(epoch, seconds=0.0)) for epoch in trained.fit.history],
        "losses": trained.fit.losses.tolist(),
        "answers": trained.validation_probabilities.tolist(),
        "ended": [trained.fit.steps, trained.fit.best_step, str(trained.fit.stopped_because)],
    }


def layers(group: Group = ALONE) -> dict[str, Any]:
    """What batch norm and dropout make of a batch in double precision, and the gradients; of this process's part."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.4))
    network.double().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    features, wanted = 5 + torch.randn(7, 3, 5, 4, dtype=torch.double), torch.randn(7, 24, dtype=torch.double)
    part = group.part(7)
    own = features[part].clone().requires_grad_()
    torch.manual_seed(1)
    found = learner(network, group, 7).train()(own)
    (found * wanted[part]).square().sum().backward()
    group.add_gradients(network)
    kept: dict[str, Tensor] = dict(network.state_dict())
    kept |= {
        f"gradient of {name}": weight.grad for name, weight in network.named_parameters() if weight.grad is not None
    }
    kept |= {"found": group.whole(found.detach(), 7), "gradient of features": group.whole(own.grad, 7)}
    return {name: tensor.tolist() for name, tensor in kept.items()}


def cut_off(group: Group, folder: Path) -> dict[str, Any]:
    """Train until one that is not the first is asked to stop."""
    ask = after(CUT_OFF_AT if group.rank == 1 else 10_000)
    return facts(train("cnn", group, stop_asked=ask, checkpoint=CheckpointPlan(folder / f"together-{group.rank}")))


def in_time(group: Group, folder: Path) -> dict[str, Any]:
    """Train as long as there is time, the clocks apart by ten seconds, each with a speed of its own."""
    clock, apart = time.perf_counter, 10.0 * group.rank
    time.perf_counter = lambda: clock() + apart

    def wait() -> None:
        time.sleep(0.003 * group.rank)

    try:
        return facts(train("mlp", group, epochs=1000, seconds=0.5, validations=5, stop_asked=wait))
    finally:
        time.perf_counter = clock


def led_apart(group: Group, folder: Path) -> dict[str, Any]:
    """Begin with other weights in each."""
    network = nn.BatchNorm2d(3)
    nn.init.constant_(network.weight, group.rank)
    group.align(network)
    decision = group.decided(lambda: {"by": group.rank})
    return {"weights": network.weight.tolist(), "decision": decision, "content": str(group.from_first(lambda: b""))}


def unlike(group: Group, folder: Path) -> dict[str, Any]:
    """Be about to train something else."""
    group.check_same({"PyTorch": "2"})
    try:
        group.check_same({"the data": f"data {group.rank}", "PyTorch": "2"})
    except FashionError as error:
        return {"said": str(error)}
    return {"said": ""}


def killed(group: Group, folder: Path) -> dict[str, Any]:
    """Lose one of them in the middle of a training."""
    asked: list[int] = []

    def die() -> None:
        asked.append(1)
        if group.rank == 1 and len(asked) > CUT_OFF_AT:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        return facts(train("cnn", group, stop_asked=die))
    except FashionError as error:
        return {"said": str(error), "code": error.exit_code, "asked": len(asked)}


def scenario(name: str, group: Group, folder: Path) -> dict[str, Any]:
    """Do what is called so."""
    if name in RECIPES:
        return facts(train(name, group))
    if name == "layers":
        return layers(group)
    if name == "continued":
        plan = CheckpointPlan(folder / ("alone" if group.first else "not there"))
        return facts(train("cnn", group, checkpoint=plan))
    others = {"cut off": cut_off, "in time": in_time, "led apart": led_apart, "unlike": unlike, "killed": killed}
    return others[name](group, folder)


def do_together(folder: Path, names: Sequence[str], size: int = 2) -> list[int]:
    """Have so many processes do what is named, one after the other; return how they ended, and leave `told`."""
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": paths, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.training.together", str(folder), *names],
            env={
                **environment,
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": str(size),
                "LOCAL_WORLD_SIZE": str(size),
            },
        )
        for rank in range(size)
    ]
    try:
        return [process.wait() for process in processes]  # as long as the test may take
    finally:
        for process in processes:
            process.kill()
            process.wait()


def told(folder: Path, name: str, rank: int) -> Any:
    """Return what one of the processes made of what was named."""
    return json.loads((folder / f"{name} {rank}.json").read_text())


def store_in(folder: Path, size: int) -> Any:
    """Return a place for messages that needs no network."""
    return next(rendezvous(f"file://{folder}/store?rank=0&world_size={size}"))[0]


def main() -> None:
    """Be one of the processes."""
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    torch.set_num_threads(1)
    with joined(os.environ, store_in(folder, int(os.environ["WORLD_SIZE"]))) as group:
        for name in names:
            found = scenario(name, group, folder)
            (folder / f"{name} {group.rank}.json").write_text(json.dumps(found))
        if "killed" in names:  # there is nobody left to part from
            os._exit(0)


if __name__ == "__main__":
    main()
