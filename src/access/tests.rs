//! Who may do what in one estate: a table of named rows, and what the answers say.

use super::{Caller, Decision, Principal, Request, Trust, authorise, caller_arn};
use crate::estate::Estate;
use crate::policy::Document;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MANAGEMENT: &str = "111111111111";
const DEV: &str = "222222222222";
const FOREIGN: &str = "999999999999";

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

fn deny(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]})
}

fn user(more: Value) -> Value {
    merged(json!({"id": "AIDAUSER", "path": "/"}), more)
}

fn role(more: Value) -> Value {
    merged(json!({"id": "AROAROLE", "path": "/", "trust": {"Statement": []}}), more)
}

fn merged(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

/// A management account, a member in `workloads/dev`, and an account of somebody else.
fn estate() -> Estate {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let account = |id: &str, parent: Option<&str>, iam: Value| json!({"id": id, "name": id, "email": format!("{id}@example.com"), "state": "ACTIVE", "parent": parent, "iam": iam});
    let management = json!({
        "users": {
            "admin": user(json!({"attached": [admin]})),
            "nobody": user(json!({})),
            "member": user(json!({"groups": ["assumers", "gone"]})),
            "denied": user(json!({"groups": ["assumers"], "inline": {"no": deny("sts:AssumeRole")}})),
            "bounded": user(json!({"attached": [admin], "boundary": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"})),
            "lost": user(json!({"attached": [admin], "boundary": "arn:aws:iam::111111111111:policy/gone"})),
            "own": user(json!({"id": "AIDAOWN", "path": "/team/", "tags": {"team": "core"}, "inline": {"own": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "arn:aws:iam::*:user/team/${aws:username}"},
                    {"Effect": "Allow", "Action": "iam:TagUser", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "core"}}},
                    {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*", "Condition": {"StringLike": {"aws:userid": "AIDAOWN"}}},
                    {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-example/r-root/*"}}}
                ]
            }}})),
            "careful": user(json!({"attached": [admin], "inline": {"mfa": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Deny", "NotAction": ["iam:EnableMFADevice", "sts:GetSessionToken"], "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
            }]}}})),
            "auditor": user(json!({"attached": ["arn:aws:iam::aws:policy/SecurityAudit", "arn:aws:iam::aws:policy/AmazonVPCFullAccess"]})),
            "custom": user(json!({"attached": ["arn:aws:iam::111111111111:policy/custom"]})),
        },
        "groups": {"assumers": {"id": "AGPA", "path": "/", "inline": {"assume": allow("sts:AssumeRole")}}},
        "policies": {"arn:aws:iam::111111111111:policy/custom": {
            "id": "ANPA", "name": "custom", "path": "/", "versions": {"v1": allow("*"), "v2": allow("iam:GetUser")}, "default_version": "v2"
        }},
        "roles": {"deployer": role(json!({"id": "AROADEPLOYER", "path": "/ci/", "tags": {"team": "role"}, "attached": [admin]}))},
    });
    let dev = json!({
        "users": {"ann": user(json!({"attached": [admin]})), "eve": user(json!({}))},
        "roles": {
            "admin": role(json!({"attached": [admin]})),
            "plain": role(json!({"id": "AROAPLAIN"})),
            "bounded": role(json!({"attached": [admin], "boundary": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"})),
            "linked": role(json!({"path": "/aws-service-role/x.amazonaws.com/", "attached": [admin]})),
        },
    });
    let foreign = json!({"users": {"bob": user(json!({"attached": [admin]}))}});
    serde_json::from_value(json!({
        "partition": "aws",
        "organization": {
            "id": "o-example", "management": MANAGEMENT, "root": "r-root",
            "units": {
                "ou-workloads": {"name": "workloads", "parent": "r-root"},
                "ou-dev": {"name": "dev", "parent": "ou-workloads"},
            },
            "policies": {
                "p-FullAWSAccess": {"name": "FullAWSAccess", "description": "", "document": allow("*")},
                "p-leave": {"name": "stay", "description": "", "document": deny("organizations:LeaveOrganization")},
                "p-services": {"name": "services", "description": "", "document": {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": ["iam:*", "sts:*", "organizations:*"], "Resource": "*"}
                ]}},
            },
            "attachments": {
                "r-root": ["p-FullAWSAccess"],
                "ou-workloads": ["p-FullAWSAccess", "p-leave"],
                "ou-dev": ["p-services"],
                DEV: ["p-FullAWSAccess"],
            },
        },
        "accounts": {
            MANAGEMENT: account(MANAGEMENT, Some("r-root"), management),
            DEV: account(DEV, Some("ou-dev"), dev),
            FOREIGN: account(FOREIGN, None, foreign),
        },
    }))
    .unwrap()
}

fn caller(account: &str, principal: Principal) -> Caller {
    Caller {
        account: account.to_owned(),
        principal,
        tags: BTreeMap::new(),
        session_policy: None,
        mfa: None,
        mfa_age: None,
        source_identity: None,
    }
}

fn of_user(account: &str, name: &str) -> Caller {
    caller(account, Principal::User { name: name.to_owned() })
}

fn of_role(account: &str, role: &str) -> Caller {
    caller(account, Principal::Session { role: role.to_owned(), session_name: "s1".to_owned() })
}

fn of_root(account: &str) -> Caller {
    caller(account, Principal::Root)
}

fn limited(mut caller: Caller, policy: Value) -> Caller {
    caller.session_policy = Some(Document::stored(policy));
    caller
}

fn with_mfa(mut caller: Caller, present: bool) -> Caller {
    caller.mfa = Some(present);
    caller
}

fn ask(caller: &Caller, action: &str, resource: &str) -> Decision {
    authorise(&estate(), &Request { caller, action, resource, context: BTreeMap::new(), trust: None })
}

/// `allow`, or `LAYER explicit` / `LAYER implicit`.
fn short(decision: &Decision) -> String {
    match decision {
        Decision::Allowed { reasons } => {
            assert!(!reasons.is_empty());
            "allow".to_owned()
        }
        Decision::Denied { layer, explicit, reason } => {
            assert!(!reason.is_empty());
            format!("{layer:?} {}", if *explicit { "explicit" } else { "implicit" })
        }
    }
}

#[test]
fn identity_boundary_session_and_service_control() {
    let user = "arn:aws:iam::111111111111:user/x";
    for (name, caller, action, resource, expected) in [
        ("an administrator", of_user(MANAGEMENT, "admin"), "iam:CreateUser", user, "allow"),
        ("no policies at all", of_user(MANAGEMENT, "nobody"), "iam:CreateUser", user, "Identity implicit"),
        ("a user that is gone", of_user(MANAGEMENT, "ghost"), "iam:CreateUser", user, "Identity implicit"),
        ("a role that is gone", of_role(MANAGEMENT, "ghost"), "iam:CreateUser", user, "Identity implicit"),
        ("an account that is gone", of_user("000000000000", "admin"), "iam:CreateUser", user, "Identity implicit"),
        ("who am I, without policies", of_user(MANAGEMENT, "nobody"), "sts:GetCallerIdentity", "*", "allow"),
        ("who am I, denied", limited(of_role(DEV, "plain"), deny("*")), "sts:GetCallerIdentity", "*", "allow"),
        ("session token, without policies", of_user(MANAGEMENT, "nobody"), "sts:GetSessionToken", "*", "allow"),
        ("managed policy of the account, version in force", of_user(MANAGEMENT, "custom"), "iam:GetUser", user, "allow"),
        ("managed policy of the account, older version", of_user(MANAGEMENT, "custom"), "iam:CreateUser", user, "Identity implicit"),
        ("own user by variable", of_user(MANAGEMENT, "own"), "iam:ChangePassword", "arn:aws:iam::111111111111:user/team/own", "allow"),
        (
            "another user by variable",
            of_user(MANAGEMENT, "own"),
            "iam:ChangePassword",
            "arn:aws:iam::111111111111:user/team/x",
            "Identity implicit",
        ),
        ("principal tag", of_user(MANAGEMENT, "own"), "iam:TagUser", user, "allow"),
        ("unique id", of_user(MANAGEMENT, "own"), "iam:GetUser", user, "allow"),
        ("organisation path", of_user(MANAGEMENT, "own"), "iam:ListUsers", "*", "allow"),
        ("MFA asked for, long-term key", of_user(MANAGEMENT, "careful"), "iam:CreateUser", user, "Identity explicit"),
        ("MFA asked for, code given", with_mfa(of_user(MANAGEMENT, "careful"), true), "iam:CreateUser", user, "allow"),
        (
            "MFA asked for, session without code",
            with_mfa(of_user(MANAGEMENT, "careful"), false),
            "iam:CreateUser",
            user,
            "Identity explicit",
        ),
        ("MFA asked for, exempt action", of_user(MANAGEMENT, "careful"), "iam:EnableMFADevice", user, "allow"),
        ("inside the boundary", of_user(MANAGEMENT, "bounded"), "iam:GetUser", user, "allow"),
        ("outside the boundary", of_user(MANAGEMENT, "bounded"), "iam:CreateUser", user, "Boundary implicit"),
        ("boundary that is gone", of_user(MANAGEMENT, "lost"), "iam:GetUser", user, "Boundary implicit"),
        ("session policy allows", limited(of_role(DEV, "admin"), allow("iam:Get*")), "iam:GetUser", user, "allow"),
        ("session policy is silent", limited(of_role(DEV, "admin"), allow("iam:Get*")), "iam:CreateUser", user, "Session implicit"),
        ("session policy denies", limited(of_role(DEV, "admin"), deny("iam:*")), "iam:GetUser", user, "Session explicit"),
        ("session policy gives nothing by itself", limited(of_role(DEV, "plain"), allow("*")), "iam:GetUser", user, "Identity implicit"),
        ("denied on a unit", of_user(DEV, "ann"), "organizations:LeaveOrganization", "*", "ServiceControl explicit"),
        ("not allowed on one level", of_user(DEV, "ann"), "s3:CreateBucket", "*", "ServiceControl implicit"),
        ("allowed on every level, documents of a node together", of_user(DEV, "ann"), "iam:CreateUser", user, "allow"),
        ("service control gives nothing by itself", of_user(DEV, "eve"), "iam:CreateUser", user, "Identity implicit"),
        ("management account is not bound", of_user(MANAGEMENT, "admin"), "organizations:LeaveOrganization", "*", "allow"),
        ("foreign account is not bound", of_user(FOREIGN, "bob"), "s3:CreateBucket", "*", "allow"),
        ("service-linked role is not bound", of_role(DEV, "linked"), "s3:CreateBucket", "*", "allow"),
        ("root user of a member is bound", of_root(DEV), "s3:CreateBucket", "*", "ServiceControl implicit"),
        ("root user of a member is denied", of_root(DEV), "organizations:LeaveOrganization", "*", "ServiceControl explicit"),
        ("root user of a member otherwise", of_root(DEV), "iam:CreateUser", user, "allow"),
        ("root user of the management account", of_root(MANAGEMENT), "organizations:LeaveOrganization", "*", "allow"),
        ("root user assumes nothing", of_root(MANAGEMENT), "sts:AssumeRole", "arn:aws:iam::222222222222:role/x", "Trust explicit"),
        ("a role that is not there", of_user(MANAGEMENT, "admin"), "sts:AssumeRole", "arn:aws:iam::222222222222:role/x", "Trust implicit"),
    ] {
        let decision = ask(&caller, action, resource);
        assert_eq!(short(&decision), expected, "{name}: {decision:?}");
    }
}

/// Assumes a role `target` of `account` that trusts `principal`.
fn assume(caller: &Caller, account: &str, statement: &Value) -> Decision {
    assume_with(caller, account, statement, BTreeMap::new())
}

fn assume_with(caller: &Caller, account: &str, statement: &Value, context: BTreeMap<String, Vec<String>>) -> Decision {
    let document = Document::stored(json!({"Version": "2012-10-17", "Statement": statement}));
    let resource = format!("arn:aws:iam::{account}:role/target");
    let trust = Some(Trust { account, document: &document });
    authorise(&estate(), &Request { caller, action: "sts:AssumeRole", resource: &resource, context, trust })
}

fn trusting(principal: impl Into<Value>) -> Value {
    json!({"Effect": "Allow", "Principal": principal.into(), "Action": "sts:AssumeRole"})
}

fn aws(principal: impl Into<Value>) -> Value {
    trusting(json!({"AWS": principal.into()}))
}

#[test]
fn trust_of_another_account() {
    let admin = of_user(MANAGEMENT, "admin");
    let nobody = of_user(MANAGEMENT, "nobody");
    let deployer = of_role(MANAGEMENT, "deployer");
    for (name, caller, statement, expected) in [
        ("account ARN", &admin, aws("arn:aws:iam::111111111111:root"), "allow"),
        ("account id", &admin, aws(MANAGEMENT), "allow"),
        ("account of an other partition is still that account", &admin, aws("arn:aws-cn:iam::111111111111:root"), "allow"),
        ("account, caller without policy", &nobody, aws(MANAGEMENT), "Identity implicit"),
        ("another account", &admin, aws(DEV), "Trust implicit"),
        ("the user itself", &admin, aws("arn:aws:iam::111111111111:user/admin"), "allow"),
        ("the user itself, without policy", &nobody, aws("arn:aws:iam::111111111111:user/nobody"), "Identity implicit"),
        ("another user", &admin, aws("arn:aws:iam::111111111111:user/other"), "Trust implicit"),
        ("wildcard user", &admin, aws("arn:aws:iam::111111111111:user/*"), "Trust implicit"),
        ("user without its path", &of_user(MANAGEMENT, "own"), aws("arn:aws:iam::111111111111:user/own"), "Trust implicit"),
        ("everyone", &admin, trusting("*"), "allow"),
        ("everyone, written otherwise", &admin, aws("*"), "allow"),
        ("everyone, caller without policy", &nobody, trusting("*"), "Identity implicit"),
        ("role ARN for its session", &deployer, aws("arn:aws:iam::111111111111:role/ci/deployer"), "allow"),
        ("role ARN without its path", &deployer, aws("arn:aws:iam::111111111111:role/deployer"), "Trust implicit"),
        ("session ARN", &deployer, aws("arn:aws:sts::111111111111:assumed-role/deployer/s1"), "allow"),
        ("another session's ARN", &deployer, aws("arn:aws:sts::111111111111:assumed-role/deployer/s2"), "Trust implicit"),
        ("role by unique id", &deployer, aws("AROADEPLOYER"), "allow"),
        ("a recreated principal", &admin, aws("AIDAOLD"), "Trust implicit"),
        ("a service", &admin, trusting(json!({"Service": "ec2.amazonaws.com"})), "Trust implicit"),
        ("a service and the account", &admin, trusting(json!({"Service": "ec2.amazonaws.com", "AWS": MANAGEMENT})), "allow"),
        ("a federation", &admin, trusting(json!({"Federated": "*"})), "Trust implicit"),
        ("another action", &admin, json!({"Effect": "Allow", "Principal": "*", "Action": "sts:TagSession"}), "Trust implicit"),
        (
            "denied to the account",
            &admin,
            json!([aws(MANAGEMENT), {"Effect": "Deny", "Principal": {"AWS": MANAGEMENT}, "Action": "*"}]),
            "Trust explicit",
        ),
        ("denied to another", &admin, json!([aws(MANAGEMENT), {"Effect": "Deny", "Principal": {"AWS": DEV}, "Action": "*"}]), "allow"),
        (
            "denied to all but the caller and its account",
            &admin,
            json!([aws(MANAGEMENT), {"Effect": "Deny", "NotPrincipal": {"AWS": [MANAGEMENT, "arn:aws:iam::111111111111:user/admin"]}, "Action": "*"}]),
            "allow",
        ),
        (
            "denied to all but the account",
            &admin,
            json!([aws(MANAGEMENT), {"Effect": "Deny", "NotPrincipal": {"AWS": MANAGEMENT}, "Action": "*"}]),
            "Trust explicit",
        ),
        ("through a group", &of_user(MANAGEMENT, "member"), aws(MANAGEMENT), "allow"),
        ("through a group, denied inline", &of_user(MANAGEMENT, "denied"), aws(MANAGEMENT), "Identity explicit"),
        (
            "outside the caller's boundary",
            &of_user(MANAGEMENT, "bounded"),
            aws("arn:aws:iam::111111111111:user/bounded"),
            "Boundary implicit",
        ),
        ("a foreign caller", &of_user(FOREIGN, "bob"), aws(FOREIGN), "allow"),
        ("a foreign caller that is not named", &of_user(FOREIGN, "bob"), aws(MANAGEMENT), "Trust implicit"),
        ("root user of the trusted account", &of_root(MANAGEMENT), aws(MANAGEMENT), "Trust explicit"),
    ] {
        let decision = assume(caller, DEV, &statement);
        assert_eq!(short(&decision), expected, "{name}: {decision:?}");
    }
}

#[test]
fn trust_within_the_account() {
    let eve = of_user(DEV, "eve");
    let plain = of_role(DEV, "plain");
    let bounded = of_role(DEV, "bounded");
    for (name, caller, statement, expected) in [
        ("account, caller without policy", &eve, aws(DEV), "Identity implicit"),
        ("account, caller with policy", &of_user(DEV, "ann"), aws(DEV), "allow"),
        ("named user needs no policy", &eve, aws("arn:aws:iam::222222222222:user/eve"), "allow"),
        ("account and named user", &eve, aws(json!([DEV, "arn:aws:iam::222222222222:user/eve"])), "allow"),
        ("everyone needs no policy", &eve, trusting("*"), "allow"),
        ("named role needs no policy", &plain, aws("arn:aws:iam::222222222222:role/plain"), "allow"),
        ("named session needs no policy", &plain, aws("arn:aws:sts::222222222222:assumed-role/plain/s1"), "allow"),
        ("named role is held by its boundary", &bounded, aws("arn:aws:iam::222222222222:role/bounded"), "Boundary implicit"),
        ("named session is not", &bounded, aws("arn:aws:sts::222222222222:assumed-role/bounded/s1"), "allow"),
        (
            "named role is held by its session policy",
            &limited(plain.clone(), allow("s3:*")),
            aws("arn:aws:iam::222222222222:role/plain"),
            "Session implicit",
        ),
        (
            "a deny holds for the named session too",
            &limited(plain.clone(), deny("sts:*")),
            aws("arn:aws:sts::222222222222:assumed-role/plain/s1"),
            "Session explicit",
        ),
        ("a role does not trust itself", &of_role(DEV, "admin"), aws(MANAGEMENT), "Trust implicit"),
    ] {
        let decision = assume(caller, DEV, &statement);
        assert_eq!(short(&decision), expected, "{name}: {decision:?}");
    }
}

#[test]
fn conditions_of_trust() {
    let admin = of_user(MANAGEMENT, "admin");
    let mut tagged = of_role(MANAGEMENT, "deployer");
    tagged.tags.insert("team".to_owned(), "session".to_owned());
    let mut aged = with_mfa(admin.clone(), true);
    aged.mfa_age = Some(7200);
    let external = |id: &str| BTreeMap::from([("sts:ExternalId".to_owned(), vec![id.to_owned()])]);
    let given = BTreeMap::from([("aws:MultiFactorAuthPresent".to_owned(), vec!["true".to_owned()])]);
    let none = BTreeMap::new();
    for (name, caller, context, condition, expected) in [
        ("MFA, long-term key", &admin, &none, json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), "Trust implicit"),
        ("MFA, BoolIfExists lets a key in", &admin, &none, json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}), "allow"),
        ("MFA, session with code", &with_mfa(admin.clone(), true), &none, json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), "allow"),
        ("MFA, code with the call", &admin, &given, json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), "allow"),
        ("MFA, too long ago", &aged, &none, json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}), "Trust implicit"),
        ("external id", &admin, &external("x1"), json!({"StringEquals": {"sts:ExternalId": "x1"}}), "allow"),
        ("another external id", &admin, &external("x2"), json!({"StringEquals": {"sts:ExternalId": "x1"}}), "Trust implicit"),
        ("no external id", &admin, &none, json!({"StringEquals": {"sts:ExternalId": "x1"}}), "Trust implicit"),
        ("the organisation", &admin, &none, json!({"StringEquals": {"aws:PrincipalOrgID": "o-example"}}), "allow"),
        (
            "outside the organisation",
            &of_user(FOREIGN, "bob"),
            &none,
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-example"}}),
            "Trust implicit",
        ),
        ("principal ARN of a user", &admin, &none, json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/adm*"}}), "allow"),
        (
            "principal ARN of a session is its role",
            &tagged,
            &none,
            json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/ci/deployer"}}),
            "allow",
        ),
        ("principal account", &admin, &none, json!({"StringEquals": {"aws:PrincipalAccount": MANAGEMENT}}), "allow"),
        ("a session has no user name", &tagged, &none, json!({"Null": {"aws:username": "true"}}), "allow"),
        ("user id of a session", &tagged, &none, json!({"StringLike": {"aws:userid": "AROADEPLOYER:s1"}}), "allow"),
        ("session tag before role tag", &tagged, &none, json!({"StringEquals": {"aws:PrincipalTag/team": "session"}}), "allow"),
        ("role tag", &of_role(MANAGEMENT, "deployer"), &none, json!({"StringEquals": {"aws:PrincipalTag/team": "role"}}), "allow"),
        ("kind of principal", &tagged, &none, json!({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}), "allow"),
        (
            "account asked for",
            &admin,
            &none,
            json!({"StringEquals": {"aws:ResourceAccount": DEV, "aws:ResourceOrgID": "o-example"}}),
            "allow",
        ),
    ] {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition});
        let decision = assume_with(caller, DEV, &statement, context.clone());
        assert_eq!(short(&decision), expected, "{name}: {decision:?}");
    }
}

#[test]
fn service_control_without_attachments() {
    let mut estate = estate();
    let ann = of_user(DEV, "ann");
    let request = Request { caller: &ann, action: "iam:CreateUser", resource: "*", context: BTreeMap::new(), trust: None };
    let organization = estate.organization.as_mut().unwrap();
    organization.attachments.remove(DEV);
    assert_eq!(short(&authorise(&estate, &request)), "ServiceControl implicit", "one node with none allows nothing");
    let organization = estate.organization.as_mut().unwrap();
    organization.attachments.clear();
    assert_eq!(short(&authorise(&estate, &request)), "allow", "the policy type is off");
    let organization = estate.organization.as_mut().unwrap();
    organization.attachments.insert("r-root".to_owned(), ["p-FullAWSAccess".to_owned()].into());
    organization.units.get_mut("ou-workloads").unwrap().parent = "ou-dev".to_owned();
    assert_eq!(short(&authorise(&estate, &request)), "ServiceControl implicit", "units in a circle end");
}

#[test]
fn reasons_are_readable() {
    let reason = |decision: Decision| match decision {
        Decision::Allowed { reasons } => reasons.join(" | "),
        Decision::Denied { reason, .. } => reason,
    };
    let target = "arn:aws:iam::222222222222:role/target";
    for (name, decision, expected) in [
        (
            "no identity policy",
            assume(&of_user(MANAGEMENT, "nobody"), DEV, &aws(MANAGEMENT)),
            format!("no identity-based policy allows sts:AssumeRole on {target}"),
        ),
        (
            "no trust",
            assume(&of_user(MANAGEMENT, "admin"), DEV, &aws(DEV)),
            format!("the trust policy of `{target}` does not allow sts:AssumeRole to this caller"),
        ),
        (
            "denied inline",
            assume(&of_user(MANAGEMENT, "denied"), DEV, &aws(MANAGEMENT)),
            "Statement[0] of inline policy `no` of user `denied` denies".to_owned(),
        ),
        (
            "through a group",
            assume(&of_user(MANAGEMENT, "member"), DEV, &aws(MANAGEMENT)),
            format!("Statement[0] of the trust policy of `{target}` | Statement[0] of inline policy `assume` of group `assumers`"),
        ),
        (
            "service control policy",
            ask(&of_user(DEV, "ann"), "organizations:LeaveOrganization", "*"),
            "Statement[0] of service control policy `stay` on `ou-workloads` denies".to_owned(),
        ),
        (
            "service control level",
            ask(&of_user(DEV, "ann"), "s3:CreateBucket", "*"),
            "no service control policy on `ou-dev` allows s3:CreateBucket on *".to_owned(),
        ),
        (
            "policies that are not known in full",
            ask(&of_user(MANAGEMENT, "auditor"), "ec2:CreateVpc", "*"),
            "no identity-based policy allows ec2:CreateVpc on * (not known here, or not in full: \
             arn:aws:iam::aws:policy/AmazonVPCFullAccess, arn:aws:iam::aws:policy/SecurityAudit)"
                .to_owned(),
        ),
    ] {
        assert_eq!(reason(decision), expected, "{name}");
    }
}

#[test]
fn messages_are_those_of_aws() {
    let message = |caller: &Caller, action: &str| ask(caller, action, "*").message(&caller_arn(&estate(), caller), action, "*");
    assert_eq!(message(&of_user(MANAGEMENT, "admin"), "iam:GetUser"), None);
    assert_eq!(
        message(&of_user(MANAGEMENT, "own"), "iam:DeleteUser").as_deref(),
        Some(
            "User: arn:aws:iam::111111111111:user/team/own is not authorized to perform: iam:DeleteUser on resource: * because no \
             identity-based policy allows the iam:DeleteUser action"
        )
    );
    assert_eq!(
        message(&of_role(DEV, "admin"), "organizations:LeaveOrganization").as_deref(),
        Some(
            "User: arn:aws:sts::222222222222:assumed-role/admin/s1 is not authorized to perform: organizations:LeaveOrganization on \
             resource: * with an explicit deny in a service control policy"
        )
    );
    assert_eq!(message(&of_root(DEV), "sts:AssumeRole").as_deref(), Some("Roles may not be assumed by root accounts."));
}
