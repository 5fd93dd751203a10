"""A network as the bytes of an ONNX file that agrees with it."""

from __future__ import annotations

import copy
import logging
import warnings

import numpy as np
import torch

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.errors import ModelError
from fashion_classifier.inference.agreement import compare_logits, trial_images
from fashion_classifier.inference.export.graph import BATCH, INPUT, OUTPUT, UnknownLayerError, write_graph
from fashion_classifier.inference.runtimes.onnx_runtime import OnnxRuntime
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.models.layers import ImageClassifier


def export(
    network: ImageClassifier, shape: ImageShape, n_classes: int, *, half: bool = False, images: Images | None = None
) -> bytes:
    """Write a network as ONNX and check that ONNX Runtime computes what PyTorch computes.

    Parameters
    ----------
    network
        On any device.
    shape
        Of the images that it takes.
    half
        Whether the network's weights are of half precision, and to be stored as such.
    images
        On which both are compared, besides drawn ones; of `shape`.

    Raises
    ------
    ModelError
        If they differ by more than rounding; the message has the figures.
    """
    exact = copy.deepcopy(network).cpu().float().eval()
    try:
        content: bytes = write_graph(exact, shape, n_classes, half=half).SerializeToString()
    except UnknownLayerError:
        content = traced(exact, shape)
    drawn = trial_images(shape)
    trial = drawn if images is None else np.concatenate([drawn, images])
    expected = TorchRuntime(exact).logits(trial)
    agreement = compare_logits(expected, OnnxRuntime(content, shape, n_classes).logits(trial))
    if not agreement.holds:
        raise ModelError(
            f"The network as ONNX does not compute what it computes in PyTorch: {agreement}. It was not saved; this "
            "is a fault of the program or of a library."
        )
    return content


def traced(network: ImageClassifier, shape: ImageShape) -> bytes:
    """Return what PyTorch's own exporter makes of a network in evaluation mode."""
    example = torch.from_numpy(trial_images(shape, n=2))
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it warns of torchvision, which no network here needs
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)  # torch about itself
            program = torch.onnx.export(
                network,
                (example,),
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes={"images": {0: torch.export.Dim(BATCH)}},
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    assert program is not None
    content: bytes = program.model_proto.SerializeToString()
    return content
