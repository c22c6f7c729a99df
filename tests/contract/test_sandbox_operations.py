"""Every operation the sandbox has, called by boto3 and answered within the service's model."""

import json
import subprocess
import time

import pytest

from material import DOCUMENT, READ_ONLY, TEXT, code, trust


def holders(iam, kind, name):
    """Inline and attached policies, alike for users, groups and roles."""
    who = {f"{kind.title()}Name": name}
    call = lambda operation, **more: getattr(iam, operation.format(kind))(**who, **more)
    call("put_{}_policy", PolicyName="inline", PolicyDocument=TEXT)
    assert call("get_{}_policy", PolicyName="inline")["PolicyDocument"] == DOCUMENT
    assert call("list_{}_policies")["PolicyNames"] == ["inline"]
    call("attach_{}_policy", PolicyArn=READ_ONLY)
    assert call("list_attached_{}_policies")["AttachedPolicies"] == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    call("detach_{}_policy", PolicyArn=READ_ONLY)
    call("delete_{}_policy", PolicyName="inline")
    assert call("list_{}_policies")["PolicyNames"] == [] == call("list_attached_{}_policies")["AttachedPolicies"]


def users(aws):
    iam = aws.client("iam")
    made = iam.create_user(UserName="ana", Path="/people/", Tags=[{"Key": "team", "Value": "x"}])["User"]
    assert made["Arn"].endswith(":user/people/ana") and made["Tags"] == [{"Key": "team", "Value": "x"}]
    holders(iam, "user", "ana")
    iam.tag_user(UserName="ana", Tags=[{"Key": "cost", "Value": "1"}])
    iam.untag_user(UserName="ana", TagKeys=["team"])
    assert iam.list_user_tags(UserName="ana")["Tags"] == [{"Key": "cost", "Value": "1"}]
    iam.put_user_permissions_boundary(UserName="ana", PermissionsBoundary=READ_ONLY)
    assert iam.get_user(UserName="ana")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    iam.delete_user_permissions_boundary(UserName="ana")
    iam.update_user(UserName="ana", NewUserName="anna")
    assert [user["UserName"] for user in iam.list_users(PathPrefix="/people/")["Users"]] == ["anna"]
    iam.delete_user(UserName="anna")


def groups(aws):
    iam = aws.client("iam")
    iam.create_group(GroupName="readers")
    holders(iam, "group", "readers")
    iam.create_user(UserName="ben")
    iam.add_user_to_group(GroupName="readers", UserName="ben")
    iam.update_group(GroupName="readers", NewGroupName="lookers")
    assert [user["UserName"] for user in iam.get_group(GroupName="lookers")["Users"]] == ["ben"]
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="ben")["Groups"]] == ["lookers"]
    iam.remove_user_from_group(GroupName="lookers", UserName="ben")
    assert [group["GroupName"] for group in iam.list_groups()["Groups"]] == ["lookers"]
    iam.delete_group(GroupName="lookers")
    iam.delete_user(UserName="ben")


def roles(aws):
    iam, home = aws.client("iam"), aws.client("sts").get_caller_identity()["Account"]
    wanted = trust(f"arn:aws:iam::{home}:root")
    made = iam.create_role(
        RoleName="deploy", AssumeRolePolicyDocument=json.dumps(wanted), MaxSessionDuration=7200, Tags=[{"Key": "a", "Value": "b"}]
    )["Role"]
    assert made["AssumeRolePolicyDocument"] == wanted
    holders(iam, "role", "deploy")
    iam.tag_role(RoleName="deploy", Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_role(RoleName="deploy", TagKeys=["a"])
    assert iam.list_role_tags(RoleName="deploy")["Tags"] == [{"Key": "c", "Value": "d"}]
    iam.put_role_permissions_boundary(RoleName="deploy", PermissionsBoundary=READ_ONLY)
    iam.delete_role_permissions_boundary(RoleName="deploy")
    iam.update_role_description(RoleName="deploy", Description="one")
    iam.update_role(RoleName="deploy", MaxSessionDuration=3600)
    role = iam.get_role(RoleName="deploy")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("one", 3600)
    iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(trust(home)))
    assert "deploy" in [role["RoleName"] for role in iam.list_roles()["Roles"]]
    iam.delete_role(RoleName="deploy")


