"""Paginators and waiters of boto3 on the sandbox."""

import json
import math
import subprocess

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError

from material import TEXT, trust

SCP = "SERVICE_CONTROL_POLICY"
# A quick waiter: no pause between its looks.
AT_ONCE = {"Delay": 0, "MaxAttempts": 5}


@pytest.fixture
def peopled(aws):
    """An account and an organisation with at least two of everything; gives the arguments of lists that need some."""
    iam, org = aws.client("iam"), aws.client("organizations")
    policies = [iam.create_policy(PolicyName=name, PolicyDocument=TEXT)["Policy"]["Arn"] for name in ("p1", "p2")]
    iam.create_policy_version(PolicyArn=policies[0], PolicyDocument=TEXT)
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    iam.tag_policy(PolicyArn=policies[0], Tags=tags)
    for number in ("1", "2"):
        iam.create_user(UserName=f"u{number}", Tags=tags)
        iam.create_group(GroupName=f"g{number}")
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=json.dumps(trust("*")), Tags=tags)
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"m{number}", Tags=tags)["VirtualMFADevice"]["SerialNumber"]
        iam.create_access_key(UserName="u1")
    for number in ("1", "2"):
        iam.add_user_to_group(GroupName="g1", UserName=f"u{number}")
    iam.add_user_to_group(GroupName="g2", UserName="u1")
    for kind, name in (("user", "u1"), ("group", "g1"), ("role", "r1")):
        who = {f"{kind.title()}Name": name}
        for policy in policies:
            getattr(iam, f"attach_{kind}_policy")(**who, PolicyArn=policy)
            getattr(iam, f"put_{kind}_policy")(**who, PolicyName=policy[-2:], PolicyDocument=TEXT)

    org.create_organization()
    root = org.list_roots()["Roots"][0]["Id"]
    units = [org.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"] for name in ("one", "two")]
    for name in ("dev", "prod"):
        org.create_account(AccountName=name, Email=f"contract+{name}@example.com")
    scp = org.create_policy(Type=SCP, Name="no", Description="", Content=TEXT)["Policy"]["PolicySummary"]["Id"]
    for target in (root, *units):
        org.attach_policy(PolicyId=scp, TargetId=target)
    org.tag_resource(ResourceId=root, Tags=[{"Key": f"k{number}", "Value": ""} for number in range(25)])
    user, group, role = {"UserName": "u1"}, {"GroupName": "g1"}, {"RoleName": "r1"}
    return {
        **{
            f"Iam{name}": user
            for name in (
                "ListUserPolicies",
                "ListAttachedUserPolicies",
                "ListUserTags",
                "ListGroupsForUser",
                "ListAccessKeys",
                "ListMFADevices",
            )
        },
        **{f"Iam{name}": group for name in ("GetGroup", "ListGroupPolicies", "ListAttachedGroupPolicies")},
        **{f"Iam{name}": role for name in ("ListRolePolicies", "ListAttachedRolePolicies", "ListRoleTags")},
        **{f"Iam{name}": {"PolicyArn": policies[0]} for name in ("ListPolicyVersions", "ListEntitiesForPolicy", "ListPolicyTags")},
        "IamListMFADeviceTags": {"SerialNumber": device},
        "IamListPolicies": {"Scope": "Local"},
        "OrganizationsListAccountsForParent": {"ParentId": root},
        "OrganizationsListOrganizationalUnitsForParent": {"ParentId": root},
        "OrganizationsListChildren": {"ParentId": root, "ChildType": "ORGANIZATIONAL_UNIT"},
        "OrganizationsListParents": {"ChildId": units[0]},
        "OrganizationsListPolicies": {"Filter": SCP},
        "OrganizationsListPoliciesForTarget": {"TargetId": root, "Filter": SCP},
        "OrganizationsListTargetsForPolicy": {"PolicyId": scp},
        "OrganizationsListTagsForResource": {"ResourceId": root},
    }


# One root, one parent of a child, one alias of an account, and no device enabled: a single page, whatever its size.
SINGLE = {"ListRoots", "ListParents", "ListAccountAliases", "ListMFADevices"}
# The call takes no page size: Organizations' own is 20.
UNSIZED = {"ListTagsForResource"}


def paginated(runner):
    """The operations of the sandbox that boto3 has a paginator for."""
    listed = subprocess.run([runner, "sandbox", "operations", "--output", "json"], capture_output=True, check=True).stdout
    offered = [(operation["service"], operation["name"]) for operation in json.loads(listed)["operations"]]
    session = botocore.session.get_session()
    models = {service: session.get_paginator_model(service) for service in ("iam", "organizations")}
    return [(service, name) for service, name in offered if service in models and name in models[service]._paginator_config]


def test_pages(aws, peopled, runner):
    operations = paginated(runner)
    assert len(operations) > 30
    for service, name in operations:
        paginator = aws.client(service).get_paginator(xform_name(name))
        arguments = peopled.get(f"{service.title()}{name}", {})
        whole = paginator.paginate(**arguments).build_full_result()
        size = {} if name in UNSIZED else {"PageSize": 1}
        pages = list(paginator.paginate(**arguments, PaginationConfig=size))
        keys = [expression.expression for expression in paginator.result_keys]
        for key in keys:
            assert [item for page in pages for item in page.get(key, [])] == whole.get(key, []), f"{name} {key}"
        items = sum(len(whole.get(key, [])) for key in keys)
        assert len(pages) == (math.ceil(items / 20) if name in UNSIZED else max(items, 1)), f"{name}: {items} items on {len(pages)} pages"
        assert items > 1 or name in SINGLE, f"{name} has nothing to turn a page for"


def test_a_page_survives_what_happens_in_between(aws):
    iam = aws.client("iam")
    for name in ("a", "b", "c"):
        iam.create_group(GroupName=name)
    first = iam.list_groups(MaxItems=1)
    iam.delete_group(GroupName="a")
    second = iam.list_groups(MaxItems=1, Marker=first["Marker"])
    assert [group["GroupName"] for group in second["Groups"]] == ["b"] and second["IsTruncated"]


def making(iam, make, looks):
    """Calls `make` when the waiter has looked that often."""
    seen = []

    def look(**_):
        seen.append(1)
        if len(seen) == looks:
            make()

    return look


@pytest.mark.parametrize("noun", ["user", "role", "policy"])
def test_waiters(aws, noun):
    waiting, maker = aws.client("iam"), aws.client("iam")
    account = aws.client("sts").get_caller_identity()["Account"]
    arguments, make = {
        "user": ({"UserName": "late"}, lambda: maker.create_user(UserName="late")),
        "role": ({"RoleName": "late"}, lambda: maker.create_role(RoleName="late", AssumeRolePolicyDocument=json.dumps(trust("*")))),
        "policy": (
            {"PolicyArn": f"arn:aws:iam::{account}:policy/late"},
            lambda: maker.create_policy(PolicyName="late", PolicyDocument=TEXT),
        ),
    }[noun]
    waiter = waiting.get_waiter(f"{noun}_exists")
    with pytest.raises(WaiterError):
        waiter.wait(**arguments, WaiterConfig=AT_ONCE)
    waiting.meta.events.register("before-call.iam.*", making(waiting, make, looks=3))
    waiter.wait(**arguments, WaiterConfig=AT_ONCE)
