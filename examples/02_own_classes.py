"""Train on your own classes: folders of pictures, `FOLDER/<class>/*.png`.

Shows any data of your own going the whole way: loaded and checked, split, trained on, measured once on a test set that
was split off before anything else, and kept as a model folder for `fashion predict --model MODEL`.

    python examples/02_own_classes.py FOLDER MODEL [--epochs 10]

With few pictures of each class, `fashion train --from fashion-mnist --data FOLDER` learns more from them.
"""

import argparse

from fashion_classifier import RECIPES, Workshop, evaluate, load, save_model, split


def main() -> None:
    """Train a model and say how good it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("model")
    parser.add_argument("--epochs", type=float, default=10)
    arguments = parser.parse_args()

    parts = split(load(arguments.folder))
    print(parts)
    trained = Workshop(parts).train(RECIPES["one-minute"], seed=0, epochs=arguments.epochs)
    test = parts.test.open("how good the model is")
    evaluation = evaluate(test.labels, trained.model.predict(test.images), test.classes)
    print(f"{evaluation.accuracy:.1%} of {evaluation.n} test images right")
    for report in evaluation.per_class:
        print(f"{report.name}: {report.recall:.0%} of {report.support} recognised")
    save_model(trained.model, arguments.model)


if __name__ == "__main__":
    main()
