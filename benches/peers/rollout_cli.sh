#!/usr/bin/env bash
# The work of rollout.rhai with the AWS CLI: rollout_cli.sh ACCOUNTS
set -euo pipefail
export AWS_PAGER="" AWS_DEFAULT_OUTPUT=text
tiers="admin:admins:AdministratorAccess read-only:readers:ReadOnlyAccess"

account() { # makes the account $1; $number is its id afterwards, and in_account runs a command there
    request=$(aws organizations create-account --account-name "$1" --email "aws+$1@example.com" --query CreateAccountStatus.Id)
    while :; do
        read -r state number < <(aws organizations describe-create-account-status --create-account-request-id "$request" \
            --query 'CreateAccountStatus.[State,AccountId]')
        [ "$state" = IN_PROGRESS ] || break
        sleep 0.5
    done
    read -r key secret token < <(aws sts assume-role --role-arn "arn:aws:iam::$number:role/OrganizationAccountAccessRole" \
        --role-session-name cli --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')
}
in_account() { AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token "$@" >/dev/null; }
policy() { printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",%s}]}' "$1"; }

aws organizations create-organization --feature-set ALL >/dev/null
account security
home=$number
for tier in $tiers; do
    IFS=: read -r name group managed <<<"$tier"
    in_account aws iam create-group --group-name "$group"
    in_account aws iam attach-group-policy --group-name "$group" --policy-arn "arn:aws:iam::aws:policy/$managed"
    in_account aws iam put-group-policy --group-name "$group" --policy-name assume \
        --policy-document "$(policy "\"Resource\":\"arn:aws:iam::*:role/allow-$name\"")"
done
for work in $(seq 1 $(($1 - 1))); do
    account "work-$work"
    for tier in $tiers; do
        IFS=: read -r name _ managed <<<"$tier"
        in_account aws iam create-role --role-name "allow-$name" \
            --assume-role-policy-document "$(policy "\"Principal\":{\"AWS\":\"arn:aws:iam::$home:root\"}")"
        in_account aws iam attach-role-policy --role-name "allow-$name" --policy-arn "arn:aws:iam::aws:policy/$managed"
    done
done
