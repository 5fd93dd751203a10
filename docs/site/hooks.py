"""Makes pages of the Markdown in the repository: links lead where the pages lie, the rest is generated."""

from __future__ import annotations

import ast
import html
import inspect
import json
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.main import get_command

import fashion_classifier
from fashion_classifier.cli.app import app

ROOT = Path(__file__).parents[2]
# Pages that lie elsewhere in the repository, where they are looked for: their place there -> on the site.
ELSEWHERE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/RESULTS.md": "results.md",
}
NOTEBOOK = "notebooks/fashion_images_classifier.ipynb"
# Programs that become pages.
PROGRAMS = {
    **{f"examples/{path.name}": f"examples/{path.stem}.md" for path in sorted((ROOT / "examples").glob("*.py"))},
    NOTEBOOK: "notebook.md",
}
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere, and those that are generated."""
    for place, page in ELSEWHERE.items():
        files.append(File.generated(config, page, content=(ROOT / place).read_text(encoding="utf-8")))
    generated = {"commands.md": _commands(), "python.md": _python(), "decisions/index.md": _decisions()}
    for place, page in PROGRAMS.items():
        text = (ROOT / place).read_text(encoding="utf-8")
        generated[page] = _notebook(text) if place == NOTEBOOK else _example(place, text)
    for page, content in generated.items():
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead relative links, which are right in the repository, to the pages of the site."""
    there = {page: place for place, page in ELSEWHERE.items()}.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    here = posixpath.dirname(page.file.src_uri)

    def led(link: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(there), link[1]))
        if place == "docs/decisions":
            place += "/index.md"
        target = (ELSEWHERE | PROGRAMS).get(place, place.removeprefix("docs/"))
        return posixpath.relpath(target, here or ".")

    return _LINK.sub(led, markdown)


def _example(place: str, program: str) -> str:
    """Show an example as code, under what its docstring says first."""
    title = (ast.get_docstring(ast.parse(program)) or place).splitlines()[0].rstrip(".")
    return f"# {title}\n\n`{place}`\n\n```python\n{program}```\n"


def _notebook(content: str) -> str:
    """Show a notebook's cells and what came out of them."""
    lines = []
    for cell in json.loads(content)["cells"]:
        source = "".join(cell["source"])
        lines += [source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```", ""]
        for output in cell.get("outputs", ()):
            lines += [_shown(output["data"], output["metadata"]), ""]
    return "\n".join(lines)


def _shown(data: dict[str, Any], about: dict[str, Any]) -> str:
    """Show an output in the best of its forms that a page can hold."""
    forms = {form: "".join(content) for form, content in data.items()}
    if "image/png" in forms:
        words = html.escape(about.get("image/png", {}).get("alt", ""))
        return f'<p><img src="data:image/png;base64,{forms["image/png"].strip()}" alt="{words}"></p>'
    plain = f"```text\n{forms['text/plain']}\n```"
    return forms.get("text/html") or forms.get("text/markdown") or plain


def _decisions() -> str:
    """List the decisions by their titles."""
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    titles = [page.read_text(encoding="utf-8").splitlines()[0].lstrip("# ") for page in pages]
    return "# Decisions\n\n" + "\n".join(f"- [{title}]({page.name})" for title, page in zip(titles, pages, strict=True))


def _python() -> str:
    """Have mkdocstrings document each public name, at the place where it is defined."""
    lines = ["# Python", "", "What `from fashion_classifier import …` gives.", ""]
    for name in fashion_classifier.__all__:
        thing = getattr(fashion_classifier, name)
        place = thing.__module__ if inspect.isclass(thing) or inspect.isfunction(thing) else _module_of(name)
        lines += [f"::: {place}.{name}", ""]
    return "\n".join(lines)


def _module_of(name: str) -> str:
    """Return the module that a public name is loaded from."""
    return f"fashion_classifier.{fashion_classifier._PLACES[name]}"  # noqa: SLF001 - the one list of them


def _commands() -> str:
    """Document each command from its own help."""
    lines = ["# Commands", "", "What `fashion COMMAND --help` says.", ""]
    for name, command in get_command(app).commands.items():
        lines += _documented(f"fashion {name}", command.load(), 2)
    return "\n".join(lines)


def _documented(name: str, command: Any, level: int) -> list[str]:
    """Document a command, and those below it."""
    lines = [f"{'#' * level} {name}", "", inspect.cleandoc(command.help or ""), ""]
    if command.epilog:
        lines += ["```console", *(line.strip() for line in command.epilog.splitlines() if line.strip()), "```", ""]
    options = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    if options:
        context = command.context_class(command)
        lines += ["| | |", "|---|---|", *(_row(option, context) for option in options), ""]
    for below, one in getattr(command, "commands", {}).items():
        lines += _documented(f"{name} {below}", one, level + 1)
    return lines


def _row(parameter: Any, context: Any) -> str:
    """Document an option or argument in a row."""
    names, text = parameter.get_help_record(context)
    names, text = (" ".join(part.split()).replace("|", r"\|") for part in (names, text))
    return f"| `{names}` | {text} |"
