"""Commands that are listed at once and imported when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import Any

import typer
from typer.main import get_command

from fashion_classifier.cli.help import Command, Group


class DeferredCommand(Command):
    """A command known by its name and one sentence, until it is called.

    Parameters
    ----------
    name
        Of the command, and of the module beside this one that holds it: as a function of the same name, or, where it
        has commands of its own, as a Typer application `app`. What Python keeps for itself has a "_" behind it there.
    summary
        The first sentence of its help.
    """

    def __init__(self, name: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.function = f"{name}_" if iskeyword(name) else name
        self.module = f"{__package__}.{self.function}"

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Import the command and hand the call, its help or its completion over to it."""
        return self.load().make_context(info_name, args, parent=parent, **extra)

    def load(self) -> Any:
        """Import the command."""
        found = import_module(self.module)
        if hasattr(found, "app"):
            return get_command(found.app)
        alone = typer.Typer(add_completion=False)
        alone.command(self.name, cls=Command)(getattr(found, self.function))
        return get_command(alone)


def deferred_group(summaries: Mapping[str, str]) -> type[Group]:
    """Return a class of groups that hold these commands, by name and summary."""

    class DeferredGroup(Group):
        """A group whose commands are imported when they are called."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for name, summary in summaries.items():
                self.add_command(DeferredCommand(name, summary))

    return DeferredGroup
