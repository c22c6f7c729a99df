"""Refusals as boto3 meets them: the typed exception, the code on the wire, the HTTP status, members beyond the message."""

import json

import pytest
from botocore.exceptions import ClientError

from clients import client
from material import READ_ONLY, TEXT, trust

NOBODY = "arn:aws:iam::aws:policy/Nobody"
ENTITIES = ("user", "group", "role")
NAMES = {"user": {"UserName": "gone"}, "group": {"GroupName": "gone"}, "role": {"RoleName": "gone"}}


def refused(call, exception, code, status, **arguments):
    """Calls and gives the refusal, which must be of the typed exception; with "ClientError", of none."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value
    assert (type(error).__name__, error.response["Error"]["Code"]) == (exception, code), error
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error
    return error


def missing_ones():
    """Every operation on something that is not there: name and arguments."""
    for kind in ENTITIES:
        who = NAMES[kind]
        yield f"get_{kind}", who
        yield f"delete_{kind}", who
        yield f"put_{kind}_policy", {**who, "PolicyName": "p", "PolicyDocument": TEXT}
        yield f"get_{kind}_policy", {**who, "PolicyName": "p"}
        yield f"delete_{kind}_policy", {**who, "PolicyName": "p"}
        yield f"list_{kind}_policies", who
        yield f"attach_{kind}_policy", {**who, "PolicyArn": READ_ONLY}
        yield f"detach_{kind}_policy", {**who, "PolicyArn": READ_ONLY}
        yield f"list_attached_{kind}_policies", who
        if kind != "role":
            yield f"update_{kind}", {**who, f"New{kind.title()}Name": "x"}
        if kind != "group":
            yield f"tag_{kind}", {**who, "Tags": [{"Key": "a", "Value": "b"}]}
            yield f"untag_{kind}", {**who, "TagKeys": ["a"]}
            yield f"list_{kind}_tags", who
            yield f"put_{kind}_permissions_boundary", {**who, "PermissionsBoundary": READ_ONLY}
            yield f"delete_{kind}_permissions_boundary", who
    yield "update_role", NAMES["role"]
    yield "update_role_description", {**NAMES["role"], "Description": "x"}
    yield "update_assume_role_policy", {**NAMES["role"], "PolicyDocument": json.dumps(trust("*"))}
    for operation in (
        "create_access_key",
        "list_access_keys",
        "get_login_profile",
        "delete_login_profile",
        "list_mfa_devices",
        "list_groups_for_user",
    ):
        yield operation, NAMES["user"]
    yield "create_login_profile", {**NAMES["user"], "Password": "long-Enough-1"}
    yield "update_login_profile", {**NAMES["user"], "PasswordResetRequired": True}
    yield "update_access_key", {**NAMES["user"], "AccessKeyId": "AKIA" + "A" * 16, "Status": "Active"}
    yield "delete_access_key", {**NAMES["user"], "AccessKeyId": "AKIA" + "A" * 16}
    for operation in ("add_user_to_group", "remove_user_from_group"):
        yield operation, {**NAMES["user"], **NAMES["group"]}
    for operation in ("get_policy", "delete_policy", "list_policy_versions", "list_entities_for_policy", "list_policy_tags"):
        yield operation, {"PolicyArn": NOBODY}
    yield "create_policy_version", {"PolicyArn": NOBODY, "PolicyDocument": TEXT}
    for operation in ("get_policy_version", "set_default_policy_version", "delete_policy_version"):
        yield operation, {"PolicyArn": NOBODY, "VersionId": "v1"}
    yield "tag_policy", {"PolicyArn": NOBODY, "Tags": [{"Key": "a", "Value": "b"}]}
    yield "untag_policy", {"PolicyArn": NOBODY, "TagKeys": ["a"]}
    yield "get_account_password_policy", {}
    yield "delete_account_password_policy", {}
    yield "delete_account_alias", {"AccountAlias": "nothing"}
    serial = {"SerialNumber": "arn:aws:iam::158694496618:mfa/gone"}
    yield "list_mfa_device_tags", serial
    yield "delete_virtual_mfa_device", serial
    yield "deactivate_mfa_device", {"UserName": "admin", **serial}
    yield "enable_mfa_device", {"UserName": "admin", **serial, "AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}


def test_what_is_not_there(aws):
    iam = aws.client("iam")
    for operation, arguments in missing_ones():
        refused(getattr(iam, operation), "NoSuchEntityException", "NoSuchEntity", 404, **arguments)


def test_iam_says_why_not(aws):
    iam = aws.client("iam")
    allow = json.dumps(trust("*"))
    iam.create_user(UserName="ana")
    iam.create_group(GroupName="readers")
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=allow)
    policy = iam.create_policy(PolicyName="read", PolicyDocument=TEXT)["Policy"]["Arn"]
    iam.add_user_to_group(GroupName="readers", UserName="ana")
    iam.create_login_profile(UserName="ana", Password="long-Enough-1")
    iam.attach_role_policy(RoleName="deploy", PolicyArn=policy)
    iam.create_virtual_mfa_device(VirtualMFADeviceName="ana")
    for _ in range(2):
        iam.create_access_key(UserName="ana")
    for _ in range(4):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=TEXT)

    exists = ("EntityAlreadyExistsException", "EntityAlreadyExists", 409)
    conflict = ("DeleteConflictException", "DeleteConflict", 409)
    limit = ("LimitExceededException", "LimitExceeded", 409)
    malformed = ("MalformedPolicyDocumentException", "MalformedPolicyDocument", 400)
    invalid = ("ClientError", "ValidationError", 400)
    for operation, wanted, arguments in [
        ("create_user", exists, {"UserName": "ANA"}),
        ("create_group", exists, {"GroupName": "readers"}),
        ("create_role", exists, {"RoleName": "deploy", "AssumeRolePolicyDocument": allow}),
        ("create_policy", exists, {"PolicyName": "read", "PolicyDocument": TEXT}),
        ("create_login_profile", exists, {"UserName": "ana", "Password": "long-Enough-1"}),
        ("create_virtual_mfa_device", exists, {"VirtualMFADeviceName": "ana"}),
        ("update_user", exists, {"UserName": "ana", "NewUserName": "admin"}),
        ("delete_user", conflict, {"UserName": "ana"}),
        ("delete_group", conflict, {"GroupName": "readers"}),
        ("delete_role", conflict, {"RoleName": "deploy"}),
        ("delete_policy", conflict, {"PolicyArn": policy}),
        ("delete_policy_version", conflict, {"PolicyArn": policy, "VersionId": "v1"}),
        ("create_access_key", limit, {"UserName": "ana"}),
        ("create_policy_version", limit, {"PolicyArn": policy, "PolicyDocument": TEXT}),
        ("put_user_policy", limit, {"UserName": "ana", "PolicyName": "big", "PolicyDocument": TEXT.replace("s3:Get*", "s3:" + "x" * 2048)}),
        ("create_role", limit, {"RoleName": "big", "AssumeRolePolicyDocument": json.dumps(trust(["111122223333"] * 150))}),
        ("create_role", malformed, {"RoleName": "bad", "AssumeRolePolicyDocument": TEXT}),
        ("create_policy", malformed, {"PolicyName": "bad", "PolicyDocument": "{"}),
        ("put_group_policy", malformed, {"GroupName": "readers", "PolicyName": "bad", "PolicyDocument": allow}),
        ("update_assume_role_policy", malformed, {"RoleName": "deploy", "PolicyDocument": json.dumps(trust("nobody"))}),
        ("create_user", invalid, {"UserName": "a b"}),
        ("create_user", invalid, {}),
        ("create_role", invalid, {"RoleName": "x" * 65, "AssumeRolePolicyDocument": allow}),
        ("create_role", invalid, {"RoleName": "x", "AssumeRolePolicyDocument": allow, "MaxSessionDuration": 60}),
        ("list_users", invalid, {"Marker": "nonsense"}),
        ("list_users", invalid, {"MaxItems": 1001}),
        ("update_account_password_policy", invalid, {"MinimumPasswordLength": 5}),
        (
            "tag_user",
            ("InvalidInputException", "InvalidInput", 400),
            {"UserName": "ana", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]},
        ),
        (
            "update_login_profile",
            ("PasswordPolicyViolationException", "PasswordPolicyViolation", 400),
            {"UserName": "ana", "Password": "short"},
        ),
    ]:
        refused(getattr(iam, operation), *wanted, **arguments)


def test_organizations_says_why_not(aws):
    org = aws.client("organizations")
    for operation in ("describe_organization", "list_roots", "list_accounts"):
        refused(getattr(org, operation), *named("AWSOrganizationsNotInUse"))
    org.create_organization()
    root, home = org.list_roots()["Roots"][0]["Id"], org.describe_organization()["Organization"]["MasterAccountId"]
    unit = org.create_organizational_unit(ParentId=root, Name="Work")["OrganizationalUnit"]["Id"]
    other = org.create_organizational_unit(ParentId=root, Name="Other")["OrganizationalUnit"]["Id"]
    dev = org.create_account(AccountName="dev", Email="contract+dev@example.com")["CreateAccountStatus"]["Id"]
    dev = org.describe_create_account_status(CreateAccountRequestId=dev)["CreateAccountStatus"]["AccountId"]
    kind = "SERVICE_CONTROL_POLICY"
    scp = org.create_policy(Type=kind, Name="no", Description="", Content=TEXT)["Policy"]["PolicySummary"]["Id"]
    org.attach_policy(PolicyId=scp, TargetId=unit)
    org.move_account(AccountId=dev, SourceParentId=root, DestinationParentId=unit)
    nowhere, nobody, nothing = "ou-" + root[2:] + "-00000000", "000000000001", "p-0000000000"
    for operation, name, arguments in [
        ("create_organization", "AlreadyInOrganization", {}),
        ("create_organizational_unit", "DuplicateOrganizationalUnit", {"ParentId": root, "Name": "Work"}),
        ("create_organizational_unit", "ParentNotFound", {"ParentId": nowhere, "Name": "x"}),
        ("describe_organizational_unit", "OrganizationalUnitNotFound", {"OrganizationalUnitId": nowhere}),
        ("update_organizational_unit", "OrganizationalUnitNotFound", {"OrganizationalUnitId": nowhere, "Name": "x"}),
        ("delete_organizational_unit", "OrganizationalUnitNotFound", {"OrganizationalUnitId": nowhere}),
        ("delete_organizational_unit", "OrganizationalUnitNotEmpty", {"OrganizationalUnitId": unit}),
        ("list_organizational_units_for_parent", "ParentNotFound", {"ParentId": nowhere}),
        ("list_accounts_for_parent", "ParentNotFound", {"ParentId": nowhere}),
        ("list_children", "ParentNotFound", {"ParentId": nowhere, "ChildType": "ACCOUNT"}),
        ("list_parents", "ChildNotFound", {"ChildId": nobody}),
        ("describe_account", "AccountNotFound", {"AccountId": nobody}),
        ("close_account", "AccountNotFound", {"AccountId": nobody}),
        ("describe_create_account_status", "CreateAccountStatusNotFound", {"CreateAccountRequestId": "car-00000000"}),
        ("move_account", "AccountNotFound", {"AccountId": nobody, "SourceParentId": root, "DestinationParentId": unit}),
        ("move_account", "DuplicateAccount", {"AccountId": dev, "SourceParentId": root, "DestinationParentId": unit}),
        ("move_account", "SourceParentNotFound", {"AccountId": home, "SourceParentId": unit, "DestinationParentId": other}),
        ("move_account", "DestinationParentNotFound", {"AccountId": dev, "SourceParentId": unit, "DestinationParentId": nowhere}),
        ("create_policy", "DuplicatePolicy", {"Type": kind, "Name": "no", "Description": "", "Content": TEXT}),
        ("create_policy", "MalformedPolicyDocument", {"Type": kind, "Name": "x", "Description": "", "Content": "{"}),
        ("describe_policy", "PolicyNotFound", {"PolicyId": nothing}),
        ("update_policy", "PolicyNotFound", {"PolicyId": nothing, "Name": "x"}),
        ("delete_policy", "PolicyNotFound", {"PolicyId": nothing}),
        ("delete_policy", "PolicyInUse", {"PolicyId": scp}),
        ("attach_policy", "DuplicatePolicyAttachment", {"PolicyId": scp, "TargetId": unit}),
        ("attach_policy", "TargetNotFound", {"PolicyId": scp, "TargetId": nobody}),
        ("detach_policy", "PolicyNotAttached", {"PolicyId": scp, "TargetId": root}),
        ("list_policies_for_target", "TargetNotFound", {"TargetId": nobody, "Filter": kind}),
        ("list_targets_for_policy", "PolicyNotFound", {"PolicyId": nothing}),
        ("enable_policy_type", "PolicyTypeAlreadyEnabled", {"RootId": root, "PolicyType": kind}),
        ("enable_policy_type", "RootNotFound", {"RootId": "r-none", "PolicyType": kind}),
        ("tag_resource", "TargetNotFound", {"ResourceId": nobody, "Tags": [{"Key": "a", "Value": "b"}]}),
        ("list_tags_for_resource", "TargetNotFound", {"ResourceId": nobody}),
    ]:
        refused(getattr(org, operation), *named(name), **arguments)
    for operation, name, reason, arguments in [
        ("create_account", "InvalidInput", "INVALID_PATTERN", {"AccountName": "dév", "Email": "a@example.com"}),
        ("create_account", "InvalidInput", "INPUT_REQUIRED", {"AccountName": "dev"}),
        ("list_accounts", "InvalidInput", "INVALID_NEXT_TOKEN", {"NextToken": "nonsense"}),
        ("list_accounts", "InvalidInput", "MAX_VALUE_EXCEEDED", {"MaxResults": 21}),
        ("close_account", "ConstraintViolation", "CANNOT_CLOSE_MANAGEMENT_ACCOUNT", {"AccountId": home}),
    ]:
        assert refused(getattr(org, operation), *named(name), **arguments).response["Reason"] == reason
    again = org.create_account(AccountName="dev", Email="contract+dev@example.com")["CreateAccountStatus"]["Id"]
    status = org.describe_create_account_status(CreateAccountRequestId=again)["CreateAccountStatus"]
    assert (status["State"], status["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")


def named(name):
    """Organizations says the exception's name, always with status 400."""
    return f"{name}Exception", f"{name}Exception", 400


