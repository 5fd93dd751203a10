"""The card of a folder of Parquet files, `README.md`: what Hugging Face's site and `datasets` read of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fashion_classifier.data.yaml_text import yaml_text

CARD = "README.md"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "1M<n<10M"


def features_of(classes: Sequence[str], *, grouped: bool) -> dict[str, Any]:
    """Describe the columns as the Parquet files themselves do, under the key "huggingface"."""
    features: dict[str, Any] = {"image": {"_type": "Image"}, "label": {"names": list(classes), "_type": "ClassLabel"}}
    return {**features, "group": {"dtype": "string", "_type": "Value"}} if grouped else features


def dataset_card(classes: Sequence[str], parts: Mapping[str, tuple[str, int, int]], *, grouped: bool) -> str:
    """Write the card.

    Parameters
    ----------
    classes
        Names, in the order of the labels.
    parts
        For each part, as Hugging Face calls it, its file, its number of images, and its bytes.
    grouped
        Whether a column tells which images show one garment.
    """
    n_images = sum(n for _, n, _ in parts.values())
    n_bytes = sum(size for _, _, size in parts.values())
    names = {str(number): name for number, name in enumerate(classes)}
    columns: list[dict[str, Any]] = [
        {"name": "image", "dtype": "image"},
        {"name": "label", "dtype": {"class_label": {"names": {f"'{key}'": name for key, name in names.items()}}}},
    ]
    matter = {
        "license": "unknown",
        "task_categories": ["image-classification"],
        "size_categories": [next((size for most, size in _SIZES if n_images < most), _LARGEST)],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": part, "path": file} for part, (file, _, _) in parts.items()],
            }
        ],
        "dataset_info": {
            "features": [*columns, {"name": "group", "dtype": "string"}] if grouped else columns,
            "splits": [{"name": part, "num_bytes": size, "num_examples": n} for part, (_, n, size) in parts.items()],
            "download_size": n_bytes,
            "dataset_size": n_bytes,
        },
    }
    counts = ", ".join(f"{n:,} {part}" for part, (_, n, _) in parts.items())
    grouping = " Images of one garment have the same `group`." if grouped else ""
    return (
        f"---\n{yaml_text(matter)}\n---\n\n# Labelled images\n\n{n_images:,} images ({counts}) of {len(classes)} "
        f"classes: PNG pictures in `image`, numbers in `label`.{grouping}\n\n```python\nfrom datasets import "
        f'load_dataset\n\nimages = load_dataset("this/folder")\n```\n\nClasses, in the order of their numbers:\n\n'
        f"```json\n{json.dumps(list(classes), ensure_ascii=False)}\n```\n"
    )
