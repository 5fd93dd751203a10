"""What all pages are made with: templates and their filters, figures as markup, a page that stays within its size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from fashion_classifier.reporting import assets, wording
from fashion_classifier.reporting.figures import to_svg
from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.sprite import make_sprite
from fashion_classifier.reporting.wall import Wall
from fashion_classifier.storage import encoded

MAX_PAGE_BYTES = 6_000_000

# How many images of the wall are shown at first, and how many more at a time.
_TILES_AT_ONCE = 60

_SPLIT_NAMES = {"training": "Training", "validation": "Cross-validation", "test": "Test"}


def environment(**filters: Callable[..., Any]) -> Environment:
    """Set up the templates: what isn't our own markup is escaped, an unknown name is an error.

    Parameters
    ----------
    filters
        Of one page, beside those of all.
    """
    made = Environment(
        loader=PackageLoader("fashion_classifier.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        function.__name__: function
        for function in (
            wording.count,
            wording.article,
            wording.counted,
            wording.duration,
            wording.interval,
            wording.moment,
            wording.percent,
            wording.probability_of_chance,
            wording.setting,
            wording.setting_name,
            wording.share_alone,
            wording.signed_interval,
            wording.signed_value,
        )
    }
    made.filters |= {"split_name": _SPLIT_NAMES.__getitem__, "split_sizes": _split_sizes, **filters}
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return made


def render_page(
    templates: Environment, name: str, gallery: Gallery, wall: Callable[[int], Wall], **context: Any
) -> str:
    """Give a page as one HTML text of at most `MAX_PAGE_BYTES`, with as many images as that allows.

    Parameters
    ----------
    templates, name
        What `environment` set up, and the template's name.
    gallery
        The images that the page may show.
    wall
        From a number of images to the wall of the gallery's first ones.
    context
        What the template tells beside them.
    """
    script = assets.script()
    made_of = {"css": assets.style_sheet(), "script": script, "policy": assets.policy(script)}
    template = templates.get_template(name)
    sprite = make_sprite(gallery.images)
    while True:
        page = template.render(context, **made_of, tiles_at_once=_TILES_AT_ONCE, sprite=sprite, wall=wall(sprite.n))
        excess = len(encoded(page)) - MAX_PAGE_BYTES
        if excess <= 0 or not sprite.sheets:
            return page
        sprite = sprite.shortened(excess)


def inline(figure: Figure, prefix: str) -> Markup:
    """Give a figure as markup to be set into a page; its texts are escaped where it is written."""
    return Markup(to_svg(figure, prefix=f"figure-{prefix}"))  # noqa: S704


def _split_sizes(splits: dict[str, dict[str, int]]) -> str:
    """Write how many images each split has: "48,000 training, 12,000 cross-validation and … test images"."""
    parts = [f"{wording.count(sum(counts.values()))} {_SPLIT_NAMES[split].lower()}" for split, counts in splits.items()]
    return f"{wording.listed(parts)} images"
