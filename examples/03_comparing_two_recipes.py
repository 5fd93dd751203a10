"""Compare two recipes on the same images, with a paired test.

Shows why a difference needs more than two accuracies: what one recipe's model mended and broke of the other's answers,
and whether that may be chance. The comparison is made on cross-validation images, as any choice is; the test set stays
sealed.

    python examples/03_comparing_two_recipes.py [--data SOURCE] [--recipes initial perceptron] [--epochs 3]
"""

import argparse

from fashion_classifier import RECIPES, Workshop, compare, load, split


def main() -> None:
    """Train both and say which is better, if that can be said."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="auto")
    parser.add_argument("--recipes", nargs=2, choices=RECIPES, default=("initial", "perceptron"))
    parser.add_argument("--epochs", type=float, default=3)
    arguments = parser.parse_args()

    parts = split(load(arguments.data))
    workshop = Workshop(parts)
    answers = []
    for name in arguments.recipes:
        trained = workshop.train(RECIPES[name], seed=0, epochs=arguments.epochs)
        answers.append(trained.validation_probabilities.argmax(axis=1))
        print(f"{name}: {(answers[-1] == parts.validation.labels).mean():.1%}")
    found = compare(parts.validation.labels, *answers)
    first, second = arguments.recipes
    print(f"{second} mended {found.mended} of {first}'s mistakes and made {found.broken} new ones")
    print(f"{second} against {first}: {found.verdict} ({found.difference:+.1%}, p = {found.p_value:.2g})")
    print(f"The test set was opened {len(parts.test.openings)} times.")


if __name__ == "__main__":
    main()
