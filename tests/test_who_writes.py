"""Only actions change files: read from the source, and seen by an audit hook while dusk is used."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "dusk"
WRITING = {
    "unlink", "remove", "rename", "renames", "replace", "rmdir", "removedirs", "mkdir", "makedirs", "link",
    "symlink", "truncate", "ftruncate", "chmod", "fchmod", "lchmod", "chown", "fchown", "lchown", "utime",
    "setxattr", "removexattr", "mkfifo", "mknod", "pwrite", "pwritev", "posix_fallocate", "copy_file_range",
    "sendfile", "splice",
}  # fmt: skip
FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"}
METHODS = {
    "write_text",
    "write_bytes",
    "rmtree",
    "copytree",
    "copyfile",
    "copy2",
    "symlink_to",
    "hardlink_to",
}
# Where dusk writes what is its own, and what that is.
OWN = {
    "cli/crash.py": "the report of an unexpected error, in dusk's state directory",
    "cli/checks/storage.py": "a temporary file of its own, to see whether open files can be told",
    "cli/main.py": "nothing: it opens the null device in place of a reader that left",
    "practice/builder.py": "the practice tree",
    "practice/marker.py": "the mark of the practice tree",
    "rules/examples.py": "the trees of examples, in a temporary directory",
    "rules/shipped.py": "the shipped rules in a form that is read fast, in dusk's cache directory",
    "fs/syscalls.py": "renameat2 itself, which only actions call",
}


def writes(path: Path) -> list[str]:
    """Return the calls of a module that could change a file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "shutil", "tempfile"):
            found += [f"{node.module}.{name.name}" for name in node.names if name.name in WRITING | METHODS]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "os" and node.attr in WRITING | FLAGS:
                found.append(f"os.{node.attr}")
            if node.value.id in ("shutil", "tempfile") and node.attr not in ("which", "get_terminal_size"):
                found.append(f"{node.value.id}.{node.attr}")
            if node.value.id in ("subprocess", "pty"):
                found.append(f"{node.value.id}.{node.attr}")
        if isinstance(node, ast.Call):
            found += _of_call(node)
    return found


def _of_call(node: ast.Call) -> list[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in METHODS or name in ("renameat2", "share_blocks"):
        return [name]
    if name in ("open", "fdopen"):
        modes = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "mode")]
        text = "".join(
            mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)
        )
        return [f"open({text!r})"] if set(text) & set("wax+") else []
    return []


def test_no_module_but_actions_holds_a_call_that_writes():
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith("actions/") and name not in OWN and (calls := writes(path)):
            found[name] = calls
    assert found == {}


def test_the_list_of_what_dusk_writes_for_itself_is_current():
    for name in OWN:
        assert writes(SOURCE / name), f"{name} writes nothing any more"


WATCH = """
import os, sys
log = open(os.environ["WATCH_LOG"], "a", buffering=1)
EVENTS = {
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
    "os.chown", "os.utime", "os.setxattr", "os.removexattr", "shutil.rmtree", "shutil.move",
    "shutil.copyfile", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn",
}
WRITING = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC
def hook(event, args):
    if event == "open":
        if isinstance(args[0], int) or not isinstance(args[2], int) or not args[2] & WRITING:
            return
        if os.fsdecode(args[0]).startswith(("/dev/", "/proc/")):
            return
    elif event not in EVENTS:
        return
    target = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes)) else str(args[0])
    frame = sys._getframe(1)
    while frame is not None and not frame.f_globals.get("__name__", "").startswith("dusk."):
        frame = frame.f_back
    caller = frame.f_globals["__name__"] if frame is not None else ""
    log.write(repr((event, target, caller)) + "\\n")
sys.addaudithook(hook)
from dusk.cli.main import main
print([main(words) for words in COMMANDS])
"""


@pytest.mark.parametrize("kind", ["looking", "acting"])
def test_whatever_is_written_while_dusk_is_used_comes_from_actions_or_is_its_own(tmp_path, kind):
    home, tree = tmp_path / "home", tmp_path / "tree"
    home.mkdir()
    for name in ("__pycache__/x.cpython-311.pyc", "run/log.txt", "keep/notes.txt", "twin/a", "twin/b"):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 5000)
    (tree / "empty" / "below").mkdir(parents=True)
    looking = [
        ["scan", tree], ["suggest", tree], ["explain", tree / "run"], ["journal"], ["bin"],
        ["rules"], ["trash", "--dry-run", tree / "run"], ["empty-dirs", "--dry-run", tree],
        ["dedupe", "--hard-link", "--min-size", "1k", "--dry-run", tree],
    ]  # fmt: skip
    acting = [
        ["trash", "--yes", tree / "run"], ["undo"], ["empty-dirs", "--yes", tree], ["undo"],
        ["scaffold", "a/b", "--at", tree, "--yes"], ["undo"],
        ["dedupe", "--hard-link", "--min-size", "1k", "--yes", tree], ["undo"],
        ["archive", "--yes", "--to", home, tree / "keep"],
    ]  # fmt: skip
    commands = [[str(word) for word in words] for words in (looking if kind == "looking" else acting)]
    log = tmp_path / "log"
    program = WATCH.replace("COMMANDS", repr(commands))
    environment = {"HOME": str(home), "WATCH_LOG": str(log), "TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PATH"] = os.environ["PATH"]
    before = sorted(tree.rglob("*"))
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = [ast.literal_eval(line) for line in log.read_text().splitlines()]
    own = tuple(str(home / part) for part in (".local/state/dusk", ".cache/dusk", ".config/dusk"))
    # Directories on the way to dusk's own ones are made with them.
    above = {str(home / part) for part in (".local", ".local/state", ".cache", ".config")}
    foreign = [one for one in seen if not one[1].startswith((*own, "/tmp/dusk-")) and one[1] not in above]
    if kind == "looking":
        assert foreign == []
        assert sorted(tree.rglob("*")) == before
    else:
        assert [one for one in foreign if not one[2].startswith("dusk.actions.")] == []
        assert {one[2] for one in foreign} >= {"dusk.actions.reservation", "dusk.actions.empty_directories"}