def policies(aws):
    iam = aws.client("iam")
    arn = iam.create_policy(PolicyName="read", PolicyDocument=TEXT, Description="reads", Tags=[{"Key": "a", "Value": "b"}])["Policy"]["Arn"]
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=TEXT)["PolicyVersion"]["VersionId"] == "v2"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == DOCUMENT
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    assert [version["VersionId"] for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2"]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    iam.create_user(UserName="cat")
    iam.attach_user_policy(UserName="cat", PolicyArn=arn)
    assert [user["UserName"] for user in iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]] == ["cat"]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert [policy["Arn"] for policy in iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]] == [arn]
    details = iam.get_account_authorization_details()
    assert details["Policies"][0]["PolicyVersionList"][0]["Document"] == DOCUMENT
    iam.detach_user_policy(UserName="cat", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    iam.delete_user(UserName="cat")


def credentials(aws):
    iam, sts = aws.client("iam"), aws.client("sts")
    iam.create_user(UserName="dan")
    iam.put_user_policy(
        UserName="dan",
        PolicyName="self",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:List*", "iam:Get*"], "Resource": "*"}]}
        ),
    )
    key = iam.create_access_key(UserName="dan")["AccessKey"]
    iam.update_access_key(UserName="dan", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert [shown["Status"] for shown in iam.list_access_keys(UserName="dan")["AccessKeyMetadata"]] == ["Active"]
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert used["UserName"] == "dan" and used["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    assert sts.get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == sts.get_caller_identity()["Account"]
    iam.create_login_profile(UserName="dan", Password="long-Enough-1", PasswordResetRequired=True)
    iam.update_login_profile(UserName="dan", PasswordResetRequired=False)
    assert iam.get_login_profile(UserName="dan")["LoginProfile"]["PasswordResetRequired"] is False
    iam.delete_login_profile(UserName="dan")

    tags = [{"Key": "team", "Value": "a"}]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="dan", Tags=tags)["VirtualMFADevice"]
    serial, seed, window = device["SerialNumber"], device["Base32StringSeed"], int(time.time()) // 30
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == tags
    iam.enable_mfa_device(
        UserName="dan", SerialNumber=serial, AuthenticationCode1=code(seed, window - 1), AuthenticationCode2=code(seed, window)
    )
    assert [shown["SerialNumber"] for shown in iam.list_mfa_devices(UserName="dan")["MFADevices"]] == [serial]
    own = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    given = aws.client("sts", **own).get_session_token(SerialNumber=serial, TokenCode=code(seed, window + 1))["Credentials"]
    own = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    shown = aws.client("iam", **own).list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert [device["User"]["UserName"] for device in shown] == ["dan"]
    iam.deactivate_mfa_device(UserName="dan", SerialNumber=serial)
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    iam.delete_access_key(UserName="dan", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="dan", PolicyName="self")
    iam.delete_user(UserName="dan")


def account(aws):
    iam = aws.client("iam")
    iam.create_account_alias(AccountAlias="contract-alias")
    assert iam.list_account_aliases()["AccountAliases"] == ["contract-alias"]
    iam.delete_account_alias(AccountAlias="contract-alias")
    iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True)
    assert iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 14
    iam.delete_account_password_policy()
    assert iam.get_account_summary()["SummaryMap"]["UsersQuota"] == 5000


def organization(aws):
    org = aws.client("organizations")
    org.create_organization(FeatureSet="ALL")
    root = org.list_roots()["Roots"][0]["Id"]
    assert org.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    unit = org.create_organizational_unit(ParentId=root, Name="Work", Tags=[{"Key": "a", "Value": "b"}])["OrganizationalUnit"]["Id"]
    org.update_organizational_unit(OrganizationalUnitId=unit, Name="Workloads")
    assert org.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]["Name"] == "Workloads"
    assert [shown["Id"] for shown in org.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]] == [unit]

    creation = org.create_account(AccountName="dev", Email="contract+dev@example.com")["CreateAccountStatus"]
    done = org.describe_create_account_status(CreateAccountRequestId=creation["Id"])["CreateAccountStatus"]
    assert done["State"] == "SUCCEEDED"
    assert [shown["Id"] for shown in org.list_create_account_status(States=["SUCCEEDED"])["CreateAccountStatuses"]] == [creation["Id"]]
    dev = done["AccountId"]
    org.move_account(AccountId=dev, SourceParentId=root, DestinationParentId=unit)
    assert org.list_parents(ChildId=dev)["Parents"] == [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}]
    assert org.list_children(ParentId=unit, ChildType="ACCOUNT")["Children"] == [{"Id": dev, "Type": "ACCOUNT"}]
    assert [shown["Id"] for shown in org.list_accounts_for_parent(ParentId=unit)["Accounts"]] == [dev]
    assert dev in [shown["Id"] for shown in org.list_accounts()["Accounts"]]
    assert org.describe_account(AccountId=dev)["Account"]["State"] == "ACTIVE"
    org.tag_resource(ResourceId=dev, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    org.untag_resource(ResourceId=dev, TagKeys=["a"])
    assert org.list_tags_for_resource(ResourceId=dev)["Tags"] == [{"Key": "c", "Value": "d"}]
    assert aws.client("sts", **aws.inside(dev)).get_caller_identity()["Account"] == dev

    guardrails(org, root, unit)
    org.close_account(AccountId=dev)
    assert org.describe_account(AccountId=dev)["Account"]["State"] in ("PENDING_CLOSURE", "SUSPENDED")
    org.move_account(AccountId=dev, SourceParentId=unit, DestinationParentId=root)
    org.delete_organizational_unit(OrganizationalUnitId=unit)


def guardrails(org, root, unit):
    kind = "SERVICE_CONTROL_POLICY"
    org.disable_policy_type(RootId=root, PolicyType=kind)
    org.enable_policy_type(RootId=root, PolicyType=kind)
    made = org.create_policy(Type=kind, Name="no-s3", Description="", Content=TEXT)["Policy"]["PolicySummary"]["Id"]
    org.update_policy(PolicyId=made, Description="reads only")
    org.attach_policy(PolicyId=made, TargetId=unit)
    assert [target["TargetId"] for target in org.list_targets_for_policy(PolicyId=made)["Targets"]] == [unit]
    assert made in [shown["Id"] for shown in org.list_policies_for_target(TargetId=unit, Filter=kind)["Policies"]]
    assert json.loads(org.describe_policy(PolicyId=made)["Policy"]["Content"]) == DOCUMENT
    assert made in [shown["Id"] for shown in org.list_policies(Filter=kind)["Policies"]]
    org.detach_policy(PolicyId=made, TargetId=unit)
    org.delete_policy(PolicyId=made)


PARTS = [users, groups, roles, policies, credentials, account, organization]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_operations(aws, part):
    part(aws)


def test_no_operation_is_left_out(aws, runner):
    for part in PARTS:
        part(aws)
    listed = subprocess.run([runner, "sandbox", "operations", "--output", "json"], capture_output=True, check=True).stdout
    offered = {(operation["service"], operation["name"]) for operation in json.loads(listed)["operations"]}
    assert len(offered) > 100
    assert aws.watch.succeeded == offered
