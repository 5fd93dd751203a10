"""Several processes that train one model: who they are, and what they tell each other.

`torchrun` starts them, on one machine or many, and says by the environment who each is. Every process has all images
and goes through the same steps; of each batch it learns from its part. Where they must not differ, they add up what
each has, or the first decides. All that is said between them is numbers, JSON and a checkpoint's bytes; nothing is
pickled.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed.nn  # imported later, by an optimizer, it would take a group for its defaults and keep it
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.rendezvous import rendezvous

from fashion_classifier.data.dataset import Images
from fashion_classifier.errors import FashionError, UsageError
from fashion_classifier.inference.predictor import Probabilities
from fashion_classifier.training.early_stopping import StopReason

PATIENCE = timedelta(minutes=10)  # with one that is silent; one that has ended is noticed at once
FAILURE, TOLD = "fashion/failure", "fashion/told"  # names in the store that torchrun keeps for all of them
REASONS = list(StopReason)

_T = TypeVar("_T")


class PeerLostError(FashionError):
    """Another of the processes that train together has ended, or cannot be reached."""

    exit_code = 4


@dataclass(eq=False)
class Group:
    """The processes that train one model; by default one alone, for which nothing below costs anything.

    Parameters
    ----------
    rank, size
        Which of them this is, from 0 on, and how many there are.
    local_rank, local_size
        The same of those on this machine.
    machine
        Which of the machines this is, from 0 on.
    store
        A place for short messages that outlives any of them.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    machine: int = 0
    store: Any = None
    _now: float = field(default=0.0, init=False)

    @property
    def first(self) -> bool:
        """Whether this is the process that decides, writes and speaks."""
        return self.rank == 0

    def part(self, n: int) -> slice:
        """Return which of n things, of a batch for instance, are this process's."""
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def time(self) -> float:
        """Return the time in seconds that all go by: the first one's clock, as it stood when they last agreed."""
        return time.perf_counter() if self.size == 1 else self._now

    def agreed(self, reason: StopReason | None) -> StopReason | None:
        """Return a reason to stop if any of them has one, and set the time that all go by."""
        if self.size == 1:
            return reason
        said = [0 if reason is None else 1 + REASONS.index(reason), time.perf_counter() if self.first else 0.0]
        largest = torch.tensor(said, dtype=torch.float64)
        self._collect(dist.all_reduce, largest, dist.ReduceOp.MAX)
        number, self._now = largest.tolist()
        return REASONS[int(number) - 1] if number else None

    def decided(self, decide: Callable[[], _T]) -> _T:
        """Return what the first process decides, which JSON must hold; the others are not asked."""
        if self.size == 1:
            return decide()
        decision: _T = json.loads(self.from_first(lambda: json.dumps(decide()).encode()))
        return decision

    def from_first(self, content: Callable[[], bytes]) -> bytes:
        """Return the first process's content."""
        if self.size == 1:
            return content()
        said = torch.from_numpy(np.frombuffer(content() if self.first else b"", np.uint8).copy())
        length = torch.tensor([len(said)])
        self._collect(dist.broadcast, length, 0)
        said = said if self.first else torch.empty(int(length), dtype=torch.uint8)
        if len(said):
            self._collect(dist.broadcast, said, 0)
        return said.numpy().tobytes()

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Add up, in place and in one message, what the processes have in tensors of the same shapes and kind."""
        if self.size > 1:
            self._in_one_message(dist.all_reduce, tensors)

    def add_gradients(self, network: nn.Module) -> None:
        """Add up the gradients of what each process has of a loss."""
        if self.size > 1:
            self.add_up([weight.grad for weight in network.parameters() if weight.grad is not None])

    def whole(self, part: Tensor, n: int) -> Tensor:
        """Return all n rows of which each process has its part."""
        if self.size == 1:
            return part
        rows = part.new_zeros(n, *part.shape[1:])
        rows[self.part(n)] = part
        self._collect(dist.all_reduce, rows)
        return rows

    def predicted(self, images: Images, predict: Callable[[Images], Probabilities]) -> Probabilities:
        """Return what is predicted for all images, each process predicting for its part, if there is one for each."""
        if self.size == 1 or len(images) < self.size:
            return predict(images)
        found: Probabilities = self.whole(
            torch.from_numpy(predict(images[self.part(len(images))])), len(images)
        ).numpy()
        return found

    def align(self, *modules: nn.Module) -> None:
        """Give all of them the first one's weights, lest rounding on unlike machines lead them apart."""
        if self.size == 1:
            return
        found = [tensor for module in modules for tensor in module.state_dict().values()]
        self._in_one_message(dist.broadcast, [tensor for tensor in found if tensor.is_floating_point()], 0)

    def check_shares(self, batch_size: int) -> None:
        """Check that each process has an image of every batch.

        Raises
        ------
        UsageError
            If one has none.
        """
        if batch_size < self.size:
            raise UsageError(
                f"A batch has {batch_size} images, too few for {self.size} processes: start at most {batch_size}."
            )

    def check_same(self, facts: Mapping[str, object]) -> None:
        """Check that all of them are about to do the same.

        Raises
        ------
        UsageError
            If a fact is another one in the first process.
        """
        theirs = self.decided(lambda: dict(facts))
        unlike = [f"{name} ({theirs[name]} there, {fact} here)" for name, fact in facts.items() if theirs[name] != fact]
        if unlike:
            raise UsageError(
                f"Process {self.rank} of {self.size}, on {platform.node()}, is not about to train what the first one "
                f"is: {'; '.join(unlike)}. Give all of them the same data, settings and versions."
            )

    def may_tell(self, failure: str) -> bool:
        """Leave word why this process fails; return whether it is the first on its machine to tell it."""
        try:
            if self.store.add(FAILURE, 1) == 1:
                self.store.set(f"{FAILURE}/why", f"process {self.rank}, on {platform.node()}: {failure}")
            return bool(self.store.add(f"{TOLD}/{self.machine}", 1) == 1)
        except RuntimeError:  # the store is gone, with the machine on which it was: better told twice than not at all
            return True

    def _in_one_message(self, operation: Callable[..., object], tensors: Sequence[Tensor], *arguments: object) -> None:
        """Do something in place with tensors of one kind."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self._collect(operation, flat, *arguments)
        for tensor, changed in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(changed.view_as(tensor))

    def _collect(self, operation: Callable[..., object], *arguments: object) -> None:
        """Do with all of them what all must do.

        Raises
        ------
        PeerLostError
            If one of them has ended.
        """
        try:
            operation(*arguments)
        except RuntimeError as error:
            raise self._lost(error) from error

    def _lost(self, error: RuntimeError) -> PeerLostError:
        """Say which process was lost and why, as far as it left word."""
        why = f"{FAILURE}/why"
        try:
            found = self.store.get(why).decode() if self.store.check([why]) else ""
        except RuntimeError:  # the store is gone as well, with the machine on which it was
            found = ""
        told = found or "one without a word: it was killed, or its machine or the network between them failed"
        cause = str(error).splitlines()[0].split(". ")[0] if str(error) else type(error).__name__
        return PeerLostError(
            f"The {self.size} processes train together, and one has ended ({told.rstrip('.')}). Start all of them "
            f"again; a checkpoint goes on with any number of processes. What this one noticed: {cause}"
        )


ALONE = Group()


@contextmanager
def joined(environment: Mapping[str, str], store: Any = None) -> Iterator[Group]:
    """Join the processes that were started with this one, and part from them when all are done.

    Parameters
    ----------
    environment
        In which RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE and GROUP_RANK are as `torchrun` sets them.
    store
        Where they find each other; by default the one whose address the environment tells.

    Raises
    ------
    UsageError
        If the environment does not tell who this is.
    PeerLostError
        If the others are not found.
    """
    group = _described(environment)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    try:
        group.store = store or next(rendezvous("env://", timeout=PATIENCE))[0]
        if group.local_size == group.size:  # torchrun keeps the store when it starts all of them again
            restart = environment.get("TORCHELASTIC_RESTART_COUNT", "0")  # which differs from machine to machine
            group.store = dist.PrefixStore(f"start {restart}", group.store)  # type: ignore[attr-defined]
        dist.init_process_group(backend, store=group.store, rank=group.rank, world_size=group.size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise PeerLostError(
            f"Process {group.rank} of {group.size}, on {platform.node()}, does not find the others: {error}"
        ) from error
    yield group
    group.agreed(None)  # none leaves before all are done; after a failure there is nobody to wait for
    dist.destroy_process_group()


def _described(environment: Mapping[str, str]) -> Group:
    """Read who this is."""
    try:
        rank, size, local_rank, local_size = (
            int(environment[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        )
        group = Group(rank, size, local_rank, local_size, int(environment.get("GROUP_RANK", "0")))
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"The environment does not tell which of several processes this is ({error}): let torchrun start them."
        ) from error
    if not (0 <= group.rank < group.size and 0 <= group.local_rank < group.local_size <= group.size):
        raise UsageError(
            f"There can be no process {group.rank} of {group.size}, the {group.local_rank} of {group.local_size} on "
            "its machine: let torchrun start them."
        )
    return group
