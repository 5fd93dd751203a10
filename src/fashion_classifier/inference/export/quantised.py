"""A network quantised to eight-bit whole numbers, after training, as an ONNX file.

Its ranges are fitted to real images (static quantisation, arXiv:1712.05877); both ONNX Runtime and OpenVINO compute
with it in whole numbers.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.inference.agreement import ACCURACY_TOLERANCE, accuracy_lost
from fashion_classifier.inference.export.graph import INPUT, UnknownLayerError, write_graph
from fashion_classifier.inference.predictor import PredictConfig, predict_probabilities
from fashion_classifier.inference.runtimes.onnx_runtime import OnnxRuntime
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.models.layers import ImageClassifier

FITTED, BATCH_SIZE = 512, 64  # images to which the ranges are fitted, and how many at once
OPERATORS = ["Conv", "Relu", "MaxPool", "GlobalMaxPool", "Gemm"]  # all else stays in float32


def quantise(network: ImageClassifier, shape: ImageShape, images: Images, how: PredictConfig) -> bytes | None:
    """Quantise a network.

    Parameters
    ----------
    network
        On any device.
    shape
        Of the images that it takes.
    images
        Real images of that shape; the first 512 fit the ranges, the others, or the same if there are no others, judge.
    how
        Views, smoothing and temperature.

    Returns
    -------
    bytes or None
        The ONNX file; None where it would cost more than 0.2 points of accuracy (`accuracy_lost`), or the network has
        a layer that can only be exported by PyTorch.
    """
    exact = copy.deepcopy(network).cpu().float().eval()
    judging = images[FITTED:] if len(images) >= 2 * FITTED else images
    expected = predict_probabilities(TorchRuntime(exact), judging, how)
    n_classes = expected.shape[1]
    try:
        graph = write_graph(exact, shape, n_classes, half=False)
    except UnknownLayerError:
        return None
    with TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "model.onnx"
        quantize_static(
            graph,
            path,
            _Batches(images[:FITTED]),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,  # with which OpenVINO was 1.6 times as fast as with signed ones
            weight_type=QuantType.QInt8,
            op_types_to_quantize=OPERATORS,
        )
        content = path.read_bytes()
    found = predict_probabilities(OnnxRuntime(content, shape, n_classes, precision="int8"), judging, how)
    return content if accuracy_lost(expected, found) <= ACCURACY_TOLERANCE else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back the quantiser's advice to optimise the graph first, which a folded graph does not need."""
    logger = logging.getLogger()

    def keep(record: logging.LogRecord) -> bool:
        return "pre-processing" not in record.getMessage()

    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    """Hands out images as the quantiser asks for them."""

    def __init__(self, images: Images) -> None:
        self._batches = self._cut(images)

    def get_next(self) -> dict[str, Images] | None:
        """Return the next batch, or None."""
        return next(self._batches, None)

    def _cut(self, images: Images) -> Iterator[dict[str, Images]]:
        for start in range(0, len(images), BATCH_SIZE):
            yield {INPUT: images[start : start + BATCH_SIZE]}
