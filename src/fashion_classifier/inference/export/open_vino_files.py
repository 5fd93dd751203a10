"""An ONNX file as OpenVINO's own two files, the graph (`.xml`) and its numbers (`.bin`), and such files opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images
from fashion_classifier.errors import ModelError
from fashion_classifier.inference.runtimes.open_vino import check_bfloat16, core

SECTION = "fashion_classifier"  # of the runtime information, in which the file says what it is


def write_files(content: bytes, metadata: Mapping[str, str], place: Path) -> None:
    """Write a completed ONNX file as OpenVINO's files.

    Numbers are stored as they are: in half precision, OpenVINO's default, probabilities came out up to 0.0009 away.

    Parameters
    ----------
    content
        The whole ONNX file.
    metadata
        What the files are to say of themselves.
    place
        Of the `.xml`; the `.bin` comes beside it.

    Raises
    ------
    ModelError
        If OpenVINO cannot read the graph.
    """
    try:
        model = core().read_model(content)
    except RuntimeError as error:
        raise ModelError(f"{place.name}: OpenVINO cannot read the network ({error}). Export it as ONNX.") from error
    for name, value in metadata.items():
        model.set_rt_info(value, [SECTION, name])
    openvino.save_model(model, place, compress_to_fp16=False)


def open_files(
    place: Path, answers: Mapping[str, str], *, bfloat16: bool
) -> Callable[[Images], dict[str, NDArray[Any]]]:
    """Open files that were written here.

    Parameters
    ----------
    place
        Of the `.xml`.
    answers
        What they give, by name.
    bfloat16
        Whether to compute in bfloat16; else in float32, which has to be said: where the processor can, OpenVINO takes
        bfloat16 by itself.

    Returns
    -------
    Callable
        From images to answers, by name.

    Raises
    ------
    UnavailableError
        If the processor has no bfloat16.
    """
    if bfloat16:
        check_bfloat16()
    compiled = core().compile_model(place, "CPU", {"INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32"})

    def answer(images: Images) -> dict[str, NDArray[Any]]:
        found = compiled(np.ascontiguousarray(images))
        return {name: found[name].copy() for name in answers}

    return answer
