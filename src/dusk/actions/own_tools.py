"""The commands by which other tools clean up what is theirs: the known ones, and how each is asked first.

Sources: the manual of each tool, ``TOOL VERB --help``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from dusk.fs.names import display_name


@dataclass(frozen=True, slots=True)
class OwnTool:
    """One command of a tool."""

    words: tuple[str, ...]
    """What the command begins with, the program by its bare name."""
    preview: tuple[str, ...] = ()
    """Words to add so that it only says what it would do; empty where it has none."""
    instead: tuple[str, ...] = ()
    """Another command that only tells how things are, where there is no such word."""
    in_target: bool = False
    """Whether it works on the directory that it is started in."""


_TOOLS = (
    OwnTool(("hf", "cache", "prune"), ("--dry-run",)),
    OwnTool(("hf", "cache", "rm"), ("--dry-run",)),
    OwnTool(("ollama", "rm"), instead=("ollama", "list")),
    OwnTool(("uv", "cache", "prune"), instead=("uv", "cache", "dir")),
    OwnTool(("uv", "cache", "clean"), instead=("uv", "cache", "dir")),
    OwnTool(("pip", "cache", "purge"), instead=("pip", "cache", "info")),
    OwnTool(("pip3", "cache", "purge"), instead=("pip3", "cache", "info")),
    OwnTool(("conda", "clean"), ("--dry-run",)),
    OwnTool(("mamba", "clean"), ("--dry-run",)),
    OwnTool(("micromamba", "clean"), ("--dry-run",)),
    OwnTool(("git", "gc"), instead=("git", "count-objects", "-vH"), in_target=True),
    OwnTool(("git", "lfs", "prune"), ("--dry-run",), in_target=True),
    OwnTool(("git", "worktree", "prune"), ("--dry-run",), in_target=True),
    OwnTool(("dvc", "gc"), ("--dry",), in_target=True),
    OwnTool(("docker", "builder", "prune"), instead=("docker", "system", "df")),
    OwnTool(("docker", "image", "prune"), instead=("docker", "system", "df")),
    OwnTool(("docker", "buildx", "prune"), instead=("docker", "buildx", "du")),
    OwnTool(("podman", "image", "prune"), instead=("podman", "system", "df")),
    OwnTool(("journalctl",), instead=("journalctl", "--disk-usage")),
    OwnTool(("apt", "clean"), ("--dry-run",)),
    OwnTool(("apt-get", "clean"), ("--dry-run",)),
    OwnTool(("apt-get", "autoclean"), ("--dry-run",)),
    OwnTool(("dnf", "clean")),
    OwnTool(("npm", "cache", "clean")),
    OwnTool(("pnpm", "store", "prune")),
    OwnTool(("yarn", "cache", "clean")),
    OwnTool(("pre-commit", "gc")),
    OwnTool(("go", "clean"), ("-n",)),
    OwnTool(("cargo", "clean"), ("--dry-run",), in_target=True),
    OwnTool(("ccache", "--cleanup"), instead=("ccache", "--show-stats")),
    OwnTool(("wandb", "artifact", "cache", "cleanup")),
    OwnTool(("wandb", "sync", "--clean"), in_target=True),
    OwnTool(("nix-collect-garbage",), ("--dry-run",)),
    OwnTool(("flatpak", "uninstall", "--unused")),
    OwnTool(("snap", "remove")),
)
# What can do anything: a command that begins so says nothing about what it will do.
_ANYTHING = re.compile(
    r"(?:.*sh|python[\d.]*|pypy[\d.]*|perl|ruby|node|lua|awk|gawk|sed|tclsh|php|rm|rmdir|unlink|shred|dd|find"
    r"|xargs|sudo|doas|su|ssh|eval|exec|nohup|nice|time|timeout|setsid|env|busybox|chroot|nsenter|unshare)\Z"
)
# Variables that only tell a tool where its own files are.
_VARIABLE = re.compile(
    r"(?:[A-Z][A-Z0-9]*_)*(?:[A-Z]*CACHE|CACHE_DIR|CACHE_HOME|HOME|MODCACHE|DIR|ROOT|MODELS)="
)
_NO_VARIABLES = frozenset({"HOME", "LD_LIBRARY_DIR", "GIT_DIR"})


def without_environment(command: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return a command without ``env NAME=value`` before it; None when it sets more than a place."""
    if not command or command[0] != "env":
        return command
    rest = command[1:]
    while rest and "=" in rest[0]:
        if not _VARIABLE.match(rest[0]) or rest[0].partition("=")[0] in _NO_VARIABLES:
            return None
        rest = rest[1:]
    return rest if rest and not rest[0].startswith("-") else None


def tool_of(command: tuple[str, ...]) -> OwnTool | None:
    """Return the known tool that a command is of; None for any other command."""
    plain = without_environment(command)
    if not plain or os.path.basename(plain[0]) != plain[0]:
        return None
    words = _without_place(plain)
    known = next((tool for tool in _TOOLS if words[: len(tool.words)] == tool.words), None)
    if known is not None and known.words == ("journalctl",):
        return known if any(word.startswith("--vacuum-") for word in words) else None
    return known


def refusal(command: tuple[str, ...]) -> str | None:
    """Return why a command is never run, as the end of a sentence; None when it may be."""
    plain = without_environment(command)
    if not command:
        return "there is no command to run"
    if plain is None:
        return "it sets variables that can change what other programs do"
    if any("\0" in word for word in command):
        return "a word of it holds a null byte"
    if _ANYTHING.match(os.path.basename(plain[0])):
        return f"{display_name(os.path.basename(plain[0]))} can do anything, so dusk does not run it"
    return None


def preview_of(command: tuple[str, ...], preview: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command that only says what would be done; empty where the tool has none."""
    if preview:
        # What is called a preview must be one: nothing else may run before anybody said yes.
        tool = tool_of(preview)
        words = without_environment(preview) or ()
        is_dry = tool is not None and any(word in words for word in tool.preview)
        return preview if is_dry or any(words == one.instead for one in _TOOLS) else ()
    tool = tool_of(command)
    if tool is None:
        return ()
    return (*command, *tool.preview) if tool.preview else _about(tool, command)


def _about(tool: OwnTool, command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command that tells how things are, at the place that the command names."""
    if not tool.instead:
        return ()
    at = command.index("--cache-dir") if "--cache-dir" in command[:-1] else -1
    return (*tool.instead, *command[at : at + 2]) if at >= 0 else tool.instead


def works_in_target(command: tuple[str, ...]) -> bool:
    """Return whether a command works on the directory that it is started in."""
    tool = tool_of(command)
    return tool is not None and tool.in_target


def _without_place(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``git -C DIR gc`` as ``git gc``."""
    if command[0] == "git" and len(command) > 2 and command[1] == "-C":
        return (command[0], *command[3:])
    return command
