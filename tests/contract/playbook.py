"""The five-account playbook, and how it is played."""

import json
import shutil

import servers

PLAYBOOK = "playbooks/multi-account.rhai"
# moto names the management account so
TARGETS = """
[targets.sandbox]
kind = "sandbox"
management_name = "master"
management_email = "master@example.com"
[targets.live]
kind = "aws"
account_id = "{account}"
endpoint_url = "{url}"
settle_seconds = 5
[environments.people.params]
mail = "aws@example.com"
users = {{ ana = "admin", ben = "ro" }}
"""


def project(folder, url, account=servers.MANAGEMENT["moto"]):
    """A folder with the playbook and both targets."""
    shutil.copytree(servers.ROOT / "playbooks", folder / "playbooks")
    (folder / "runner.toml").write_text(TARGETS.format(url=url, account=account))
    return folder


def play(*more, target="live"):
    return ("play", PLAYBOOK, "--env", "people", "--target", target, "--yes", "--output", "json", *more)


def recap(output):
    return json.loads(output.splitlines()[-1])
