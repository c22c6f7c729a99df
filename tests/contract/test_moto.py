"""The runner on moto, through `endpoint_url`: play, play again, kill and resume, faults and resume. The end is always the same, and that of
the sandbox but for moto's own gaps."""

import json
import subprocess
import urllib.request
from fnmatch import fnmatch

import pytest

import servers
from clients import Sandbox
from dump import differences, dump
from moto_gaps import GAPS
from playbook import play, project, recap

# moto takes any key for one of its default account; it is not thread-safe: one branch at a time.
KEYS = {"aws_access_key_id": "AKIAEXAMPLEEXAMPLE", "aws_secret_access_key": "x"}
ENVIRONMENT = {name.upper(): value for name, value in KEYS.items()}
ONE = ("--max-parallel", "1")


@pytest.fixture(scope="module")
def server():
    with servers.moto() as server:
        yield server


@pytest.fixture
def moto(server):
    """moto with nothing in it."""
    urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/reset", method="POST")).close()
    return server


@pytest.fixture(scope="module")
def wanted(runner, tmp_path_factory):
    """The dump of the same play on the sandbox."""
    folder = project(tmp_path_factory.mktemp("sandbox"), "http://127.0.0.1:9")
    subprocess.run([runner, "-C", folder, *play(target="sandbox")], env=servers.environment(), check=True, capture_output=True)
    with servers.sandbox(runner, folder) as server:
        return dump(server.url, Sandbox(server).keys)


def unexplained(found, wanted):
    """Differences that no gap explains, and the gaps that explained one."""
    rest, used = [], set()
    for path, one, other in differences(found, wanted):
        gaps = {pattern for pattern, (value, _) in GAPS.items() if fnmatch(path, pattern) and one == value}
        used |= gaps
        if not gaps:
            rest.append(f"{path}: {one} on moto, {other} on the sandbox")
    return rest, used


def test_the_play_ends_as_on_the_sandbox_and_the_second_changes_nothing(moto, wanted, run, tmp_path):
    folder = project(tmp_path, moto.url)
    first = recap(run(folder, *play(*ONE), **ENVIRONMENT))
    assert first["changed"] == first["ok"] > 30
    found = dump(moto.url, KEYS)
    rest, used = unexplained(found, wanted)
    assert not rest, "\n".join(rest)
    assert used == set(GAPS), f"gaps that moto no longer has: {set(GAPS) - used}"

    second = recap(run(folder, *play(*ONE), **ENVIRONMENT))
    assert (second["ok"], second["changed"]) == (first["ok"], 0)
    assert dump(moto.url, KEYS) == found


@pytest.mark.parametrize("steps", [3, 9, 20])
def test_killed_and_resumed(moto, wanted, run, runner, tmp_path, steps):
    """SIGKILL after so many finished steps."""
    folder = project(tmp_path, moto.url)
    process = subprocess.Popen(
        [runner, "-C", folder, *play(*ONE)],
        env=servers.environment(**ENVIRONMENT),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    finished = 0
    for line in process.stdout:
        finished += json.loads(line)["type"] == "step-finished"
        if finished == steps:
            break
    process.kill()
    process.stdout.close()
    assert process.wait() == -9, "the play was over before it was to be killed"
    resumed = recap(run(folder, "resume", "--yes", "--output", "json", *ONE, **ENVIRONMENT))
    assert resumed["replayed"] >= steps, resumed
    rest, _ = unexplained(dump(moto.url, KEYS), wanted)
    assert not rest, "\n".join(rest)


FAULTS = {
    "replies lost after the effect": [
        "--drop-after=CreateAccount:2",
        "--drop-after=CreateRole:3",
        "--drop-after=PutGroupPolicy:1",
        "--drop-after=MoveAccount:4",
    ],
    "errors after the effect": ["--e500-after=CreateAccount:4", "--e500-after=CreateUser:1", "--e500-after=AttachRolePolicy:5"],
    # not CreateAccount: the runner looks for a minute before it believes that there is none
    "requests lost": ["--drop-before=CreateGroup:2", "--drop-before=AttachRolePolicy:1", "--e500=CreateRole:2"],
    # the second unit follows the first at once
    "throttles": ["--rate=organizations.CreateOrganizationalUnit=0.2:1"],
}


def suffers(moto, wanted, run, runner, tmp_path, *options):
    """The play behind the proxy may stop; resumed, it is done, no account was made twice, and the end is as wanted. Gives the proxy's counts."""
    with servers.proxy(moto, "--upstream-limit", 1, *options) as proxy:
        folder = project(tmp_path, proxy.url)
        environment = servers.environment(**ENVIRONMENT)
        ended = subprocess.run([runner, "-C", folder, *play(*ONE)], env=environment, capture_output=True, text=True, timeout=120)
        assert ended.returncode in (0, 1, 6), ended.stdout + ended.stderr
        if ended.returncode:
            run(folder, "resume", "--yes", *ONE, **ENVIRONMENT)
        stats = json.load(urllib.request.urlopen(f"{proxy.url}/_proxy/stats"))
    assert stats["reached_server"]["CreateAccount"] == 5, stats
    rest, _ = unexplained(dump(moto.url, KEYS), wanted)
    assert not rest, "\n".join(rest)
    return stats


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_on_the_way(moto, wanted, run, runner, tmp_path, fault):
    """As AWS does, accounts take a while and e-mails are unique."""
    stats = suffers(moto, wanted, run, runner, tmp_path, "--create-ms", 200, "--strict", *FAULTS[fault])
    assert sum(stats["faults"].values()) == len([option for option in FAULTS[fault] if "--rate" not in option]), stats
    assert fault != "throttles" or stats["throttled"], stats


@pytest.mark.parametrize("account", range(1, 6))
def test_the_reply_to_each_creation_lost(moto, wanted, run, runner, tmp_path, account):
    """moto takes a second account with the same e-mail: one sent again would show."""
    stats = suffers(moto, wanted, run, runner, tmp_path, "--create-ms", 200, f"--drop-after=CreateAccount:{account}")
    assert stats["faults"] == {"drop-after CreateAccount": 1}, stats


def test_the_first_reply_to_every_kind_of_change_lost(moto, wanted, run, runner, tmp_path):
    changes = "CreateOrganization CreateOrganizationalUnit CreateAccount MoveAccount CreateRole AttachRolePolicy CreateGroup PutGroupPolicy".split()
    stats = suffers(moto, wanted, run, runner, tmp_path, "--strict", "--create-ms", 200, *(f"--drop-after={call}:1" for call in changes))
    assert stats["faults"] == {f"drop-after {call}": 1 for call in changes}, stats


def test_a_role_that_cannot_be_assumed_yet(moto, wanted, run, runner, tmp_path):
    stats = suffers(moto, wanted, run, runner, tmp_path, "--create-ms", 200, "--consist-ms", 1500)
    assert stats["received"]["AssumeRole"] > stats["reached_server"]["AssumeRole"], stats
