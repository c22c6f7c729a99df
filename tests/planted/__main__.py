"""Plants known bugs, one at a time, in a copy of this tree, and runs the tests on each: they must catch it.

    python3 tests/planted                    all of them (about an hour and a half on 2 cores)
    python3 tests/planted skip-a-sync …      these
    python3 tests/planted --stride 5         every fifth, from an offset that is printed
    python3 tests/planted --check            only whether each bug still fits its file

The copy and its target folder are kept below the target folder, so that a build is of what changed. Prints a table and the figure; exits
with 1 when more than one bug was missed (the bar: 29 of 30), with 2 when a bug no longer fits or does not compile.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
from bugs import BUGS  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
PLACE = TARGET / "planted"
TREE = PLACE / "tree"
CARGO = ("cargo", "test", "--locked", "--quiet")
# The quick ones first; the first that fails has caught the bug.
SUITES = {
    "lib": (*CARGO, "--lib", "--", "step::", "primitive::", "aws::", "wiring::", "host::"),
    "binary": (*CARGO, "--test", "suite", "--", "proof", "spine", "resume", "resolve", "aws_target", "journal", "counting"),
    "rehearse": (*"cargo run --locked --quiet -- rehearse playbooks/multi-account.rhai -p mail=aws@example.com --runs 40".split(),),
}
PATIENCE = 900  # seconds; a suite that hangs has caught it, too
MISSED = 1


def copy_tree():
    """What git knows of, as it is in the working tree."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, files):
        there = TREE / name
        if not there.exists() or there.read_bytes() != (ROOT / name).read_bytes():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, there)


def planted(bug):
    """The file with the bug in it."""
    text = (ROOT / bug.file).read_text()
    for find, plant in ((bug.find, bug.plant), *bug.more):
        if text.count(find) != 1:
            raise LookupError(f"{bug.name}: {bug.file} holds its text {text.count(find)} times, not once")
        text = text.replace(find, plant)
    return text


def room(bug):
    """The unit tests that are nearest, tried before all others."""
    room = "::".join(Path(bug.file).parts[1:-1]) + "::"
    of_accounts = [f"primitive::tests::{name}" for name in ("accounts", "consistency", "ownership", "reasons")]
    return {"primitive::": ["primitive::c", *of_accounts], "aws::": ["aws::", *of_accounts]}.get(room, [room])


def catch(bug):
    """Which suite fails, by which test; none if all pass."""
    file = TREE / bug.file
    file.write_text(planted(bug))
    try:
        for name, command in {"room": (*CARGO, "--lib", "--", *room(bug)), **SUITES}.items():
            caught = run(command)
            if caught:
                return f"{name}: {caught}"
    finally:
        shutil.copyfile(ROOT / bug.file, file)
    return None


def run(command):
    environment = {**os.environ, "CARGO_TARGET_DIR": str(PLACE / "target"), "CARGO_INCREMENTAL": "1", "RUST_BACKTRACE": "0"}
    try:
        ended = subprocess.run(command, cwd=TREE, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return "it hangs"
    output = ended.stdout + ended.stderr
    if ended.returncode == 0:
        return None
    if "could not compile" in output:
        raise LookupError("it does not compile:\n" + output[-3000:])
    failed = re.findall(r"^    (\S+::\S+)$", output, re.MULTILINE)
    return failed[0] if failed else output.strip().splitlines()[-1]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--stride", type=int, default=1)
    arguments.add_argument("--check", action="store_true")
    given = arguments.parse_args()
    offset = random.randrange(given.stride)
    bugs = [bug for bug in BUGS if bug.name in given.names] if given.names else BUGS[offset :: given.stride]
    try:
        for bug in BUGS:
            planted(bug)
        if given.check:
            print(f"{len(BUGS)} bugs fit")
            return
        copy_tree()
        unplanted = {name: run(command) for name, command in SUITES.items()}
        if any(unplanted.values()):
            raise LookupError(f"without a bug these fail already: {unplanted}")
        print(f"{len(bugs)} of {len(BUGS)} bugs, from {offset}\n\n| bug | caught by | |\n|---|---|---:|", flush=True)
        missed = []
        for bug in bugs:
            began = time.monotonic()
            caught = catch(bug)
            missed += [] if caught else [bug.name]
            print(f"| {bug.name} | {caught or '**missed**'} | {time.monotonic() - began:.0f} s |", flush=True)
    except LookupError as error:
        sys.exit(f"planted: {error}") if given.check else (print(f"planted: {error}", file=sys.stderr), sys.exit(2))
    print(f"\nproof: {len(bugs) - len(missed)} of {len(bugs)} planted bugs caught" + (f"; missed: {', '.join(missed)}" if missed else ""))
    sys.exit(len(missed) > MISSED)


main()
