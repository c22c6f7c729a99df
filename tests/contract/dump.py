"""What is in an AWS, read with boto3 in one canonical form: names instead of ids, sorted, without times. Two dumps compare with `==`."""

import json
import re

from clients import KEYS, client

ACCESS_ROLE = "OrganizationAccountAccessRole"


def dump(url, keys):
    """Organisation, accounts by name, and the IAM of each; `keys` are an administrator's of the management account."""
    org = client("organizations", url, **keys)
    description = org.describe_organization()["Organization"]
    root = org.list_roots()["Roots"][0]
    names = {description["Id"]: "<organization>", root["Id"]: "<root>"}
    found = {"organization": {"feature_set": description["FeatureSet"], "units": {}}, "accounts": {}}
    home = description["MasterAccountId"]
    for parent, path in [(root["Id"], ""), *units(org, root["Id"], "")]:
        names[parent] = path or "<root>"
        if path:
            found["organization"]["units"][path] = attached(org, parent)
        for account in pages(org, "list_accounts_for_parent", "Accounts", ParentId=parent):
            names[account["Id"]] = f"<{account['Name']}>"
            found["accounts"][account["Name"]] = {
                "email": account["Email"],
                "status": account["Status"],
                "unit": path,
                "policies": attached(org, account["Id"]),
                "tags": tags(pages(org, "list_tags_for_resource", "Tags", ResourceId=account["Id"])),
                "iam": iam(client("iam", url, **(keys if account["Id"] == home else inside(url, keys, account["Id"])))),
            }
    return named(found, names)


def units(org, parent, path):
    for unit in pages(org, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
        yield unit["Id"], f"{path}/{unit['Name']}"
        yield from units(org, unit["Id"], f"{path}/{unit['Name']}")


def attached(org, target):
    return sorted(
        policy["Name"] for policy in pages(org, "list_policies_for_target", "Policies", TargetId=target, Filter="SERVICE_CONTROL_POLICY")
    )


def pages(api, operation, key, **arguments):
    for page in api.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def inside(url, keys, account):
    role = f"arn:aws:iam::{account}:role/{ACCESS_ROLE}"
    given = client("sts", url, **keys).assume_role(RoleArn=role, RoleSessionName="dump")["Credentials"]
    return {KEYS[name]: given[name] for name in KEYS}


def iam(api):
    kinds = {"Filter": ["User", "Group", "Role", "LocalManagedPolicy"]}
    found = {"users": {}, "groups": {}, "roles": {}, "policies": {}}
    for page in api.get_paginator("get_account_authorization_details").paginate(**kinds):
        for user in page["UserDetailList"]:
            found["users"][user["UserName"]] = {
                **holder(user, "UserPolicyList"),
                "groups": sorted(user["GroupList"]),
                "tags": tags(user.get("Tags", [])),
            }
        for group in page["GroupDetailList"]:
            found["groups"][group["GroupName"]] = holder(group, "GroupPolicyList")
        for role in page["RoleDetailList"]:
            whole = api.get_role(RoleName=role["RoleName"])["Role"]
            found["roles"][role["RoleName"]] = {
                **holder(role, "RolePolicyList"),
                "trust": role["AssumeRolePolicyDocument"],
                "description": whole.get("Description", ""),
                "max_session": whole["MaxSessionDuration"],
                "tags": tags(whole.get("Tags", [])),
            }
        for policy in page["Policies"]:
            versions = {version["VersionId"]: version["Document"] for version in policy["PolicyVersionList"]}
            found["policies"][policy["PolicyName"]] = {"path": policy["Path"], "versions": versions}
    return found


def holder(entity, inline):
    return {
        "path": entity["Path"],
        "attached": sorted(policy["PolicyArn"] for policy in entity["AttachedManagedPolicies"]),
        "inline": {policy["PolicyName"]: policy["PolicyDocument"] for policy in entity[inline]},
    }


def tags(items):
    """Without the runner's own: they hold the step that made the thing."""
    return {tag["Key"]: tag["Value"] for tag in items if not tag["Key"].startswith("runner:")}


def named(found, names):
    text = json.dumps(found, sort_keys=True)
    pattern = "|".join(re.escape(id) for id in sorted(names, key=len, reverse=True))
    return json.loads(re.sub(pattern, lambda match: names[match[0]], text))


def differences(one, other, at=""):
    """Paths at which two dumps differ, with both values; what is missing is `None`."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from differences(one.get(key), other.get(key), f"{at}/{key}")
    elif one != other:
        yield at, one, other
