"""The parser of one command, built from options and from the fields of settings classes; and how its help looks."""

from __future__ import annotations

import argparse
import dataclasses


class Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help formatter that keeps the line breaks of examples, and appends defaults other than None and False."""

    def _get_help_string(self, action):
        if action.default is None or action.default is False or action.required:
            return action.help
        return super()._get_help_string(action)


class Command:
    """The parser of one command; `names` maps each argument to the option that sets it."""

    def __init__(self, commands, name: str, about: str, examples: str):
        self.parser = commands.add_parser(name, help=about, description=about, formatter_class=Help,
                                          allow_abbrev=False, epilog=f"examples:\n{examples}")
        self.names: dict[str, str] = {}
        self.group = self.parser
        self.parser.set_defaults(command=name, names=self.names, fail=self.parser.error)

    def section(self, title: str) -> None:
        """Start a titled group; `add` adds to it."""
        self.group = self.parser.add_argument_group(title)

    def add(self, *flags: str, to: str | None = None, **settings) -> None:
        """Add an option; `to` is the argument that it sets, if its name differs from the option's."""
        if to is not None:
            settings["dest"] = to
        action = self.group.add_argument(*flags, **settings)
        self.names[action.dest] = flags[0]

    def fields(self, config: type, **helps: str) -> None:
        """Add options for fields of a settings class: `helps` has their texts by name, `config` types and defaults."""
        defaults = {field.name: field.default for field in dataclasses.fields(config)}
        for name, text in helps.items():
            kind = int if defaults[name] is None else type(defaults[name])
            self.add(f"--{name}", type=kind, default=defaults[name], help=text, metavar="N" if kind is int else "X")
