"""Runs the contract suites: the sandbox as other clients see it, and the runner on AWSes that are not ours.

    python3 tests/contract                      all suites
    python3 tests/contract moto                 one of them: sandbox, moto, ministack
    python3 tests/contract sandbox -k waiters   what stands behind the suite is pytest's

`RUNNER` names the binary (else it is built); the packages are installed below the target folder.
"""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
import servers

HERE = Path(__file__).parent
SUITES = ("sandbox", "moto", "ministack")


def main():
    arguments = sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return
    suites = [arguments.pop(0)] if arguments and arguments[0] in SUITES else SUITES
    tests = sorted(str(file) for suite in suites for file in HERE.glob(f"test_{suite}*.py"))
    os.environ["RUNNER"] = str(servers.runner())
    python = str(servers.venv() / "python")
    # the source tree stays as it is
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.execv(python, [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(HERE), *tests, *arguments])


main()
