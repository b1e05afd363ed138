"""Running one function as an unprivileged user, also when the tests run as root."""

from __future__ import annotations

import os
import pickle
import traceback

import pytest

USER = 61_234  # no such user is needed; the kernel only looks at the number


@pytest.fixture
def as_user(tmp_path):
    """Run a function in a forked child that is not root; its result comes back pickled."""

    def run(function):
        if os.geteuid() == 0:
            for directory, _, files in os.walk(os.fsencode(tmp_path)):
                os.chown(directory, USER, USER)
                for name in files:
                    os.chown(os.path.join(directory, name), USER, USER, follow_symlinks=False)
            for parent in list(tmp_path.parents)[:-2]:
                os.chmod(parent, os.stat(parent).st_mode | 0o011)
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

    return run
