"""The AWS CLI on the sandbox: version 1, which is the one PyPI has. It ends with 255 when AWS refuses (version 2: 254)."""

import json
import subprocess

import pytest

import servers
from material import TEXT, trust


@pytest.fixture
def cli(aws):
    """Runs `aws`; gives its standard output (with `code`, its standard error) and stands on its exit code."""

    def run(*arguments, code=0):
        command = [servers.venv() / "aws", *arguments]
        ended = subprocess.run(command, env=servers.environment(**aws.server.exports), capture_output=True, text=True, timeout=60)
        assert ended.returncode == code, f"{arguments} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
        return ended.stderr if code else ended.stdout

    return run


def test_an_organisation_is_made_and_asked(aws, cli):
    made = json.loads(cli("organizations", "create-organization", "--feature-set", "ALL"))["Organization"]
    creation = cli(
        "organizations",
        "create-account",
        "--account-name",
        "dev",
        "--email",
        "contract+dev@example.com",
        "--query",
        "CreateAccountStatus.Id",
        "--output",
        "text",
    ).strip()
    dev = cli(
        "organizations",
        "describe-create-account-status",
        "--create-account-request-id",
        creation,
        "--query",
        "CreateAccountStatus.AccountId",
        "--output",
        "text",
    ).strip()
    names = cli("organizations", "list-accounts", "--query", "sort_by(Accounts, &Name)[].[Name, Id]", "--output", "text")
    assert names.splitlines() == [f"dev\t{dev}", f"management\t{made['MasterAccountId']}"]
    role = f"arn:aws:iam::{dev}:role/OrganizationAccountAccessRole"
    assumed = json.loads(cli("sts", "assume-role", "--role-arn", role, "--role-session-name", "cli"))
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{dev}:assumed-role/OrganizationAccountAccessRole/cli"


def test_documents_from_files_and_waiting(aws, cli, tmp_path):
    document, allow = tmp_path / "policy.json", tmp_path / "trust.json"
    document.write_text(TEXT)
    allow.write_text(json.dumps(trust("*"), indent=2))
    cli("iam", "create-role", "--role-name", "deploy", "--assume-role-policy-document", f"file://{allow}")
    cli("iam", "wait", "role-exists", "--role-name", "deploy")
    cli("iam", "put-role-policy", "--role-name", "deploy", "--policy-name", "p", "--policy-document", f"file://{document}")
    shown = json.loads(cli("iam", "get-role-policy", "--role-name", "deploy", "--policy-name", "p"))
    assert shown["PolicyDocument"] == json.loads(TEXT)
    some = json.loads(cli("iam", "list-policies", "--scope", "AWS", "--max-items", "3", "--page-size", "2"))
    assert len(some["Policies"]) == 3 and some["NextToken"]


@pytest.mark.parametrize(
    ("arguments", "operation", "code"),
    [
        (("iam", "get-role", "--role-name", "gone"), "GetRole", "NoSuchEntity"),
        (("iam", "create-user", "--user-name", "a b"), "CreateUser", "ValidationError"),
        (("organizations", "list-accounts"), "ListAccounts", "AWSOrganizationsNotInUseException"),
        (
            ("sts", "assume-role", "--role-arn", "arn:aws:iam::111122223333:role/gone", "--role-session-name", "cli"),
            "AssumeRole",
            "AccessDenied",
        ),
    ],
)
def test_a_refusal_ends_with_255(cli, arguments, operation, code):
    said = cli(*arguments, code=255)
    assert f"An error occurred ({code}) when calling the {operation} operation: " in said
