"""The training loop: all images in memory, every source of chance derived from (seed, step), checkpoints to the bit."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.inference.predictor import PredictConfig, predict_probabilities
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime, computing_in
from fashion_classifier.progress import Progress, silent
from fashion_classifier.reporting.results import Epoch
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.augmentation import augment
from fashion_classifier.training.checkpoint import CheckpointPlan, load_checkpoint, not_to_be_continued, save_checkpoint
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.early_stopping import EarlyStopping, StopReason
from fashion_classifier.training.objective import Objective
from fashion_classifier.training.optimizers import LearningRate, make_optimizer
from fashion_classifier.training.outcome import DivergedError, FitResult
from fashion_classifier.training.running_figures import RunningFigures
from fashion_classifier.training.sampling import BatchOrder

PROGRESS_EVERY_S = 0.2
LARGEST_LOSS = 1e4  # nats; beyond it nothing recovers
CHECK_EVERY = 16  # steps on a GPU, which waits for nothing else; on a CPU each is checked


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """What one fit needs beyond the settings of the training.

    Parameters
    ----------
    seed
        Of order, augmentation and dropout.
    precision
        "float32" or "bfloat16"; decided before.
    device
        Where the network is.
    steps
        Steps of the whole schedule; `TrainConfig.epochs` over the data by default.
    seconds
        Time over which the schedule runs out even if its steps are not done, from now on where a training is
        continued; None for as long as it takes.
    validation_images
        How many of the validation images the history's figures are of; None for all.
    """

    seed: int
    precision: str = "float32"
    device: str = "cpu"
    steps: int | None = None
    seconds: float | None = None
    validation_images: int | None = None


StopAsked = Callable[[], StopReason | None]
OnValidation = Callable[[Epoch], StopReason | None]


def steps_per_epoch(n_images: int, batch_size: int) -> int:
    """Return the number of whole batches in one pass; what is left over takes part in the next, newly mixed one."""
    return max(1, n_images // batch_size)


def fit(
    network: nn.Module,
    training: Dataset,
    validation: Dataset | None,
    config: TrainConfig,
    how: FitConfig,
    *,
    taught: NDArray[np.float32] | None = None,
    losses: NDArray[np.float32] | None = None,
    stop_asked: StopAsked = lambda: None,
    on_validation: OnValidation = lambda _: None,
    checkpoint: CheckpointPlan | None = None,
    progress: Progress = silent,
    task: str = "Training",
) -> FitResult:
    """Train a network.

    Parameters
    ----------
    network
        Changed in place; on ``how.device``.
    training, validation
        What is learned from, and what early stopping looks at; without validation data the last weights are kept.
    config
        The settings of the training.
    how
        Seed, precision and limits.
    taught
        What a teacher says of the training images: probabilities of shape (n, k).
    losses
        How hard the training images are, where an earlier training tells it (`BatchOrder`).
    stop_asked
        Asked before every step; a reason stops the training in an orderly way.
    on_validation
        Told of every validation but the one that an interruption makes; a reason stops the training.
    checkpoint
        Where the state is saved; if the file is there, the training goes on from it.
    progress
        Told of every fraction of a second.

    Raises
    ------
    DivergedError
        If the loss or a weight is no longer a number.
    ModelError
        If the checkpoint is damaged.
    """
    loop = _Loop(network, training, validation, config, how, taught, losses)
    if checkpoint is not None and checkpoint.path.exists():
        loop.restore(checkpoint)
    last_saved = last_shown = time.perf_counter()
    reason: StopReason | None = loop.ended
    while reason is None:
        reason = stop_asked()
        if reason is None:
            loop.step()
            reason = loop.over()
        if reason is StopReason.INTERRUPTED and checkpoint is not None:
            loop.save(checkpoint, None)  # before the validation that only this ending makes
        if loop.validation_due(at_end=reason is not None):
            record = loop.validate()
            said = None if reason is StopReason.INTERRUPTED else on_validation(record)
            reason = reason or said
            if loop.stopping.exhausted:
                reason = reason or StopReason.PATIENCE
        now = time.perf_counter()
        if now - last_shown > PROGRESS_EVERY_S or reason is not None:
            last_shown = now
            progress(task, 1.0 if reason is not None else loop.progress(), 1.0, loop.detail())
        due = now - last_saved > checkpoint.every_s if checkpoint is not None else False
        if checkpoint is not None and reason is not StopReason.INTERRUPTED and (due or reason is not None):
            loop.save(checkpoint, reason)
            last_saved = time.perf_counter()
    return loop.finish(reason)


class _Loop:
    """The state of one training."""

    def __init__(
        self,
        network: nn.Module,
        training: Dataset,
        validation: Dataset | None,
        config: TrainConfig,
        how: FitConfig,
        taught: NDArray[np.float32] | None,
        losses: NDArray[np.float32] | None,
    ) -> None:
        self.network, self.validation, self.config, self.how = network, validation, config, how
        self.images = torch.from_numpy(np.array(training.images)).to(how.device)
        self.labels = torch.from_numpy(np.array(training.labels)).to(how.device)
        self.batch_size = min(config.batch_size, len(training))
        self.per_epoch = steps_per_epoch(len(training), self.batch_size)
        self.steps = how.steps or max(1, math.ceil(config.epochs * self.per_epoch))
        self.optimizer = make_optimizer(network, config)
        self.rate = LearningRate(self.optimizer, config)
        self.averaged = copy.deepcopy(network) if config.ema_decay else None
        self.best = copy.deepcopy(network) if config.patience_epochs and validation is not None else None
        self.stopping = EarlyStopping(config.patience_epochs)
        self.objective = Objective.of(config, training, taught, how.device)
        self.history: list[Epoch] = []
        self.done = 0
        self.ended: StopReason | None = None
        self.running = RunningFigures(how.device)
        self.check_every = 1 if how.device == "cpu" else CHECK_EVERY
        self.started = time.perf_counter()
        self.seconds = how.seconds
        self.order = BatchOrder(
            len(training),
            self.batch_size,
            config.focus,
            seed=how.seed,
            device=how.device,
            losses=None if losses is None else torch.tensor(losses),
        )

    @property
    def elapsed(self) -> float:
        """Seconds of training so far."""
        return time.perf_counter() - self.started

    def progress(self) -> float:
        """Return how far the schedule is, 0 to 1: by steps, or by time where that has run further."""
        by_time = self.elapsed / self.seconds if self.seconds is not None else 0.0
        return min(1.0, max(self.done / self.steps, by_time))

    def over(self) -> StopReason | None:
        """Return why the schedule is at its end, if it is."""
        if self.done >= self.steps:
            return StopReason.FINISHED
        if self.seconds is not None and self.elapsed >= self.seconds:
            return StopReason.TIME
        return None

    def step(self) -> None:
        """Learn from one batch."""
        self.network.train()
        self.rate.set(self.progress())
        index = self.order.next_batch()
        generator = torch.Generator().manual_seed(derive_seed(self.how.seed, "augmentation", self.done))
        images = augment(self.images[index], self.config.augmentation, generator)
        labels = self.labels[index]
        _seed_dropout(derive_seed(self.how.seed, "dropout", self.done), self.how.device)
        with computing_in(self.how.precision, self.how.device):
            logits = self.network(images).float()
            loss = self.objective(logits, labels, index)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.done += 1
        self._note(index, logits.detach(), labels)
        if self.averaged is not None:
            _average(self.averaged, self.network, self.config.ema_decay, self.done)

    def _note(self, index: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Add a batch to the running figures of the training."""
        losses = nn.functional.cross_entropy(logits, labels, reduction="none")
        self.order.note(index, losses)
        self.running.add(losses, logits.argmax(1) == labels)
        if self.done % self.check_every == 0:
            self._check()

    def _check(self) -> None:
        """Stop a training that nothing can save.

        Raises
        ------
        DivergedError
            If the loss is no longer a number, or beyond all bounds.
        """
        loss = self.running.latest_loss
        if not loss < LARGEST_LOSS:
            raise self._diverged(f"The loss is {loss}")

    def _diverged(self, found: str) -> DivergedError:
        """Return the error that says that the training has diverged."""
        return DivergedError(f"{found} at step {self.done}: the training has diverged. Lower the learning rate.")

    def validation_due(self, *, at_end: bool) -> bool:
        """Tell whether to validate now."""
        if at_end and self.history and self.history[-1].step == self.done:
            return False  # there is nothing new to be seen
        if at_end or self.validation is None:
            return at_end or self.done % self.per_epoch == 0
        if self.config.validations == 0:
            return self.done % self.per_epoch == 0
        return int(self.progress() * self.config.validations) > len(self.history)

    def validate(self) -> Epoch:
        """Compute loss and accuracy on validation data, and keep the weights if they are the best so far."""
        self._check()
        loss, accuracy = self._validation_figures()
        if loss is not None and not math.isfinite(loss):
            raise self._diverged(f"The validation loss is {loss}")
        record = Epoch(
            epoch=self.done / self.per_epoch,
            step=self.done,
            seconds=self.elapsed,
            learning_rate=self.rate.present,
            training_loss=self.running.loss,
            training_accuracy=self.running.accuracy,
            validation_loss=loss,
            validation_accuracy=accuracy,
        )
        self.running.restart()
        self.history.append(record)
        if loss is not None and self.stopping.improved(loss, self.done) and self.best is not None:
            self.best.load_state_dict(self.current.state_dict())
        return record

    @property
    def current(self) -> nn.Module:
        """The weights as they are now: the moving average where there is one."""
        return self.network if self.averaged is None else self.averaged

    def _validation_figures(self) -> tuple[float | None, float | None]:
        """Return loss in nats and accuracy; None without validation data."""
        if self.validation is None:
            return None, None
        n_images = self.how.validation_images or len(self.validation)
        labels = self.validation.labels[:n_images]
        runtime = TorchRuntime(self.current, self.how.precision)
        probabilities = predict_probabilities(runtime, self.validation.images[:n_images], PredictConfig())
        given = probabilities[np.arange(len(labels)), labels]
        loss = -np.log(np.maximum(given, 1e-12)).mean(dtype=np.float64)
        return float(loss), float((probabilities.argmax(1) == labels).mean())

    def detail(self) -> str:
        """Describe the state in a few words."""
        words = [f"epoch {self.done / self.per_epoch:.1f}"]
        if self.running.n_images:
            words.append(f"loss {self.running.loss:.3f}")
        if self.history and self.history[-1].validation_accuracy is not None:
            words.append(f"validation {self.history[-1].validation_accuracy:.1%}")
        return ", ".join(words)

    def finish(self, reason: StopReason) -> FitResult:
        """Put the kept weights into the network and tell how it went."""
        kept = self.current if self.best is None or not self.stopping.best_step else self.best
        if kept is not self.network:
            self.network.load_state_dict(kept.state_dict())
        tensors = self.network.state_dict().values()
        if not all(bool(tensor.isfinite().all()) for tensor in tensors if tensor.is_floating_point()):
            raise self._diverged("There are weights that are no numbers")
        best_step = self.stopping.best_step if kept is self.best else self.done
        self.network.eval()
        losses: NDArray[np.float32] = self.order.losses.cpu().numpy()
        return FitResult(tuple(self.history), reason, self.done, best_step, self.elapsed, losses)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Everything with weights, by name."""
        named = {"network": self.network, "averaged": self.averaged, "best": self.best}
        return {name: module for name, module in named.items() if module is not None}

    def save(self, plan: CheckpointPlan, ended: StopReason | None) -> None:
        """Save the whole state."""
        tensors, numbers = self.order.state()
        facts = {
            "done": self.done,
            "order": numbers,
            "elapsed": self.elapsed,
            "ended": ended,
            "history": [asdict(record) for record in self.history],
            "stopping": {**asdict(self.stopping), "best_loss": min(self.stopping.best_loss, 1e300)},
            "running": self.running.state(),
        }
        save_checkpoint(plan.path, self.modules, self.optimizer, tensors, facts)

    def restore(self, plan: CheckpointPlan) -> None:
        """Go on from a saved state."""
        tensors, facts = load_checkpoint(plan.path, self.modules, self.optimizer)
        try:
            self._take_over(tensors, facts)
        except (KeyError, TypeError, ValueError) as error:
            raise not_to_be_continued(plan.path, error) from error

    def _take_over(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Take over everything but weights and the optimizer's buffers."""
        self.order.restore(tensors, facts["order"])
        self.done = facts["done"]
        self.started = time.perf_counter() - facts["elapsed"]
        if self.how.seconds is not None:
            self.seconds = self.how.seconds + facts["elapsed"]
        self.ended = None if facts["ended"] is None else StopReason(facts["ended"])
        self.history = [Epoch(**record) for record in facts["history"]]
        self.stopping = replace(self.stopping, **facts["stopping"])
        self.running.restart(*facts["running"])


def _seed_dropout(seed: int, device: str) -> None:
    """Seed the generator that dropout draws from."""
    if device == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the present ones; faster in the first steps."""
    present_share = 1 - min(decay, step / (step + 10))
    for mean, now in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, present_share)
        else:
            mean.copy_(now)
