"""The whole state of a training in one safetensors file, from which it continues to the bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from fashion_classifier.errors import ModelError
from fashion_classifier.storage import write_bytes
from fashion_classifier.training.distributed import ALONE, Group
from fashion_classifier.training.optimizers import Optimizer


@dataclass(frozen=True)
class CheckpointPlan:
    """Where and how often the state of a training is saved.

    Parameters
    ----------
    path
        The file, replaced each time.
    every_s
        Seconds between savings.
    of
        Which training it is of, where the file's place does not tell; one of another training is not continued.
    """

    path: Path
    every_s: float = 15.0
    of: str = ""

    def member(self, number: int) -> CheckpointPlan:
        """Return where the state of one of several networks is saved."""
        return replace(self, path=self.path.with_name(f"{self.path.stem}-{number}{self.path.suffix}"))


def save_checkpoint(
    plan: CheckpointPlan,
    modules: dict[str, nn.Module],
    optimizer: Optimizer,
    others: dict[str, Tensor],
    facts: dict[str, Any],
) -> None:
    """Save the state.

    Parameters
    ----------
    plan
        Whose file is replaced, in one step.
    modules
        Networks by name.
    optimizer
        Whose buffers are kept.
    others
        Other tensors by name.
    facts
        Whatever else must be known, as JSON holds it.
    """
    tensors = {
        f"module/{name}/{key}": tensor.detach().contiguous().clone()
        for name, module in modules.items()
        for key, tensor in module.state_dict().items()
    }
    for index, buffers in optimizer.state_dict()["state"].items():
        for key, value in buffers.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer/{index}/{key}"] = value.detach().contiguous().clone()
    tensors |= {f"other/{name}": tensor.detach().contiguous().clone() for name, tensor in others.items()}
    write_bytes(plan.path, save(tensors, metadata={"facts": json.dumps(facts), "of": plan.of}))


def load_checkpoint(
    plan: CheckpointPlan, modules: dict[str, nn.Module], optimizer: Optimizer, group: Group = ALONE
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Restore modules and optimizer made from the same configuration; return the other tensors and the facts.

    Of several processes only the first needs the file.

    Raises
    ------
    ModelError
        If the file is damaged or belongs to another configuration.
    """
    try:
        content = group.from_first(plan.path.read_bytes)
    except OSError as error:
        raise not_to_be_continued(plan.path, error) from error
    try:
        tensors = load(content)
        told = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
        facts: dict[str, Any] = json.loads(told["facts"])
        if told.get("of", "") != plan.of:
            raise ValueError("it is of a training with other data, recipe, seed or epochs")  # noqa: TRY301
        for name, module in modules.items():
            prefix = f"module/{name}/"
            module.load_state_dict(
                {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
            )
        state = optimizer.state_dict()
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        state["state"] = _buffers(tensors, "optimizer/", weights)
        optimizer.load_state_dict(state)
    except Exception as error:
        raise not_to_be_continued(plan.path, error) from error
    others = {key.removeprefix("other/"): tensor for key, tensor in tensors.items() if key.startswith("other/")}
    return others, facts


def not_to_be_continued(path: Path, error: Exception) -> ModelError:
    """Return the error that says that a checkpoint is damaged or belongs to something else."""
    return ModelError(
        f"{path}: this checkpoint cannot be continued ({type(error).__name__}: {error}). Remove it to train anew."
    )


def _buffers(tensors: dict[str, Tensor], prefix: str, weights: Sequence[Tensor]) -> dict[int, dict[str, Tensor]]:
    """Collect one optimizer's buffers, in their weights' memory order: fused optimizers go by memory, not by index."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if not key.startswith(prefix):
            continue
        index, name = key.removeprefix(prefix).split("/", 1)
        weight = weights[int(index)]
        if tensor.shape == weight.shape:
            tensor = torch.empty_like(weight).copy_(tensor)  # noqa: PLW2901
        state.setdefault(int(index), {})[name] = tensor
    return state
