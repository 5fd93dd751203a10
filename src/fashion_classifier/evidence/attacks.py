"""How a model fares against somebody who knows its weights and may change every pixel a little.

White box, untargeted, within the L-infinity ball: the attacks follow the gradient of the network itself, in float32,
evaluation mode and one view. What they make are images of whole grey levels, as a file holds them, and the one path
that predicts judges them.

References
----------
FGSM: I. J. Goodfellow, J. Shlens, C. Szegedy, "Explaining and Harnessing Adversarial Examples", arXiv:1412.6572.
PGD: A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu, "Towards Deep Learning Models Resistant to Adversarial
Attacks", arXiv:1706.06083.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashion_classifier.data.dataset import Images
from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.predictor import check_shape
from fashion_classifier.inference.runtimes.pytorch import evaluating
from fashion_classifier.models.layers import ImageClassifier
from fashion_classifier.progress import Progress, silent
from fashion_classifier.reporting.evidence import AttackResult
from fashion_classifier.seeds import derive_seed

CLEAN, FGSM, PGD = "none", "FGSM", "PGD"
STRENGTHS: Final = (2, 4, 8, 16)  # grey levels
PGD_STEPS: Final = 10
PGD_REACH: Final = 2.5  # strengths that all steps together lead: from any start to any point of the ball, and some more
BATCH_SIZE: Final = 256


def attack_suite(
    model: Model,
    images: Images,
    labels: NDArray[np.int64],
    *,
    strengths: Sequence[int] = STRENGTHS,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[AttackResult, ...]:
    """Measure a model on images as they are, then under FGSM and PGD of each strength, judged with one view.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3), of the model's own shape; n is at least 1.
    labels
        int64 array of shape (n,).
    strengths
        In grey levels, whole numbers, at least 0.
    seed
        Of the run; PGD derives its own from it.

    Raises
    ------
    DataError
        If the images have another shape than the model's.
    UsageError
        If there is no image, not a label for each, or no such strength.
    """
    check_shape(images, model.shape)
    _check(images, labels, *strengths)
    judge = replace(model, how=replace(model.how, views="single"))
    network, n = model.network, len(images)

    def judged(attack: str, strength: int, attacked: Images) -> AttackResult:
        n_right = int((judge.predict(attacked).argmax(axis=1) == labels).sum())
        return AttackResult(attack, strength, n, wilson(n_right, n))

    results = [judged(CLEAN, 0, images)]
    for strength in strengths:
        attacked = fgsm(network, images, labels, strength=strength, progress=progress)
        results.append(judged(FGSM, strength, attacked))
    for strength in strengths:
        attacked = pgd(network, images, labels, strength=strength, seed=seed, progress=progress)
        results.append(judged(PGD, strength, attacked))
    return tuple(results)


def fgsm(
    network: ImageClassifier,
    images: Images,
    labels: NDArray[np.int64],
    *,
    strength: int,
    progress: Progress = silent,
) -> Images:
    """Change every pixel by the strength, to the side on which the loss rises (fast gradient sign method).

    Parameters
    ----------
    network
        On whatever device it is.
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3).
    labels
        int64 array of shape (n,).
    strength
        In grey levels, a whole number, at least 0.

    Returns
    -------
    uint8 array of the images' shape, nowhere farther from them than the strength
    """

    def attack(originals: Tensor, truth: Tensor) -> Tensor:
        _, slopes = _odds_and_slopes(network, originals, truth)
        return (originals + strength * slopes.sign()).clamp(0, 255)

    _check(images, labels, strength)
    return _in_batches(network, images, labels, attack, progress, f"{FGSM}, strength {strength}")


def pgd(
    network: ImageClassifier,
    images: Images,
    labels: NDArray[np.int64],
    *,
    strength: int,
    steps: int = PGD_STEPS,
    step: float | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Images:
    """Climb the loss in many small steps from a random point of the ball (projected gradient descent).

    Loss and gradient are taken where the point is rounded to whole grey levels, so that the point of the highest loss,
    which is kept for each image, is one that can be judged; steps of less than a level add up all the same.

    Parameters
    ----------
    network, images, labels, strength
        As of `fgsm`.
    steps
        At least 1.
    step
        Grey levels by which one step moves each pixel; by default ``2.5 * strength / steps``.
    seed
        Of the run; the random start derives its own from it.

    Returns
    -------
    uint8 array of the images' shape, nowhere farther from them than the strength
    """
    if steps < 1:
        raise UsageError(f"`steps >= 1` must hold, but got {steps}")
    _check(images, labels, strength)
    length = PGD_REACH * strength / steps if step is None else step
    rng = np.random.default_rng(derive_seed(seed, "attack", PGD, strength))

    def attack(originals: Tensor, truth: Tensor) -> Tensor:
        lowest, highest = (originals - strength).clamp(min=0), (originals + strength).clamp(max=255)
        start = rng.uniform(-strength, strength, tuple(originals.shape)).astype(np.float32)
        point = (originals + torch.from_numpy(start).to(originals.device)).clamp(lowest, highest)
        worst, highest_odds = originals, torch.full_like(truth, -torch.inf, dtype=torch.float32)
        for _ in range(steps + 1):  # the last only looks where the steps led
            rounded = point.round()
            odds, slopes = _odds_and_slopes(network, rounded, truth)
            worse = odds > highest_odds
            worst = torch.where(worse.reshape(-1, *[1] * (originals.ndim - 1)), rounded, worst)
            highest_odds = torch.where(worse, odds, highest_odds)
            point = (point + length * slopes.sign()).clamp(lowest, highest)
        return worst

    return _in_batches(network, images, labels, attack, progress, f"{PGD}, strength {strength}")


def _in_batches(
    network: ImageClassifier,
    images: Images,
    labels: NDArray[np.int64],
    attack: Callable[[Tensor, Tensor], Tensor],
    progress: Progress,
    task: str,
) -> Images:
    """Attack images, batch by batch: `attack` takes grey levels as floats, with labels, and returns the like."""
    device = next(network.parameters()).device
    attacked = np.empty_like(images)
    with evaluating(network):
        for start in range(0, len(images), BATCH_SIZE):
            batch = slice(start, start + BATCH_SIZE)
            originals = torch.from_numpy(np.array(images[batch])).to(device).float()
            changed = attack(originals, torch.from_numpy(np.array(labels[batch])).to(device))
            attacked[batch] = changed.to(torch.uint8).cpu().numpy()
            progress(task, start + len(originals), len(images))
    return attacked


def _odds_and_slopes(network: ImageClassifier, points: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Return each image's log-odds against its true class, (B,), and their gradient by the pixels.

    The cross-entropy is log(1 + exp(odds)): both rise together and their gradients have one direction. Its own, though,
    loses the true class's part by rounding where the network is all but certain (from 17 nats on), and then vanishes.
    No weight is given a gradient.
    """
    with torch.enable_grad():
        points = points.detach().requires_grad_()
        logits = network(points).float()
        column = truth[:, None]
        odds = logits.scatter(1, column, -torch.inf).logsumexp(1) - logits.gather(1, column)[:, 0]
        (slopes,) = torch.autograd.grad(odds.sum(), points)
    return odds.detach(), slopes


def _check(images: Images, labels: NDArray[np.int64], *strengths: int) -> None:
    """Refuse what cannot be attacked."""
    if len(images) == 0 or labels.shape != (len(images),):
        raise UsageError(f"an attack needs images with a label each, but got {len(images)} and {labels.shape} labels")
    for strength in strengths:
        if strength < 0 or strength != int(strength):
            raise UsageError(f"`strength >= 0` must hold, in whole grey levels, but got {strength}")
