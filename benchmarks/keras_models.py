"""What the notebook did, written anew in Keras and KerasTuner, and Keras's tutorial network; for Keras's environment.

python benchmarks/keras_models.py notebook pixels.npz 0     initial network, 10 Bayesian trials, retraining of the best
python benchmarks/keras_models.py cnn pixels.npz 0          the convolutional network of Keras's first MNIST example
python benchmarks/keras_models.py search pixels.npz 0       trials without end, a line of JSON after each
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pixels import Images, Pixels, read_pixels

EPOCHS, PATIENCE = 10, 3  # of the initial network and of each trial
RETRAINING_EPOCHS = 10
TRIALS, ENDLESS = 10, 100_000
CNN_EPOCHS, CNN_BATCH = 15, 128  # as in the example


def main() -> None:
    """Run one of the three, and print one JSON object, or one a trial."""
    procedure, file, seed = sys.argv[1:]
    pixels = read_pixels(Path(file))
    keras.utils.set_random_seed(int(seed))
    if procedure == "search":
        _search(pixels, int(seed), ENDLESS, tell=True)
        return
    accuracy = _notebook(pixels, int(seed)) if procedure == "notebook" else _tutorial_cnn(pixels)
    versions = {"keras": keras.__version__, "keras-tuner": keras_tuner.__version__, "tensorflow": tf.__version__}
    print(json.dumps({"accuracy": accuracy, "settings": {}, "peer_versions": versions}))


def mlp(units: tuple[int, int] = (128, 64), dropout: float = 0.5, learning_rate: float = 1e-3) -> Any:
    """Return the notebook's network: two hidden layers, each followed by dropout."""
    layers: list[Any] = [keras.Input((28, 28)), keras.layers.Flatten()]
    for n_units in units:
        layers += [keras.layers.Dense(n_units, activation="relu"), keras.layers.Dropout(dropout)]
    network = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    return _compiled(network, learning_rate)


def suggested(parameters: Any) -> Any:
    """Return the network for a point of the notebook's space."""
    units = (
        parameters.Int("units_1", min_value=64, max_value=256, step=32),
        parameters.Int("units_2", min_value=32, max_value=128, step=32),
    )
    dropout = parameters.Float("dropout", min_value=0.3, max_value=0.7, step=0.1)
    return mlp(units, dropout, parameters.Choice("learning_rate", [1e-2, 1e-3, 1e-4]))


class Tuner(keras_tuner.BayesianOptimization):  # type: ignore[misc]
    """KerasTuner's Bayesian search, which tells after each trial what it reached."""

    tell = False

    def on_trial_end(self, trial: Any) -> None:
        """Print the trial's best cross-validation accuracy."""
        super().on_trial_end(trial)
        if self.tell:
            print(json.dumps({"state": "complete", "accuracy": float(trial.score)}), flush=True)


def _search(pixels: Pixels, seed: int, trials: int, *, tell: bool) -> tuple[Any, float]:
    """Search; return the best point's network, untrained, and its cross-validation accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        tuner = Tuner(suggested, objective="val_accuracy", max_trials=trials, seed=seed, directory=folder)
        tuner.tell = tell
        tuner.search(
            *_scaled(pixels.training),
            validation_data=_scaled(pixels.validation),
            epochs=EPOCHS,
            callbacks=[_early_stopping()],
            verbose=0,
        )
        best = tuner.oracle.get_best_trials(1)[0]
        return suggested(best.hyperparameters), float(best.score)


def _notebook(pixels: Pixels, seed: int) -> float:
    """Do what the notebook did; return the accuracy of what it ends with.

    With a test set that is the retrained network's on it; without, the best trial's on the cross-validation images, as
    they are part of what the retrained one has learned.
    """
    mlp().fit(
        *_scaled(pixels.training),
        validation_data=_scaled(pixels.validation),
        epochs=EPOCHS,
        callbacks=[_early_stopping()],
        verbose=0,
    )
    best, score = _search(pixels, seed, TRIALS, tell=False)
    best.fit(*_scaled(pixels.everything_but_test), epochs=RETRAINING_EPOCHS, verbose=0)
    return score if pixels.test is None else _judge(best, pixels)


def _tutorial_cnn(pixels: Pixels) -> float:
    """Train the network of keras.io/examples/vision/mnist_convnet, its epochs and batch size included."""
    network = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    _compiled(network, 1e-3).fit(*_scaled(pixels.lesson), batch_size=CNN_BATCH, epochs=CNN_EPOCHS, verbose=0)
    return _judge(network, pixels)


def _compiled(network: Any, learning_rate: float) -> Any:
    """Prepare a network for training with Adam."""
    network.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def _early_stopping() -> Any:
    """Return what stops a training when the cross-validation loss no longer falls."""
    return keras.callbacks.EarlyStopping(monitor="val_loss", patience=PATIENCE, restore_best_weights=True)


def _judge(network: Any, pixels: Pixels) -> float:
    """Return the accuracy on what is judged by."""
    images, labels = pixels.judged
    predicted = network.predict(_grey(images), batch_size=500, verbose=0).argmax(1)
    return float(np.mean(predicted == labels))


def _scaled(pair: tuple[Images, NDArray[np.int64]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return images between 0 and 1, and their labels."""
    return _grey(pair[0]), pair[1]


def _grey(images: Images) -> NDArray[np.float32]:
    """Return images between 0 and 1."""
    return np.divide(images, 255, dtype=np.float32)


if __name__ == "__main__":
    main()