def test_sts_says_why_not(aws):
    sts, iam = aws.client("sts"), aws.client("iam")
    home = sts.get_caller_identity()["Account"]
    denied, invalid = ("ClientError", "AccessDenied", 403), ("ClientError", "ValidationError", 400)
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust(f"arn:aws:iam::{home}:root")))
    role = {"RoleArn": f"arn:aws:iam::{home}:role/deploy", "RoleSessionName": "contract"}
    refused(sts.assume_role, *denied, **{**role, "RoleArn": role["RoleArn"] + "ed"})
    refused(sts.assume_role, *invalid, **{**role, "RoleSessionName": "a b"})
    refused(sts.assume_role, *invalid, **role, DurationSeconds=7200)
    refused(sts.assume_role, "MalformedPolicyDocumentException", "MalformedPolicyDocument", 400, **role, Policy="{")
    refused(sts.assume_role, "PackedPolicyTooLargeException", "PackedPolicyTooLarge", 400, **role, Policy=" " * 2048 + TEXT)
    session = aws.assume(**{"role_arn": role["RoleArn"]})
    refused(aws.client("sts", **session).get_session_token, *denied)
    refused(aws.client("iam", **session).list_users, "ClientError", "AccessDenied", 403)
    refused(aws.client("organizations", **session).list_roots, "AccessDeniedException", "AccessDeniedException", 400)


