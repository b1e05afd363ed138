"""``dusk completion``: the completion script of a shell."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "completion",
        help="print the completion script of a shell",
        description="Print the completion script of a shell, made from the options of this very version.",
        epilog="examples:\n"
        "  source <(dusk completion bash)                                   this bash only\n"
        "  dusk completion bash > ~/.local/share/bash-completion/completions/dusk\n"
        "  dusk completion zsh > ~/.zfunc/_dusk                             with ~/.zfunc in fpath\n"
        "  dusk completion fish > ~/.config/fish/completions/dusk.fish",
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish")


def run(arguments: Namespace) -> int:
    """Print the script."""
    from dusk.cli.completion_scripts import SCRIPTS
    from dusk.cli.output import print_text

    print_text(SCRIPTS[arguments.shell]().rstrip("\n"))
    return ExitCode.DONE
