"""Whatever characters a text holds, Markdown and YAML give it back as it is."""

import pytest
import yaml as pyyaml  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fashion_classifier.reporting.markdown import Markdown, escape, fenced, table, yaml

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")

NASTY = (
    "<script>alert(1)</script>",
    "a | b",
    "**bold** _it_ `code`",
    "[link](http://x)",
    "![image](x)",
    "# heading",
    "- item",
    "+ item",
    "---",
    "===",
    "12. item",
    "1) item",
    "&lt;",
    "\\",
    "a\\|b",
    "> quote",
    "~~gone~~",
    "two\nlines",
    "$x$",
)


def shown(markdown):
    """Give the one paragraph that Markdown makes, as text."""
    opened, inline, closed = PARSER.parse(markdown)
    assert (opened.type, closed.type) == ("paragraph_open", "paragraph_close")
    assert {child.type for child in inline.children} <= {"text", "text_special"}
    return "".join(child.content for child in inline.children)


@pytest.mark.parametrize("text", NASTY)
def test_a_text_is_shown_as_it_is(text):
    assert shown(escape(text)) == text.replace("\n", " ")


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Zs")), min_size=1))
def test_any_text_is_shown_as_it_is(text):
    assert shown(escape(text)) == text


def test_what_is_markdown_already_is_left_alone():
    assert escape(Markdown("**so**")) == "**so**"


@pytest.mark.parametrize("text", NASTY)
def test_a_cell_holds_its_text_and_no_other_cell(text):
    tokens = PARSER.parse(table(("Name", "Number"), [(text, 1), ("next", 2)]))
    cells = [token for token in tokens if token.type == "inline"]
    assert ["".join(child.content for child in cell.children) for cell in cells] == [
        "Name", "Number", text.replace("\n", " "), "1", "next", "2",
    ]  # fmt: skip


def test_numbers_are_set_to_the_right():
    assert table(("Name", "Number"), [("a", 1)]).splitlines()[1] == "| :-- | --: |"


@pytest.mark.parametrize("text", ["fashion run", "a ``` b", "````", "two\nlines\n```\n# out"])
def test_code_does_not_end_before_its_end(text):
    (token,) = PARSER.parse(fenced(text, "bash"))
    assert token.type == "fence"
    assert token.content == f"{text}\n"


VALUES = st.one_of(
    st.text(st.characters(codec="utf-8")),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
WORDS = st.from_regex(r"[a-z]+(-[a-z]+)?", fullmatch=True).filter(
    lambda word: word not in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
)


@settings(max_examples=40)
@given(
    st.dictionaries(
        WORDS,
        st.recursive(VALUES, lambda deeper: st.lists(deeper) | st.dictionaries(WORDS, deeper), max_leaves=12),
        min_size=1,
    )
)
def test_yaml_is_read_back_as_it_was(values):
    assert pyyaml.safe_load(yaml(values)) == values
