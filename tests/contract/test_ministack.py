"""Who can and who cannot assume, by real AssumeRole calls: judged by ministack, another evaluator than ours, and by the sandbox. Both must say
what the playbook promises."""

import time

import pytest
from botocore.exceptions import ClientError

import servers
from clients import client
from dump import inside
from material import code
from playbook import play, project, recap

ACCOUNTS = ("mgmt", "dev", "stage", "prod")
ADMIN, READER = "allow-admin-from-security-account", "allow-read-only-from-security-account"
# Nobody of the playbook: a user of `security` in no group, and an administrator of the management account.
STRANGER, OUTSIDER = "stranger", "outsider"


class Judge:
    """An AWS that authorises: how to reach it, and the playbook played on it."""

    def __init__(self, url, keys, account, run, folder):
        self.url, self.keys, self.run = url, keys, run
        self.folder = project(folder, url, account)

    def play(self, *more):
        environment = {name.upper(): value for name, value in self.keys.items()}
        ended = recap(self.run(self.folder, *play(*more), **environment))
        self.accounts = {name: account["id"] for name, account in ended["outputs"]["accounts"].items()}
        return ended

    def person(self, account, name, policy=None):
        """A long-term key of the user, who is made if need be."""
        keys = self.keys if account is None else inside(self.url, self.keys, self.accounts[account])
        iam = client("iam", self.url, **keys)
        if name in (STRANGER, OUTSIDER):
            iam.create_user(UserName=name)
        if policy:
            iam.attach_user_policy(UserName=name, PolicyArn=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def people(self):
        return {
            "ana": self.person("security", "ana"),
            "ben": self.person("security", "ben"),
            STRANGER: self.person("security", STRANGER),
            OUTSIDER: self.person(None, OUTSIDER, "arn:aws:iam::aws:policy/AdministratorAccess"),
        }

    def can(self, keys, account, role, **more):
        """Whether those keys assume the role, and the session is one of that account."""
        arn = f"arn:aws:iam::{self.accounts[account]}:role/{role}"
        try:
            given = client("sts", self.url, **keys).assume_role(RoleArn=arn, RoleSessionName="contract", **more)["Credentials"]
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied", error
            return False
        session = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        assert client("sts", self.url, **session).get_caller_identity()["Account"] == self.accounts[account]
        return True


@pytest.fixture(params=["ministack", "sandbox"])
def judge(request, runner, run, tmp_path):
    if request.param == "ministack":
        # The account's number is its root's key; root makes the administrator who plays, since the runner refuses root.
        account = servers.MANAGEMENT["ministack"]
        with servers.ministack() as server, servers.proxy(server, "--ministack") as proxy:
            iam = client("iam", proxy.url, aws_access_key_id=account, aws_secret_access_key="test")
            iam.create_user(UserName="runner")
            iam.attach_user_policy(UserName="runner", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
            key = iam.create_access_key(UserName="runner")["AccessKey"]
            keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
            yield Judge(proxy.url, keys, account, run, tmp_path)
    else:
        (tmp_path / "served").mkdir()
        with servers.sandbox(runner, tmp_path / "served") as server:
            keys = {name: server.exports[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key")}
            account = client("sts", server.url, **keys).get_caller_identity()["Account"]
            yield Judge(server.url, keys, account, run, tmp_path)


def test_the_right_people_and_only_they(judge):
    first = judge.play("-p", "mfa=false")
    second = judge.play("-p", "mfa=false")
    assert (second["ok"], second["changed"]) == (first["ok"], 0)
    people = judge.people()
    verdicts = {
        (who, account, role): judge.can(keys, account, role)
        for who, keys in people.items()
        for account in ACCOUNTS
        for role in (ADMIN, READER)
    }
    # AdministratorAccess on the administrators' group opens the readers' role to them as well, as the playbook says
    may = {("ana", ADMIN), ("ana", READER), ("ben", READER)}
    assert verdicts == {(who, account, role): (who, role) in may for who in people for account in ACCOUNTS for role in (ADMIN, READER)}


def test_without_mfa_nobody(judge):
    judge.play()
    people = judge.people()
    assert [
        (who, account, role)
        for who, keys in people.items()
        for account in ACCOUNTS
        for role in (ADMIN, READER)
        if judge.can(keys, account, role)
    ] == []


@pytest.mark.parametrize("judge", ["sandbox"], indirect=True)
def test_with_a_code_the_right_people(judge):
    """The sandbox alone: ministack does not know MFA codes. A code works once, so each call has its own."""
    judge.play()
    people = judge.people()
    iam = client("iam", judge.url, **inside(judge.url, judge.keys, judge.accounts["security"]))
    for who, role, other in (("ana", ADMIN, None), ("ben", READER, ADMIN)):
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=who)["VirtualMFADevice"]
        serial, seed, window = device["SerialNumber"], device["Base32StringSeed"], int(time.time()) // 30
        codes = {f"AuthenticationCode{n}": code(seed, window - 2 + n) for n in (1, 2)}
        iam.enable_mfa_device(UserName=who, SerialNumber=serial, **codes)
        mfa = {"SerialNumber": serial, "TokenCode": code(seed, window + 1)}
        assert other is None or not judge.can(people[who], "dev", other, **mfa)
        assert judge.can(people[who], "dev", role, **mfa)
        assert not judge.can(people[who], "dev", role, **mfa), "the same code again"
