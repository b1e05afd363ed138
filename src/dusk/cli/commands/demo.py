"""``dusk demo``: the practice tree."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_app_options, add_json, add_read_only

if TYPE_CHECKING:
    from dusk.practice.builder import PracticeTree


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "demo",
        help="build the practice tree and open it",
        description="Build the practice tree, a training directory that looks tens of gigabytes big and "
        "takes next to no space, and open it. Nothing of yours is in it: delete what you like.",
    )
    parser.add_argument(
        "directory", nargs="?", metavar="DIR", help="where to build (default: in dusk's data directory)"
    )
    parser.add_argument("--no-open", action="store_true", help="only build it and say what to try")
    parser.add_argument("--rebuild", action="store_true", help="put back what is gone or changed")
    add_json(parser)
    add_read_only(parser)
    add_app_options(parser)


def run(arguments: Namespace) -> int:
    """Build, then open or say what to try."""
    from dusk.cli.commands.app import open_app
    from dusk.cli.output import print_error, print_json
    from dusk.cli.terminal import obstacle

    tree = _build(arguments)
    if arguments.json:
        print_json(_document(tree))
        return ExitCode.DONE
    reason = obstacle()
    if not arguments.no_open and reason is None:
        return open_app(
            tree.path,
            measure="apparent",
            read_only=arguments.read_only,
            ascii_only=arguments.ascii,
            mouse=not arguments.no_mouse,
            theme=arguments.theme,
        )
    _print_what_to_try(tree)
    if not arguments.no_open:
        print_error(f"the app was not opened: {reason}.")
    return ExitCode.DONE


def _build(arguments: Namespace) -> PracticeTree:
    from dusk.cli.background import finish
    from dusk.cli.paths import typed_path
    from dusk.fs.locations import practice_directory
    from dusk.practice.builder import build_practice_tree

    place = typed_path(arguments.directory) if arguments.directory else practice_directory()
    return finish(lambda: build_practice_tree(place, rebuild=arguments.rebuild))


def _print_what_to_try(tree: PracticeTree) -> None:
    from dusk.cli.output import print_text
    from dusk.fs.names import display_path, shell_word
    from dusk.fs.units import count_noun, format_size

    word = shell_word(tree.path)
    print_text(display_path(tree.path))
    print_text(
        f"The practice tree is ready: {count_noun(tree.entries, 'entry', 'entries')} that look like "
        f"{format_size(tree.apparent_size)} and take next to no space."
    )
    print_text()
    for command, purpose in (
        (f"dusk {word}", "open it"),
        (f"dusk suggest {word}", "see what could go"),
        (f"dusk demo --rebuild {word}", "put back what you deleted"),
    ):
        print_text(f"  {command}   # {purpose}")


def _document(tree: PracticeTree) -> dict[str, Any]:
    from dusk.fs.names import json_text

    return {"path": json_text(tree.path), "entries": tree.entries, "apparent_bytes": tree.apparent_size}
