"""`fashion train`: one recipe."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_classifier.cli.completion import complete_family_or_auto, complete_models, complete_recipes
from fashion_classifier.cli.options import (
    Balanced,
    Data,
    Device,
    Epochs,
    GroupBy,
    ImageSize,
    Json,
    Minutes,
    Mirror,
    Out,
    Seed,
    Threads,
    Track,
    absolute,
    parse_size,
)
from fashion_classifier.cli.output import Output, between, output, percent, show_collection, told_place
from fashion_classifier.cli.shared import is_from_file
from fashion_classifier.cli.track import finish_tracking, parse_targets, tracking_of
from fashion_classifier.errors import UsageError

if TYPE_CHECKING:
    from fashion_classifier.evaluation.metrics import Evaluation
    from fashion_classifier.experiment.preparation import Prepared
    from fashion_classifier.training.train import TrainedModel


class On(StrEnum):
    """What a model learns from."""

    TRAINING = "training"
    ALL = "all"


def train(
    context: typer.Context,
    data: Data = "auto",
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="Model family: cnn, mlp, resnet, or auto for the best known for the time.",
            autocompletion=complete_family_or_auto,
        ),
    ] = "auto",
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            help="A recipe by its name, whatever the time: initial, one-minute, half-hour …",
            autocompletion=complete_recipes,
        ),
    ] = None,
    minutes: Minutes = None,
    epochs: Epochs = None,
    on: Annotated[
        On,
        typer.Option("--on", help="Learn from the training part, or from training + cross-validation data."),
    ] = On.TRAINING,
    teacher: Annotated[
        Path | None,
        typer.Option(
            "--teacher",
            metavar="MODEL_OR_RUN",
            help="Learn from what this model says of the images, more than from the labels.",
            autocompletion=complete_models,
        ),
    ] = None,
    from_model: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="MODEL_OR_RUN",
            help="Train this model's weights on for the data's own classes, from about 20 images of each on.",
            autocompletion=complete_models,
        ),
    ] = None,
    compare: Annotated[
        bool | None,
        typer.Option(
            "--compare/--no-compare",
            help="With --from: train from nothing as well, and say what it gained; done unless refused.",
        ),
    ] = None,
    image_size: ImageSize = None,
    group_by: GroupBy = None,
    mirror: Mirror = True,
    balanced: Balanced = False,
    seed: Seed = 0,
    threads: Threads = 0,
    device: Device = "auto",
    out: Out = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="Keep the training's state in this file until the model is saved, and go on from it if it is there.",
        ),
    ] = None,
    track: Track = None,
    as_json: Json = False,
) -> None:
    """Train one recipe and save the model; the test set stays sealed.

    Examples:

      fashion train --minutes 1

      fashion train --recipe initial --out models/initial

      fashion train --recipe small --teacher models/large --minutes 5

      fashion train --data my_photos --model resnet --epochs 20 --on all

      fashion train --from fashion-mnist --data my_kinds --out models/my-kinds
    """
    from fashion_classifier.cli import STARTED
    from fashion_classifier.cli.own_kinds import train_from
    from fashion_classifier.experiment.lookup import locate_model
    from fashion_classifier.experiment.preparation import prepare
    from fashion_classifier.experiment.record import check_can_be_made, new_run_path
    from fashion_classifier.experiment.settings import RunConfig
    from fashion_classifier.experiment.tracked import about_work, concluded_training, ended, following
    from fashion_classifier.experiment.training import AUTO_MODEL, choose_recipe, least_recipe, train_one
    from fashion_classifier.training.distributed import ALONE
    from fashion_classifier.training.early_stopping import StopReason
    from fashion_classifier.training.recipes.ladder import recipe_named
    from fashion_classifier.training.recipes.recipe import adapted
    from fashion_classifier.training.recipes.transfer import FROM_MODEL

    group = context.obj or ALONE
    _check_given(
        trains_on=from_model is not None,
        comparing=compare is not None and not is_from_file("compare"),
        chooses_twice=recipe is not None and model != AUTO_MODEL,
        has_own_recipe=(recipe, model, teacher, image_size, on) != (None, AUTO_MODEL, None, None, On.TRAINING),
        is_one_training=group.size > 1 or checkpoint is not None,
    )
    has_budget = epochs is not None or minutes is not None
    least = least_recipe(model, recipe or "")
    config = RunConfig(
        data=absolute(data),
        image_size=parse_size(image_size),
        group_by=group_by,
        minutes=minutes,
        trials=0,
        epochs=epochs if has_budget else (FROM_MODEL if from_model is not None else least.training).epochs,
        mirror=mirror,
        class_weights="balanced" if balanced else "none",
        seed=seed,
        threads=threads,
        device=device,
    )
    targets = parse_targets(track) if group.first else []
    with output(as_json=as_json) as out_to, tracking_of(targets, out_to) as tracking:
        if from_model is not None:
            train_from(from_model, config, out, out_to, tracking, comparing=compare is not False)
            return
        if out is not None:
            check_can_be_made(out)
        taught_by = None if teacher is None else locate_model(teacher).path
        prepared = prepare(config, used_s=time.perf_counter() - STARTED, progress=out_to.progress, group=group)
        show_collection(out_to, prepared.collection, prepared.split)
        name = group.decided(lambda: choose_recipe(config, prepared, family=model, name=recipe or ""))
        out_to.remark(f"Recipe: {name}{_why(prepared, name=recipe, minutes=minutes)}")
        folder = out or new_run_path(Path("models"), name)
        chosen = adapted(recipe_named(name), mirror=mirror, class_weights=config.class_weights)
        tracking.begin(folder, {**about_work(config, prepared.collection), "recipe": name})
        places: list[Path] = []
        trained = train_one(
            chosen,
            config,
            prepared,
            folder,
            on_everything=on is On.ALL,
            teacher=taught_by,
            on_validation=following(tracking, "training"),
            on_saved=places.append,
            checkpoint=checkpoint,
            progress=out_to.progress,
        )
        if not group.first:
            return
        place = told_place("the model", places[0], folder, out_to)
        validation = _judged(trained, prepared, on, out_to)
        tracking.record(concluded_training(trained, validation))
        is_interrupted = trained.fit.stopped_because == StopReason.INTERRUPTED
        tracking.record(ended(is_interrupted))
        facts = _facts(trained, prepared, validation)
        out_to.tell(
            f"Model:  {place}  ({trained.fit.steps:,} steps, {facts['seconds']:.0f} s, {trained.model.how.precision}; "
            f"{trained.fit.stopped_because})"
        )
        facts |= {"model": str(place), "recipe": name, "processes": group.size}
        out_to.result("train", {**facts, "tracked": finish_tracking(tracking, out_to)})
        if is_interrupted:
            out_to.end_as_interrupted()


def _check_given(
    *, trains_on: bool, comparing: bool, chooses_twice: bool, has_own_recipe: bool, is_one_training: bool
) -> None:
    """Check that what is given goes together."""
    if chooses_twice:
        raise UsageError("A recipe says which model it trains: give a recipe or a model family, not both.")
    if comparing and not trains_on:
        raise UsageError("Only a model that is trained on is compared with one from nothing: add --from MODEL_OR_RUN.")
    if trains_on and has_own_recipe:
        raise UsageError(
            "The model that is trained on says what is trained and in which image size, and all images but the test "
            "set's are learned from: leave out recipe, model family, teacher, image size and what to learn from."
        )
    if trains_on and is_one_training:
        raise UsageError(
            "Training a model on for other classes is made of many short trainings, which neither several processes "
            "can share nor a checkpoint can go on with."
        )


def _facts(trained: TrainedModel, prepared: Prepared, validation: Evaluation | None) -> dict[str, Any]:
    """Gather what programs are told of a training."""
    from fashion_classifier.cli.run import evaluation_facts
    from fashion_classifier.models.catalogue import count_parameters

    return {
        "family": trained.model.config.family,
        "n_parameters": count_parameters(trained.model.network),
        "seconds": round(prepared.clock.used_s, 2),
        "steps": trained.fit.steps,
        "images_per_second": round(prepared.workshop.images_per_second, 1) or None,
        "precision": trained.model.how.precision,
        "stopped_because": str(trained.fit.stopped_because),
        "data": {"name": prepared.collection.name, "fingerprint": prepared.collection.fingerprint},
        "validation": None if validation is None else evaluation_facts(validation),
    }


def _judged(trained: TrainedModel, prepared: Prepared, on: On, out_to: Output) -> Evaluation | None:
    """Evaluate a model on the cross-validation images, if it has not learned from them, and tell of it."""
    from fashion_classifier.evaluation.metrics import evaluate

    if on is On.ALL:
        out_to.remark("Trained on training + cross-validation data: only the test set could judge this model.")
        return None
    labels = prepared.split.validation.labels
    validation = evaluate(labels, trained.validation_probabilities, trained.model.classes)
    accuracy = validation.accuracy
    out_to.tell(
        f"Cross-validation accuracy {percent(accuracy.value)} (95 % interval "
        f"{between(accuracy.low, accuracy.high)}), loss {validation.loss.value:.3f}"
    )
    return validation


def _why(prepared: Prepared, *, name: str | None, minutes: float | None) -> str:
    """Say what speed chose the recipe, so that a machine that was busy just then is noticed."""
    speed = 0.0 if name is not None or minutes is None else prepared.workshop.images_per_second
    return f", as this machine trains on {speed:,.0f} images a second just now" if speed else ""
