"""A model as a program of PyTorch's own: `torch.export` and its `.pt2` files, in which nothing is pickled.

A `.pt2` file is a ZIP archive: the graph and the lists of tensors as JSON, the tensors as raw bytes. PyTorch's own
loader would unpickle some parts if they were there (https://docs.pytorch.org/docs/stable/export/pt2_archive.html): the
example inputs, tensors of subclasses, custom objects. Here there are none of them: the example inputs are taken out
before the program is saved, the rest does not occur. `open_program` looks before it loads.
"""

from __future__ import annotations

import copy
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashion_classifier.data.dataset import Images
from fashion_classifier.errors import ModelError
from fashion_classifier.evaluation.prediction_sets import ConformalRule
from fashion_classifier.evaluation.refusal import SOFTENING, RefusalRule
from fashion_classifier.evaluation.temperature import NOISE
from fashion_classifier.inference.agreement import trial_images
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.export.completing import (
    IN_SET,
    LEAST,
    PROBABILITIES,
    REFUSED,
    STRANGENESS,
    is_expressible,
    view_positions,
)
from fashion_classifier.inference.export.graph import BATCH

METADATA = "fashion_classifier.json"  # what the file says of itself, among its extra files


class Answering(nn.Module):
    """A network with all that predicting does before and after it.

    Parameters
    ----------
    model
        Whose answers it gives, in float32.
    """

    positions: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.network = copy.deepcopy(model.network).cpu().float()
        for parameter in self.network.parameters():
            parameter.data = parameter.data.contiguous()  # in any other order they would not be stored as they are
        self.how, self.refusal, self.sets = model.how, model.refusal, model.sets
        self.register_buffer("positions", torch.from_numpy(view_positions(model.how.views, model.shape)))
        self.requires_grad_(requires_grad=False).eval()

    def forward(self, images: Tensor) -> dict[str, Tensor]:  # (n, h, w) or (n, h, w, 3), uint8
        """Return probabilities of shape (n, k) and, where the model has rules, what they say."""
        n_views = len(self.positions)
        views = images.flatten(1, 2)[:, self.positions].flatten(0, 1) if n_views > 1 else images  # (n * v, h, w)
        found = self.network(views).float().softmax(1)  # (n * v, k)
        if n_views > 1:
            found = found.reshape(-1, n_views, found.shape[1]).mean(1)  # (n, k)
        if self.how.smoothing:
            found = _unsmoothed(found, self.how.smoothing)
        if self.how.temperature != 1:
            found = _scaled(found, self.how.temperature).softmax(1)
        answers = {PROBABILITIES: found}
        if self.refusal is not None:
            answers[STRANGENESS] = _strangeness(found, self.refusal)
            answers[REFUSED] = answers[STRANGENESS] > self.refusal.threshold
        if self.sets is not None and is_expressible(self.sets):
            answers[IN_SET] = _sets(found, self.sets)
        return answers


def write_program(model: Model, metadata: Mapping[str, str], place: Path) -> None:
    """Write a model as a program.

    Parameters
    ----------
    model
        Any.
    metadata
        What the file is to say of itself.
    place
        A file ending in `.pt2`.
    """
    program = torch.export.export(
        Answering(model),
        (torch.from_numpy(trial_images(model.shape, n=2)),),
        dynamic_shapes={"images": {0: torch.export.Dim(BATCH)}},
    )
    program.example_inputs = None  # which would be pickled
    content = json.dumps({name: json.loads(value) for name, value in metadata.items()}, ensure_ascii=False, indent=2)
    torch.export.save(program, place, extra_files={METADATA: content})


def open_program(place: Path) -> Callable[[Images], dict[str, NDArray[Any]]]:
    """Load a program that was written here.

    Returns
    -------
    Callable
        From images to answers, by name.

    Raises
    ------
    ModelError
        If the file holds anything that would be unpickled.
    """
    pickled = pickled_parts(place)
    if pickled:
        raise ModelError(f"{place}: loading it would unpickle {', '.join(pickled[:3])}. Export the model again.")
    module = torch.export.load(place).module()

    def answer(images: Images) -> dict[str, NDArray[Any]]:
        with torch.inference_mode():
            answers = module(torch.from_numpy(np.array(images)))
        return {name: value.numpy() for name, value in answers.items()}

    return answer


def pickled_parts(place: Path) -> list[str]:
    """Name the parts of a `.pt2` file that PyTorch would unpickle, without loading it.

    Raises
    ------
    ModelError
        If it is no such file.
    """
    found = []
    try:
        with zipfile.ZipFile(place) as archive:
            for part in archive.infolist():
                name = part.filename.partition("/")[2]
                if name.startswith("data/sample_inputs/") and part.file_size:
                    found.append(name)
                elif name.endswith(("_weights_config.json", "_constants_config.json")):
                    payloads = json.loads(archive.read(part))["config"]
                    found += [key for key, payload in payloads.items() if payload["use_pickle"]]
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{place}: this is no .pt2 file ({error}). Export the model again.") from error
    return found


def _unsmoothed(probabilities: Tensor, smoothing: float) -> Tensor:
    """Undo label smoothing as `evaluation.temperature.unsmoothed` does; what that divides by cancels in the end."""
    share = smoothing / probabilities.shape[1]
    own, square = probabilities - share, (2 * share * NOISE) ** 2
    larger = (own * own + square).sqrt() + own.abs()
    positive = torch.where(own > 0, larger, square / larger)
    return positive / positive.sum(1, keepdim=True)


def _scaled(probabilities: Tensor, temperature: float) -> Tensor:
    """Divide the logarithms of probabilities."""
    return probabilities.clamp(min=LEAST).log() / temperature


def _strangeness(probabilities: Tensor, rule: RefusalRule) -> Tensor:
    """Say how strange each image is."""
    if rule.score == "confidence":
        return (1 - probabilities.amax(1)).clamp(min=0)
    logarithms = _scaled(probabilities, SOFTENING if rule.score == "softened-entropy" else 1.0).log_softmax(1)
    return -(logarithms.exp() * logarithms).sum(1)


def _sets(probabilities: Tensor, rule: ConformalRule) -> Tensor:
    """Say which classes an image may be."""
    numbers = torch.arange(probabilities.shape[1])
    is_surest: Tensor = numbers == probabilities.argmax(1, keepdim=True)
    return is_surest | (1 - probabilities <= rule.threshold)
