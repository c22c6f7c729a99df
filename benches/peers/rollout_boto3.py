"""The work of rollout.rhai with boto3: rollout_boto3.py ACCOUNTS THREADS. One thread does one thing after the other."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3

ACCOUNTS, THREADS = int(sys.argv[1]), int(sys.argv[2])
MANAGED = {"admin": "arn:aws:iam::aws:policy/AdministratorAccess", "read-only": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
GROUPS = {"admin": "admins", "read-only": "readers"}

organizations, sts = boto3.client("organizations"), boto3.client("sts")


def policy(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}]})


def account(name):
    """Makes an account and gives a client for its IAM, and its id."""
    status = organizations.create_account(AccountName=name, Email=f"aws+{name}@example.com")["CreateAccountStatus"]
    while True:
        status = organizations.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
        if status["State"] != "IN_PROGRESS":
            break
        time.sleep(0.5)
    number = status["AccountId"]
    role = f"arn:aws:iam::{number}:role/OrganizationAccountAccessRole"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="boto3")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return session.client("iam"), number


def work(name):
    iam, _ = account(name)
    for tier, managed in MANAGED.items():
        iam.create_role(RoleName=f"allow-{tier}", AssumeRolePolicyDocument=policy({"Principal": {"AWS": f"arn:aws:iam::{home}:root"}}))
        iam.attach_role_policy(RoleName=f"allow-{tier}", PolicyArn=managed)


organizations.create_organization(FeatureSet="ALL")
security, home = account("security")
names = [f"work-{number}" for number in range(1, ACCOUNTS)]
if THREADS == 1:
    for name in names:
        work(name)
else:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, names))
for tier, managed in MANAGED.items():
    security.create_group(GroupName=GROUPS[tier])
    security.attach_group_policy(GroupName=GROUPS[tier], PolicyArn=managed)
    document = policy({"Resource": f"arn:aws:iam::*:role/allow-{tier}"})
    security.put_group_policy(GroupName=GROUPS[tier], PolicyName="assume", PolicyDocument=document)
