"""How a model's weights are trained on for other classes, of which there are few images.

Command: ``fashion train --from MODEL --data FOLDER``. What was tried, and what it gained: docs/experiments.md, "A
person's own kinds".
"""

from __future__ import annotations

from dataclasses import replace

from fashion_classifier.training.config import Augmentation, TrainConfig

# Few images are shifted further and seen more often; nothing is validated, as a length that is known beforehand
# needs no images of its own. bfloat16 saves no time on so small batches.
FROM_MODEL = TrainConfig(
    epochs=20,
    learning_rate=0.02,
    validations=1,
    precision="float32",
    augmentation=Augmentation(shift_pixels=2),
    views="mirrored",
)
# From nothing a network takes larger steps: the rate of `small`, which was not tuned for few images.
FROM_NOTHING = replace(FROM_MODEL, learning_rate=0.06)
