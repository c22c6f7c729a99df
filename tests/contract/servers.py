"""The servers of the contract suites, and the environment of pinned packages they run in. Standard library alone.

Every server listens on a free port of 127.0.0.1, is waited for, and ends with this process, however that ends.
"""

import atexit
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
# moto_small.py and proxy.py are given parts that lie beside the clone.
TOOLS = Path(os.environ.get("RUNNER_TOOLS") or ROOT.parent / "shared" / "tools")
PINS = Path(__file__).with_name("requirements.txt")
MANAGEMENT = {"moto": "123456789012", "ministack": "000000000000"}
PATIENCE = 60  # seconds a server may take until it listens


def venv() -> Path:
    """The folder of programs with exactly the pinned packages, below the target folder; made anew when the pins change."""
    folder, pins = TARGET / "contract-venv", PINS.read_text()
    TARGET.mkdir(parents=True, exist_ok=True)
    with open(TARGET / "contract-venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "pins"
        if not (stamp.exists() and stamp.read_text() == pins):
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([folder / "bin/pip", "install", "--quiet", "--no-deps", "-r", PINS], check=True)
            stamp.write_text(pins)
    return folder / "bin"


def runner() -> Path:
    """The binary under test: `RUNNER`, or a debug build."""
    if os.environ.get("RUNNER"):
        return Path(os.environ["RUNNER"]).resolve()
    subprocess.run(["cargo", "build", "--locked", "--quiet"], cwd=ROOT, check=True)
    return TARGET / "debug/runner"


def environment(**more) -> dict:
    """This process's environment without anything that would lead an AWS client elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "RUNNER")) and not k.lower().endswith("_proxy")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    return {**kept, **nowhere, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _die_with_parent():
    # PR_SET_PDEATHSIG: a server must not outlive a test run that was killed.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    """A program that listens on `port` (attribute `url`). Its output is in the file `log`."""

    def __init__(self, command, port=None, **more):
        self.log = tempfile.NamedTemporaryFile(prefix="contract-", suffix=".log")
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=environment(**more),
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        atexit.register(self.stop)
        if port:
            self.url = f"http://127.0.0.1:{port}"
            self.wait(lambda: _listens(port))

    def wait(self, ready):
        """Returns what `ready` gives as soon as it gives something."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if found := ready():
                return found
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{' '.join(self.command)} does not listen:\n{self.output()[-2000:]}")

    def output(self) -> str:
        return Path(self.log.name).read_text()

    def stop(self):
        """Ends the program and whatever it started."""
        atexit.unregister(self.stop)
        for sent in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sent)
                self.process.wait(5)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def moto() -> Server:
    port = free_port()
    return Server([venv() / "python", TOOLS / "moto_small.py", port], port)


def ministack() -> Server:
    """Judges who may call what; root of an account has the account's number as access key id and the secret `test`."""
    port = free_port()
    # without the switches it listens on every interface, for MQTT
    quiet = {"SERVICES": "iam,sts,organizations", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    command = [venv() / "python", "-m", "ministack"]
    return Server(command, port, AUTH="true", BIND_HOST="127.0.0.1", GATEWAY_PORT=str(port), **quiet)


def proxy(upstream: Server, *options) -> Server:
    """The fault proxy, without latency unless asked for; its options are in its `--help`."""
    port = free_port()
    command = [venv() / "python", TOOLS / "proxy.py", "--target", upstream.url, "--port", port, "--latency-ms", 0, *options]
    return Server(command, port)


def sandbox(program: Path, folder: Path) -> Server:
    """`runner sandbox serve` of the project in `folder`; `exports` has the administrator's environment variables."""
    server = Server([program, "-C", folder, "--output", "json", "sandbox", "serve"])
    server.exports = server.wait(lambda: _exports(server.output()))
    server.url = server.exports["AWS_ENDPOINT_URL"]
    return server


def _exports(output: str):
    line, whole, _ = output.partition("\n")
    return {k: v for k, v in json.loads(line).items() if k.startswith("AWS_")} if whole else None
