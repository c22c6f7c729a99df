"""What the suites share: the binary, and a fresh served sandbox."""

import os
import subprocess
from pathlib import Path

import pytest

import servers
from clients import Sandbox


@pytest.fixture(scope="session")
def runner() -> Path:
    return Path(os.environ["RUNNER"])


@pytest.fixture
def aws(runner, tmp_path):
    """A fresh sandbox; after the test no answer of it may have been against the models."""
    with servers.sandbox(runner, tmp_path) as server:
        sandbox = Sandbox(server)
        yield sandbox
        assert not sandbox.watch.wrong, "\n".join(sandbox.watch.wrong)


@pytest.fixture
def run(runner):
    """Runs the binary; gives its standard output, and stands on its exit code."""

    def play(folder, *arguments, code=0, **environment):
        command = [runner, "-C", folder, *arguments]
        ended = subprocess.run(command, env=servers.environment(**environment), capture_output=True, text=True, timeout=300)
        assert ended.returncode == code, f"{command} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    return play
