"""The page's style sheet and its one script, set into it, and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from fashion_classifier.reporting.figures import theme_css

# What the page may do, apart from its script: nothing is fetched, framed, embedded or sent.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; script-src"
)


def style_sheet() -> Markup:
    """Give the style sheet, with the figures' colours for both themes."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {theme_css(':root', dark=True)} }}"
    return Markup("\n").join(map(Markup, (theme_css(":root", dark=False), dark, _source("report.css"))))


def script() -> Markup:
    """Give the script."""
    return Markup(_source("report.js"))  # noqa: S704 - our own text, tested not to end its element


def policy(allowed: str) -> str:
    """Give the Content-Security-Policy by which this very script runs, and no other."""
    digest = base64.b64encode(hashlib.sha256(allowed.encode()).digest()).decode()
    return f"{_POLICY} 'sha256-{digest}'"


def _source(name: str) -> str:
    """Read a file that lies with the templates, with the line ends by which a browser computes its hash."""
    source, _, _ = PackageLoader("fashion_classifier.reporting").get_source(Environment(autoescape=True), name)
    return source.replace("\r\n", "\n")
