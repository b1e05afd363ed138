"""What the proofs share: the library that lets calls go wrong."""

from __future__ import annotations

import pytest

from .faults import compile_library


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    found = compile_library(str(tmp_path_factory.mktemp("fault")))
    if found is None:
        pytest.skip("there is no C compiler")
    return found
