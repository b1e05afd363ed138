"""Completion scripts for bash, zsh and fish, written from the parsers, so that they cannot fall behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dusk.cli.grammar import Flag, Verb, verbs

_PATH_VALUES = frozenset({"DIR", "FILE", "PATH"})


def bash_script() -> str:
    """Return the script for bash 4 and later."""
    cases = "\n".join(_bash_case(verb) for verb in verbs())
    values = "\n".join(_bash_values(flag) for flag in _flags_with_values())
    commands = _words(_commands())
    return f"""\
# bash completion for dusk; load it with:  source <(dusk completion bash)
_dusk() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
    local word verb="" options="" words="" paths=1 position
    COMPREPLY=()
    case $previous in
{values}
    esac
    for ((position = 1; position < COMP_CWORD; position++)); do
        word=${{COMP_WORDS[position]}}
        case "$verb" in
            "") case " {commands} " in *" $word "*) verb=$word ;; esac ;;
{_bash_nesting()}
        esac
    done
    case "$verb" in
{cases}
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
        return
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if ((paths)); then
        local IFS=$'\\n'
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -f -- "$current"))
    fi
}}
complete -F _dusk dusk
"""


def zsh_script() -> str:
    """Return the script for zsh."""
    cases = "\n".join(_zsh_case(verb) for verb in verbs() if len(verb.words) == 1)
    commands = "\n".join(
        f"        {_quoted(f'{verb.words[0]}:{verb.summary}')}" for verb in verbs() if len(verb.words) == 1
    )
    root = next(verb for verb in verbs() if not verb.words)
    return f"""\
#compdef dusk
# zsh completion for dusk; load it with:  source <(dusk completion zsh)
_dusk_first() {{
    local -a commands=(
{commands}
    )
    _describe -t commands command commands
    _files
}}
_dusk() {{
    local state
    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
        _dusk_first
        return
    fi
    case $words[2] in
{cases}
        *)
            _arguments {_zsh_arguments(root, 1)}
            ;;
    esac
}}
if [[ $funcstack[1] == _dusk ]]; then
    _dusk "$@"
else
    compdef _dusk dusk
fi
"""


def fish_script() -> str:
    """Return the script for fish."""
    lines = ["# fish completion for dusk; load it with:  dusk completion fish | source"]
    names = _words(_commands())
    for verb in verbs():
        if not verb.words:
            condition = f"not __fish_seen_subcommand_from {names}"
        else:
            condition = f"__fish_seen_subcommand_from {verb.words[-1]}"
            if len(verb.words) == 2:
                condition = f"__fish_seen_subcommand_from {verb.words[0]}; and {condition}"
            elif verb.choices:
                condition += f"; and not __fish_seen_subcommand_from {_words(verb.choices)}"
        for child in _fish_words(verb):
            lines.append(f"complete -c dusk -n {_fish_quoted(condition)} {child}")
        if not _takes_paths(verb):
            lines.append(f"complete -c dusk -f -n {_fish_quoted(condition)}")
        lines.extend(_fish_flag(flag, condition) for flag in verb.flags)
    return "\n".join(lines) + "\n"


SCRIPTS: dict[str, Callable[[], str]] = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}
"""The script of each shell."""


def _commands() -> list[str]:
    return [verb.words[0] for verb in verbs() if len(verb.words) == 1]


def _takes_paths(verb: Verb) -> bool:
    return any(name in _PATH_VALUES for name in verb.positionals)


def _words(words: Iterable[str]) -> str:
    return " ".join(words)


def _flags_with_values() -> list[Flag]:
    seen: dict[str, Flag] = {}
    for verb in verbs():
        for flag in verb.flags:
            if flag.value:
                seen.setdefault(flag.names[0], flag)
    return list(seen.values())


def _bash_values(flag: Flag) -> str:
    if flag.choices:
        reply = f'COMPREPLY=($(compgen -W "{_words(flag.choices)}" -- "$current"))'
    elif flag.value in _PATH_VALUES:
        kind = "-d" if flag.value == "DIR" else "-f"
        reply = (
            "local IFS=$'\\n'; compopt -o filenames 2>/dev/null; "
            f'COMPREPLY=($(compgen {kind} -- "$current"))'
        )
    else:
        reply = ":"
    return f"        {'|'.join(flag.names)}) {reply}; return ;;"


def _bash_nesting() -> str:
    return "\n".join(
        f'            {verb.words[0]}) case " {_words(verb.choices)} " in '
        f'*" $word "*) verb="{verb.words[0]} $word" ;; esac ;;'
        for verb in verbs()
        if len(verb.words) == 1 and verb.choices and not verb.positionals
    )


def _bash_case(verb: Verb) -> str:
    options = _words(name for flag in verb.flags for name in flag.names)
    words = _commands() if not verb.words else verb.choices
    paths = int(_takes_paths(verb))
    pattern = f'"{_words(verb.words)}"'
    return f'        {pattern}) options="{options}"; words="{_words(words)}"; paths={paths} ;;'


def _zsh_case(verb: Verb) -> str:
    nested = [child for child in verbs() if len(child.words) == 2 and child.words[0] == verb.words[0]]
    lines = [f"        {verb.words[0]})"]
    if nested:
        lines.append("            case $words[3] in")
        for child in nested:
            lines.append(f"                {child.words[1]}) _arguments {_zsh_arguments(child, 3)} ;;")
        lines.append(f"                *) _arguments {_zsh_arguments(verb)} ;;")
        lines.append("            esac")
    else:
        lines.append(f"            _arguments {_zsh_arguments(verb)}")
    lines.append("            ;;")
    return "\n".join(lines)


def _zsh_arguments(verb: Verb, skipped: int = 2) -> str:
    parts: list[str] = []
    for flag in verb.flags:
        text = flag.help.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
        value = ""
        if flag.value:
            value = f":{flag.value}:{_zsh_values(flag)}"
        parts.extend(_quoted(f"{name}[{text}]{value}") for name in flag.names)
    # The words before the arguments are the command itself.
    parts.extend(f"'{place}:command:'" for place in range(1, skipped))
    if verb.choices:
        parts.append(_quoted(f"{skipped}:word:({_words(verb.choices)})"))
    elif _takes_paths(verb):
        parts.append("'*:path:_files'")
    return _words(parts)


def _zsh_values(flag: Flag) -> str:
    if flag.choices:
        return f"({_words(flag.choices)})"
    return {"DIR": "_files -/", "FILE": "_files"}.get(flag.value, "")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish_words(verb: Verb) -> list[str]:
    children = [child for child in verbs() if child.words and child.words[:-1] == verb.words]
    found = [(child.words[-1], child.summary) for child in children] or [(word, "") for word in verb.choices]
    return [f"-a {word}" + (f" -d {_fish_quoted(text)}" if text else "") for word, text in found]


def _fish_flag(flag: Flag, condition: str) -> str:
    names = _words(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in flag.names)
    value = ""
    if flag.choices:
        value = f" -x -a {_fish_quoted(_words(flag.choices))}"
    elif flag.value:
        value = " -r" if flag.value in _PATH_VALUES else " -x"
    return f"complete -c dusk -n {_fish_quoted(condition)} {names}{value} -d {_fish_quoted(flag.help)}"