def test_who_is_not_known(aws):
    """Neither service tells an unknown key from a deleted one; a wrong secret is a wrong signature."""
    unknown = {"aws_access_key_id": "AKIA" + "A" * 16, "aws_secret_access_key": "x"}
    wrong = {**aws.keys, "aws_secret_access_key": "x"}
    url = aws.server.url
    for service, operation, keys, code, status in [
        ("sts", "get_caller_identity", unknown, "InvalidClientTokenId", 403),
        ("iam", "list_users", unknown, "InvalidClientTokenId", 403),
        ("organizations", "list_roots", unknown, "UnrecognizedClientException", 400),
        ("sts", "get_caller_identity", wrong, "SignatureDoesNotMatch", 403),
        ("iam", "list_users", wrong, "SignatureDoesNotMatch", 403),
        ("organizations", "list_roots", wrong, "InvalidSignatureException", 400),
    ]:
        refused(getattr(client(service, url, **keys), operation), "ClientError", code, status)


def test_what_is_not_offered(aws):
    """The refusal of an operation the sandbox lacks says where the list is."""
    error = refused(aws.client("iam").list_saml_providers, "ClientError", "InvalidAction", 400)
    assert "runner sandbox operations" in str(error)
    org = client("organizations", aws.server.url, **aws.keys)
    refused(org.list_delegated_administrators, "ClientError", "UnknownOperationException", 400)
