"""A model folder with its network: saved after training, loaded to train, evaluate or export. Data, never code.

What lies in the folder is told in `description`; `opening` opens one for predicting, without PyTorch if need be.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.prediction_sets import ConformalRule
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.inference.description import (
    UNFIT,
    Description,
    content_of,
    described,
    read_description,
    usable,
    write_description,
)
from fashion_classifier.inference.export.graph import is_stored_in_half
from fashion_classifier.inference.export.onnx_model import export
from fashion_classifier.inference.export.quantised import quantise
from fashion_classifier.inference.manifest import (
    INT8,
    ONNX,
    WEIGHTS,
    Manifest,
    check_place,
    steadily,
    taken,
    write_manifest,
)
from fashion_classifier.inference.photograph_rules import PhotographRules
from fashion_classifier.inference.predictor import PredictConfig, Probabilities, check_shape, predict_checked
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime, precision_here
from fashion_classifier.models.catalogue import build, config_from, settings_of
from fashion_classifier.models.layers import ImageClassifier
from fashion_classifier.models.settings import ModelConfig
from fashion_classifier.progress import Progress, silent
from fashion_classifier.storage import atomic_folder

LARGEST_HEADER = 4 << 20  # bytes of JSON, which become objects before any tensor is looked at


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """A trained classifier with all that predicting needs.

    Parameters
    ----------
    network
        From grey levels to logits.
    config
        Of its architecture.
    classes
        Names, in the order of the logits.
    shape
        Of the images that it takes.
    how
        Precision, views, smoothing and temperature.
    sets
        How sets of classes are made of its probabilities; None where that was not fitted.
    refusal
        Which images it refuses; None where that was not fitted.
    photographs
        How it answers to photographs; None where that was not fitted.
    pictures
        Which way pictures are brought to it.
    provenance
        Where it came from: data fingerprint, recipe, seed, versions; as JSON holds it.
    """

    network: ImageClassifier
    config: ModelConfig
    classes: tuple[str, ...]
    shape: ImageShape
    how: PredictConfig
    sets: ConformalRule | None = None
    refusal: RefusalRule | None = None
    photographs: PhotographRules | None = None
    pictures: PictureWay = "resize"
    provenance: dict[str, Any] = field(default_factory=dict)

    def predict(self, images: Images, *, progress: Progress = silent, task: str = "Predicting") -> Probabilities:
        """Return probabilities as a float32 array of shape (n, n_classes), computed by PyTorch.

        Parameters
        ----------
        images
            uint8 array of shape (n, height, width) or (n, height, width, 3), of the model's own shape.

        Raises
        ------
        DataError
            If the images have another shape.
        ModelError
            If its answers are not numbers.
        """
        check_shape(images, self.shape)
        if len(images) == 0:
            return np.empty((0, len(self.classes)), np.float32)
        precision = precision_here(self.how.precision, next(self.network.parameters()).device)
        runtime = TorchRuntime(self.network, precision)
        return predict_checked(runtime, images, self.how, progress=progress, task=task)


def save_model(
    model: Model,
    folder: Path | str,
    *,
    replace: bool = False,
    onnx: bool = True,
    half: bool = False,
    int8: bool = False,
    images: Images | None = None,
) -> None:
    """Write a model folder, whole or not at all.

    Parameters
    ----------
    replace
        Whether a model folder that is there is replaced.
    onnx
        Whether the network is written as ONNX as well, for other runtimes than PyTorch; a folder that only keeps a
        state for this program can do without.
    half
        Whether matrices and kernels are rounded to half precision, which halves the folder; mean, deviation and
        norms stay as they are.
    int8
        Whether to write the network quantised to whole numbers as well; it is left out where that would cost
        accuracy. It needs `images`, at least some hundred.
    images
        Real images, uint8 of the model's shape, on which the ONNX is compared with PyTorch besides drawn ones.

    Raises
    ------
    UsageError
        If the folder is there and `replace` is false or it is no model folder, or `int8` is wanted without images.
    ModelError
        If ONNX Runtime does not compute what PyTorch computes.
    """
    folder = Path(folder)
    check_place(folder, replace=replace)
    if int8 and images is None:
        raise UsageError("To quantise a model, images are needed that it is fitted to; none were given.")
    network = _rounded(model.network) if half else model.network
    try:
        with atomic_folder(folder, replace=replace) as place:
            _write(model, network, place, onnx=onnx, half=half, int8=int8, images=images)
    except FileExistsError as error:  # it was made meanwhile
        raise taken(folder) from error


def _write(
    model: Model, network: ImageClassifier, place: Path, *, onnx: bool, half: bool, int8: bool, images: Images | None
) -> None:
    """Write the files of a model folder."""
    (place / WEIGHTS).write_bytes(save(_tensors(network, half=half)))
    if onnx:
        content = export(network, model.shape, len(model.classes), half=half, images=images)
        (place / ONNX).write_bytes(content)
    if int8 and images is not None and (quantised := quantise(network, model.shape, images, model.how)):
        (place / INT8).write_bytes(quantised)
    write_description(place, _description(model))
    write_manifest(place)


def pack(model: Model) -> tuple[dict[str, Any], bytes]:
    """Return what `model.json` and `weights.safetensors` would hold, to hand a model to another process."""
    return content_of(_description(model)), save(_tensors(model.network, half=False))


def unpack(content: dict[str, Any], weights: bytes) -> Model:
    """Return the model that `pack` was given."""
    return _assemble(described(content), load(weights))


def load_model(folder: Path | str) -> Model:
    """Read a model folder with its network, checking every file against the manifest.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place.
    ModelError
        If it is damaged, altered, of an unknown format, or does not describe a network that there can be.
    """
    folder = Path(folder)
    return steadily(folder, lambda: assemble(*read_description(folder)))


def assemble(described: Description, manifest: Manifest, weights: str = WEIGHTS) -> Model:
    """Build the network of a model folder that was read already, from this file; errors as for `load_model`."""
    with usable(manifest.folder, *UNFIT, RuntimeError, SafetensorError):
        content = manifest.read(weights)
        if int.from_bytes(content[:8], "little") > LARGEST_HEADER:
            raise ValueError(f"{weights} tells of more tensors than a network here can have")
        return _assemble(described, load(content))


def _assemble(described: Description, tensors: dict[str, Tensor]) -> Model:
    """Build the network that was described and give it its weights."""
    config = config_from(described.family, described.settings)
    statistics = torch.tensor(described.mean), torch.tensor(described.std)
    with torch.device("meta"):  # takes no memory, whatever the description says, until the weights are known to fit
        network = build(config, described.shape, len(described.classes), statistics, seed=0)
    broken = [name for name, tensor in tensors.items() if not _holds_numbers(tensor)]
    if broken:
        raise ValueError(f"weights that are not numbers in {', '.join(broken[:3])}")
    kinds = {name: tensor.dtype for name, tensor in network.state_dict().items()}  # float32 also of half precision
    fitting = {name: tensor.to(kinds.get(name, tensor.dtype), copy=True) for name, tensor in tensors.items()}
    network.load_state_dict(fitting, assign=True)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    standardise = network.standardise
    for found, expected in zip((standardise.mean, standardise.std), statistics, strict=True):
        if not torch.equal(found.flatten(), expected):
            raise ValueError(
                "the weights are another model's: they were trained on images of another mean or deviation"
            )
    network.eval()
    return Model(
        network=network,
        config=config,
        classes=described.classes,
        shape=described.shape,
        how=described.how,
        sets=described.sets,
        refusal=described.refusal,
        photographs=described.photographs,
        pictures=described.pictures,
        provenance=described.provenance,
    )


def _description(model: Model) -> Description:
    """Describe a model; a copy of its network whose weights are rounded has the same mean and deviation."""
    standardise = model.network.standardise
    return Description(
        family=model.config.family,
        settings=settings_of(model.config),
        classes=model.classes,
        shape=model.shape,
        mean=tuple(standardise.mean.flatten().tolist()),
        std=tuple(standardise.std.flatten().tolist()),
        how=model.how,
        sets=model.sets,
        refusal=model.refusal,
        photographs=model.photographs,
        pictures=model.pictures,
        provenance=model.provenance,
    )


def _holds_numbers(tensor: Tensor) -> bool:
    """Tell whether a tensor is of a kind that weights or counts have, and all of it is finite."""
    return tensor.dtype == torch.int64 or (tensor.is_floating_point() and bool(tensor.isfinite().all()))


def _tensors(network: ImageClassifier, *, half: bool) -> dict[str, Tensor]:
    """Return the weights as they are stored."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return {name: tensor.half() if half and is_stored_in_half(tensor) else tensor for name, tensor in tensors.items()}


def _rounded(network: ImageClassifier) -> ImageClassifier:
    """Return a copy whose weights are those that half precision can hold."""
    copied = copy.deepcopy(network)
    with torch.no_grad():
        for tensor in copied.state_dict().values():
            if is_stored_in_half(tensor):
                tensor.copy_(tensor.half())
    return copied
