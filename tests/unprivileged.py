"""Running one function as an unprivileged user, also when the tests run as root."""

from __future__ import annotations

import os
import pickle
import traceback

import pytest

USER = 61_234  # no such account is needed; the kernel only looks at the number


class Unprivileged:
    """A user who is not root and owns the test's directory."""

    def __init__(self, directory):
        self._directory = directory

    def __call__(self, function):
        """Give the test's directory to the user and run a function as that user."""
        self.give()
        return self.run(function)

    def give(self):
        """Give the test's directory to the user and let the user come to it."""
        if os.geteuid() != 0:
            return
        for directory, names, files in os.walk(os.fsencode(self._directory)):
            os.chown(directory, USER, USER)
            for name in [*names, *files]:
                os.chown(os.path.join(directory, name), USER, USER, follow_symlinks=False)
        for parent in list(self._directory.parents)[:-2]:
            os.chmod(parent, os.stat(parent).st_mode | 0o011)

    def run(self, function):
        """Run a function as that user in a forked child; its result comes back pickled."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(USER)
                    os.setuid(USER)
                os.write(writing, pickle.dumps(function()))
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading, "rb") as result:
            content = result.read()
        assert os.waitpid(child, 0)[1] == 0
        return pickle.loads(content)


@pytest.fixture
def as_user(tmp_path):
    """Return the unprivileged user who owns ``tmp_path``."""
    return Unprivileged(tmp_path)
