"""What ``--help`` shows: usage, description, examples, and a panel each of arguments, options and commands.

Typer's own drawing imports Rich's Markdown and traceback parts, and with them a Markdown parser and a syntax
highlighter, whether they are needed or not (docs/decisions/0007-commands-are-listed-without-being-imported.md). This
one draws the same panels from the same facts with Rich's tables alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from fashion_classifier.cli.shared import called, shared_options

NAME, VALUE, FACT, TITLE, BORDER, FURTHER = "bold cyan", "yellow", "dim", "bold", "dim", "dim"


class Command(TyperCommand):
    """A command whose help is drawn here, with the options that every command has."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its own parameters, those that every command has, and the one that asks for help."""
        return _with_shared(self.params, super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with called(ctx):
            return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Draw the help on standard output."""
        draw_help(self, ctx)


class Group(TyperGroup):
    """A group of commands whose help is drawn here; what every command takes may stand before the command, too."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its own parameters, those that every command has, and the one that asks for help."""
        return _with_shared(self.params, super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Draw the help on standard output."""
        draw_help(self, ctx)


class GroupWithFirst(Group):
    """A group that does what its first command does, where none is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the first command's name before arguments that name none."""
        is_named = set(args) & {*self.commands, *ctx.help_option_names}
        if not is_named and not ctx.resilient_parsing:
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete to the commands, and to the first one's options."""
        found = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            return found
        name, first = next(iter(self.commands.items()))
        with first.make_context(name, [], parent=ctx, resilient_parsing=True) as its_ctx:
            own = first.shell_complete(its_ctx, incomplete)
        return list({item.value: item for item in (*own, *found)}.values())


def _with_shared(own: Sequence[Any], further: Sequence[Any]) -> list[Any]:
    """Put the options that every command has behind a command's own."""
    return [*own, *shared_options(), *further[len(own) :]]


def draw_help(command: Command | Group, ctx: Any) -> None:
    """Draw a command's help on standard output, in colour on a terminal.

    Parameters
    ----------
    command
        What is described; its texts come from its docstring and its parameters.
    ctx
        Typer's context of this call.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    console.print(Padding(Text.assemble(("Usage: ", VALUE), (usage, TITLE)), 1))
    console.print(Padding(Text("\n").join(_description(command.help or "")), (0, 1, 1, 1)))
    for title, rows in _panels(command, ctx):
        console.print(_panel(title, rows))
    if command.epilog:
        console.print(Padding(Text(command.epilog), 1))


def _description(text: str) -> Iterator[Any]:
    """Yield the description's paragraphs: the first one plain, further ones dim, examples as they stand."""
    from rich.text import Text

    was_example = False
    for number, paragraph in enumerate(text.split("\n\n")):
        is_example = paragraph.startswith(" ")
        if number and not (is_example and was_example):
            yield Text()
        if is_example:
            yield Text(paragraph)
        else:
            yield Text(" ".join(paragraph.split()), style=FURTHER if number else "")
        was_example = is_example


def _panels(command: Command | Group, ctx: Any) -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
    """Yield the panels' titles and rows (name, help); an empty panel is left out."""
    records = [(kind.param_type_name, kind.get_help_record(ctx)) for kind in command.get_params(ctx)]
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        rows = [record for its_kind, record in records if its_kind == kind and record is not None]
        if rows:
            yield title, rows
    if isinstance(command, Group):
        commands = [(name, command.get_command(ctx, name)) for name in command.list_commands(ctx)]
        yield "Commands", [(name, _summary(found)) for name, found in commands if found and not found.hidden]


def _summary(command: Any) -> str:
    """Return the first paragraph of a command's help."""
    return " ".join(str(command.short_help or command.help or "").split("\n\n")[0].split())


def _panel(title: str, rows: Sequence[tuple[str, str]]) -> Any:
    """Return a panel of names and what they mean."""
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(max_width=36)
    table.add_column(ratio=1)
    for name, meaning in rows:
        said = Text(meaning)
        said.highlight_regex(r"\[[^\[\]]*\]$", FACT)
        table.add_row(_name(name), said)
    return Panel(table, title=Text(title), title_align="left", border_style=BORDER, expand=True)


def _name(name: str) -> Any:
    """Return an argument's, option's or command's name, and the value that it takes, in their colours."""
    from rich.text import Text

    text = Text(name, style=NAME)
    text.highlight_regex(r"(?<= )(?![-/]).+$", VALUE)
    return text
