"""The form of answers, for the description of the API (OpenAPI); tests hold answers to it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class _Exact(BaseModel):
    """An object with these keys and no others."""

    model_config = ConfigDict(extra="forbid")


class Choice(_Exact):
    """A class and its probability."""

    class_: str = Field(alias="class")
    probability: Share


class ProblemDetails(_Exact):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="The address at which this kind of problem is explained.")
    title: str
    status: int
    detail: str = Field(description="What was found, what was expected, and what to do.")


class Prediction(_Exact):
    """What the model says of one picture."""

    name: str = Field(description="What the caller called it; may be empty.")
    photograph: bool = Field(
        description="Whether it was taken for a photograph, in which the garment is looked for, or else as it is."
    )
    class_: str = Field(alias="class", description="The best guess, even where it is refused.")
    probability: Share
    probabilities: dict[str, Share] = Field(description="Of every class, in the model's order.")
    set: list[str] | None = Field(
        description="The classes that it may be, the most probable first; null where the model has no rule for it, as "
        "some have none for photographs."
    )
    runner_up: Choice
    refused: bool | None = Field(description="Whether it is unlike what the model knows; null where there is no rule.")
    reason: str = Field(description="Why it is refused; else empty.")
    seen: str | None = Field(default=None, description="What the model saw, as a PNG data URI; where it was asked for.")
    mattered: str | None = Field(
        default=None,
        description="Which pixels mattered, as a PNG data URI: white most, black not at all; where it was asked for.",
    )
    mattered_most: Share | None = Field(
        default=None, description="The probability that is lost where the pixel that mattered most is covered."
    )


class Unanswered(_Exact):
    """A picture among several that has no answer."""

    name: str
    problem: ProblemDetails


class Predictions(_Exact):
    """Answers in the order of the pictures."""

    model: str
    images: list[Prediction | Unanswered]


class TestAccuracy(_Exact):
    """Accuracy on a test set, as it was recorded, with its 95 % interval."""

    __test__ = False  # no test, though pytest might think so

    value: Share
    interval: list[Share] = Field(min_length=2, max_length=2)
    n: int


class ImageForm(_Exact):
    """Form of the model's own images."""

    height: int
    width: int
    channels: int


class RuntimeFacts(_Exact):
    """What computes."""

    name: str
    precision: str
    views: str


class ModelCard(_Exact):
    """Which model answers, and how good it is."""

    model: str
    sha256: str = Field(description="Of the model folder's manifest, as it was when the model was loaded.")
    family: str
    classes: list[str]
    image: ImageForm
    test: TestAccuracy | None
    data: str | None
    made: str | None
    licence: str | None
    set_coverage: Share | None = Field(description="The share of sets that hold the true class.")
    accepted: Share | None = Field(description="The share of known images that the rule for refusing accepts.")
    runtime: RuntimeFacts
    limits: dict[str, float]


class State(_Exact):
    """Whether the server is well."""

    status: str
