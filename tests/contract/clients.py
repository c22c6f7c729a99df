"""Clients of an AWS: boto3, and a served sandbox whose every answer is held against botocore's models."""

import boto3
from botocore.config import Config

from shapes import Watch

KEYS = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key", "SessionToken": "aws_session_token"}


def client(service, url, **keys):
    """A boto3 client that sends each request once."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, proxies={})
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", config=config, **keys)


class Sandbox:
    """A served sandbox, seen with boto3."""

    def __init__(self, server):
        self.server, self.watch = server, Watch()
        exports = server.exports
        self.keys = {"aws_access_key_id": exports["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": exports["AWS_SECRET_ACCESS_KEY"]}

    def client(self, service, **keys):
        """The administrator's client, or another's."""
        return self.watch.on(client(service, self.server.url, **(keys or self.keys)))

    def inside(self, account):
        """Keys inside a member account, by its access role."""
        return self.assume(f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole")

    def assume(self, role_arn, **more):
        given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="contract", **more)["Credentials"]
        return {KEYS[name]: given[name] for name in KEYS}
