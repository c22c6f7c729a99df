#!/usr/bin/env python3
"""The same rollout by runner, boto3 and the AWS CLI on moto, side by side; prints a Markdown table.

  python3 benches/peers.py [--runner target/release/runner] [--only five|hundred] [--rounds 3]

five: five accounts on a moto of their own, nothing in between; of the rounds the one in the middle by wall time counts.
hundred: a hundred accounts whose making takes 2 s, through a proxy that adds 80 ms to each call and lets through 5 Organizations calls a
second and 10 IAM calls a second and account; once. Everything listens on 127.0.0.1 and ends with this program, which takes about 10
minutes at most. moto_small.py and proxy.py are looked for as the contract suite does; so are the pinned packages.
Exits with 1 when runner misses a bar.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/contract"))
from servers import MANAGEMENT, TARGET, TOOLS, Server, environment, free_port, proxy, venv  # noqa: E402

WORK = HERE / "peers"
LIMIT = 420  # seconds one peer may take
CREATION = 2.0
PROXY = ("--latency-ms", 80, "--upstream-limit", 1, "--rate", "organizations=5:5", "--rate", "iam=10:10")
# By a schedule without a pause: 5 creations at a time of 2 s each; and the Organizations calls there have to be, at 5 a second.
FLOOR = 41.0


def necessary(accounts):
    """CreateOrganization; of each account CreateAccount, one question about it, AssumeRole; of each but `security` two roles with
    a policy; two groups with two policies each."""
    return 1 + 3 * accounts + 4 * (accounts - 1) + 6


class Peer:
    def __init__(self, name, command):
        self.name, self.command = name, command


def runner(binary):
    def command(folder, url, accounts):
        (folder / "rollout.rhai").write_text((WORK / "rollout.rhai").read_text())
        (folder / "runner.toml").write_text(
            f'default_target = "moto"\n[targets.moto]\nkind = "aws"\naccount_id = "{MANAGEMENT["moto"]}"\nendpoint_url = "{url}"\naccount_quota = 200\n'
        )
        return [binary, "-C", folder, "play", "rollout.rhai", "--yes", "-p", f"accounts={accounts}"]

    return Peer("runner", command)


def boto3(threads):
    name = "boto3, one after the other" if threads == 1 else f"boto3, {threads} threads"
    return Peer(name, lambda folder, url, accounts: [venv() / "python", WORK / "rollout_boto3.py", accounts, threads])


def cli():
    return Peer("AWS CLI in bash", lambda folder, url, accounts: ["bash", WORK / "rollout_cli.sh", accounts])


def measure(peer, accounts, slow):
    """One rollout on servers of its own: wall and CPU seconds, peak MiB, calls sent and throttled, and why it failed if it did."""
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = Path(name)
        port, calls = free_port(), folder / "calls.tsv"
        small = [TOOLS / "moto_small.py", port, calls]
        if slow:
            small = [WORK / "slow_moto.py", TOOLS / "moto_small.py", CREATION, port, calls]
        moto = Server([venv() / "python", *small], port)
        front = proxy(moto, *PROXY) if slow else moto
        try:
            command = [str(part) for part in peer.command(folder, front.url, accounts)]
            keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": front.url}
            env = environment(**keys, PATH=f"{venv()}:{os.environ['PATH']}")
            if peer.name == "runner":
                del env["AWS_ENDPOINT_URL"]
            with open(folder / "talk", "w+") as talk:
                began = time.monotonic()
                child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=talk, stderr=talk, cwd=folder)
                status, usage = wait(child)
                wall = time.monotonic() - began
                talk.seek(0)
                said = talk.read().strip().splitlines()
            if slow:
                stats = json.load(urllib.request.urlopen(f"{front.url}/_proxy/stats"))
                sent, throttled = stats["received"], sum(stats["throttled"].values())
                sent.pop("*", None)
            else:
                sent, throttled = Counter(line.split("\t")[3] for line in calls.read_text().splitlines()), 0
        finally:
            for server in {front, moto}:
                server.stop()
    made = sent.get("CreateAccount", 0)
    failed = None if status == 0 else f"failed: {said[-1] if said else status} ({made} CreateAccount sent)"
    if os.environ.get("PEERS_CALLS"):
        print(peer.name, dict(sorted(sent.items())), *said[-4:], sep="\n  ", file=sys.stderr)
    return {
        "name": peer.name,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss / 1024,
        "calls": sum(sent.values()),
        "throttled": throttled,
        "failed": failed,
    }


def wait(child):
    """The child's exit status and what it and its children used; one that takes too long is ended."""
    end = time.monotonic() + LIMIT
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage
        if time.monotonic() > end:
            child.kill()
        time.sleep(0.005)


def table(rows, accounts):
    print(f"\n{accounts} accounts, {necessary(accounts)} necessary calls:\n")
    print("| | wall | CPU | calls | of these throttled | peak memory | |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for row in rows:
        figures = f"{row['wall']:.2f} s | {row['cpu']:.2f} s | {row['calls']} | {row['throttled']} | {row['peak']:.0f} MiB"
        print(f"| {row['name']} | {figures} | {row['failed'] or 'done'} |", flush=True)


def bars(title, checks):
    print(f"\n{title}:")
    for text, met in checks:
        print(f"- {text}: {'met' if met else 'MISSED'}")
    return all(met for _, met in checks)


def five(binary, rounds):
    rows = []
    for peer in (runner(binary), boto3(1), boto3(8), cli()):
        times = 1 if peer.name.startswith("AWS") else rounds
        tries = sorted((measure(peer, 5, slow=False) for _ in range(times)), key=lambda row: row["wall"])
        rows.append(tries[len(tries) // 2])
    table(rows, 5)
    ours, sequential = rows[0], rows[1]
    return bars(
        "Bars",
        [
            ("no failure", not ours["failed"]),
            (f"less wall time than boto3 one after the other ({sequential['wall'] / ours['wall']:.1f}x)", ours["wall"] < sequential["wall"]),
            (f"5x less CPU than boto3 one after the other ({sequential['cpu'] / ours['cpu']:.1f}x)", 5 * ours["cpu"] <= sequential["cpu"]),
        ],
    )


def hundred(binary):
    rows = [measure(peer, 100, slow=True) for peer in (runner(binary), boto3(1), boto3(8), boto3(32))]
    table(rows, 100)
    ours = rows[0]
    slower, more = ours["wall"] / FLOOR, ours["calls"] / necessary(100)
    return bars(
        "Bars",
        [
            ("no failure", not ours["failed"]),
            (f"within 1.3x of the floor of {FLOOR:.0f} s ({slower:.2f}x)", slower <= 1.3),
            (f"at most 1.1x the necessary calls ({more:.2f}x)", more <= 1.1),
        ],
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runner", type=Path, help="the binary; without it a release is built")
    arguments.add_argument("--only", choices=["five", "hundred"])
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    if not given.runner:
        subprocess.run(["cargo", "build", "--release", "--locked"], cwd=HERE.parent, check=True)
    binary = (given.runner or TARGET / "release/runner").resolve()
    met = [five(binary, given.rounds)] if given.only != "hundred" else []
    met += [hundred(binary)] if given.only != "five" else []
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
