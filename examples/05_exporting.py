"""Export a model to ONNX, and use the file without this package.

Shows that the file answers by itself: images go in as they are, probabilities come out, and the class names are inside.
`classify` needs NumPy and ONNX Runtime alone, and could run on any other machine.

    python examples/05_exporting.py FILE.onnx [MODEL]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime

from fashion_classifier import load
from fashion_classifier.experiment.exporting import export_model


def classify(file: str, images: np.ndarray) -> list[str]:
    """Name the class of each image, uint8 of shape (n, height, width), with the exported file alone."""
    session = onnxruntime.InferenceSession(file)
    classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
    (probabilities,) = session.run(["probabilities"], {"images": images})
    return [classes[label] for label in probabilities.argmax(axis=1)]


def main() -> None:
    """Export a model, and let the file name a few drawn garments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("model", type=Path, nargs="?", default=Path("fashion-mnist"))
    arguments = parser.parse_args()

    exported = export_model(arguments.model, target=arguments.file)
    print(f"{arguments.file}: {exported.n_bytes / 1e6:.1f} MB, agrees with the model: {exported.agreement}")
    drawn = load("sample").training
    for label, name in zip(drawn.labels[:5], classify(str(arguments.file), drawn.images[:5]), strict=True):
        print(f"a drawn {drawn.classes[label]} is taken for: {name}")


if __name__ == "__main__":
    main()
