//! CreateAccount: asynchronous, refused for many reasons, at most five at a time.

use super::directory::{FULL_AWS_ACCESS, arn, constraint, exception, managed, members, on_all, scp_enabled};
use crate::estate::{Account, AccountState, Iam, Role, arn as arns};
use crate::policy::Document;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::wire::epoch;
use crate::sandbox::world::{Creation, CreationState, World};
use crate::sandbox::{genesis, ids};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// AWS's quota of creations in progress.
const IN_PROGRESS: usize = 5;
const DEFAULT_ROLE: &str = "OrganizationAccountAccessRole";

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateAccount", needs: create_account_needs, run: create_account },
    Operation { name: "DescribeCreateAccountStatus", needs: on_all, run: describe_create_account_status },
    Operation { name: "ListCreateAccountStatus", needs: on_all, run: list_create_account_status },
];

fn create_account_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let tags = call.params.tags("Tags")?;
    let mut needs = vec![Need::on("*").request_tags(&tags)];
    if !tags.is_empty() {
        needs.push(Need::on(arn(call.world, "*")).action("organizations:TagResource").request_tags(&tags));
    }
    Ok(needs)
}

fn create_account(call: &mut Call) -> Result<Value, AwsError> {
    managed(call)?;
    let name = account_name(call.params.required("AccountName")?)?.to_owned();
    let email = email(call.params.required("Email")?)?.to_owned();
    let role = role_name(call.params.text("RoleName").unwrap_or(DEFAULT_ROLE))?.to_owned();
    if call.params.text("IamUserAccessToBilling").is_some_and(|access| !matches!(access, "ALLOW" | "DENY")) {
        return Err(AwsError::invalid_input("INVALID_ENUM", "`IamUserAccessToBilling` must be ALLOW or DENY"));
    }
    let tags = call.params.tags("Tags")?;
    if call.world.pending().len() >= IN_PROGRESS {
        return Err(constraint(
            "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED",
            "You have exceeded the number of accounts that can be created at the same time. Wait until one is done, then try again.",
        ));
    }
    let outcome = match call.failing {
        Some(reason) => Err(reason.to_owned()),
        None => outcome(call, &email),
    };
    let seed = call.world.seed();
    let same = |known: &&Creation| known.email.eq_ignore_ascii_case(&email);
    let attempt = call.world.creations().values().filter(same).count();
    let id = format!("car-{}", ids::lower(seed, 32, &["creation", &email.to_ascii_lowercase(), &attempt.to_string()]));
    let wait = SignedDuration::try_from(call.settings.creation).unwrap_or(SignedDuration::MAX);
    let creation = Creation {
        name,
        email,
        role,
        tags,
        requested: call.now,
        completes: call.now.checked_add(wait).unwrap_or(Timestamp::MAX),
        state: CreationState::InProgress,
        outcome,
    };
    let status = status(&id, &creation);
    call.world.put_creation(id, creation);
    Ok(json!({ "CreateAccountStatus": status }))
}

/// What this creation will come to: the new account's id, or AWS's reason why there will be none.
fn outcome(call: &Call, email: &str) -> Result<String, String> {
    let world = &call.world;
    let pending = || world.pending().iter().filter_map(|id| world.creations().get(id));
    if pending().any(|other| other.email.eq_ignore_ascii_case(email)) {
        return Err("CONCURRENT_ACCOUNT_MODIFICATION".to_owned());
    }
    // unique among all accounts of AWS, closed ones too
    if world.estate().accounts.values().any(|account| account.email.eq_ignore_ascii_case(email)) {
        return Err("EMAIL_ALREADY_EXISTS".to_owned());
    }
    let promised = pending().filter(|other| other.outcome.is_ok()).count();
    if members(world).count() + promised >= call.settings.account_quota {
        return Err("ACCOUNT_LIMIT_EXCEEDED".to_owned());
    }
    let taken = |id: &str| world.account(id).is_some() || pending().any(|other| other.outcome.as_deref() == Ok(id));
    Ok(ids::account(world.seed(), email, taken))
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::invalid_input("INVALID_PATTERN", message)
}

fn account_name(name: &str) -> Result<&str, AwsError> {
    match name.chars().count() {
        0 => return Err(AwsError::invalid_input("MIN_LENGTH_EXCEEDED", "`AccountName` must not be empty")),
        1..=50 => {}
        _ => return Err(AwsError::invalid_input("MAX_LENGTH_EXCEEDED", "`AccountName` has at most 50 characters")),
    }
    if name.chars().all(|char| matches!(char, ' '..='~')) {
        return Ok(name);
    }
    Err(invalid("You provided a value for `AccountName` that does not match the required pattern."))
}

fn email(email: &str) -> Result<&str, AwsError> {
    let refuse = || invalid("You provided a value for `Email` that does not match the required pattern.");
    let Some((local, domain)) = email.split_once('@') else { return Err(refuse()) };
    let forbidden = |char: char| !char.is_ascii() || char.is_ascii_control() || char.is_whitespace() || "\"'()<>[]:;,\\|%&@".contains(char);
    let label = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-');
    let local = !local.is_empty() && !local.starts_with('.') && !local.contains(forbidden);
    let edge = |char| matches!(char, '.' | '-');
    let domain = domain.contains('.') && domain.chars().all(label) && !domain.starts_with(edge) && !domain.ends_with(edge);
    if local && domain && (6..=64).contains(&email.len()) { Ok(email) } else { Err(refuse()) }
}

fn role_name(name: &str) -> Result<&str, AwsError> {
    let fits = |char: char| char.is_ascii_alphanumeric() || "_+=,.@-".contains(char);
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(name);
    }
    Err(AwsError::invalid_input("INVALID_ROLE_NAME", "You provided a role name that isn't valid."))
}

/// CreateAccountStatus, which has no e-mail.
fn status(id: &str, creation: &Creation) -> Value {
    let done = creation.state != CreationState::InProgress;
    json!({
        "Id": id,
        "AccountName": creation.name,
        "State": creation.state,
        "RequestedTimestamp": epoch(creation.requested),
        "CompletedTimestamp": done.then(|| epoch(creation.completes)),
        "AccountId": creation.outcome.as_ref().ok().filter(|_| done),
        "FailureReason": creation.outcome.as_ref().err().filter(|_| done),
    })
}

fn describe_create_account_status(call: &mut Call) -> Result<Value, AwsError> {
    managed(call)?;
    let id = call.params.required("CreateAccountRequestId")?;
    match call.world.creations().get(id) {
        Some(creation) => Ok(json!({ "CreateAccountStatus": status(id, creation) })),
        None => Err(exception("CreateAccountStatusNotFoundException", "You specified a CreateAccountRequestId that doesn't exist.")),
    }
}

fn list_create_account_status(call: &mut Call) -> Result<Value, AwsError> {
    managed(call)?;
    let states = call.params.texts("States")?;
    let wanted = |creation: &Creation| {
        let state = json!(creation.state);
        states.is_empty() || states.iter().any(|wanted| state == *wanted)
    };
    let found = call.world.creations().iter().filter(|(_, creation)| wanted(creation));
    let items = found.map(|(id, creation)| (id.clone(), status(id, creation)));
    Ok(call.results(items)?.into_organizations("CreateAccountStatuses"))
}

/// Ends the creations whose time has come. Runs before every call.
pub(crate) fn settle(world: &mut World, now: Timestamp) {
    if world.pending().is_empty() {
        return;
    }
    let due: Vec<String> =
        world.pending().iter().filter(|id| world.creations().get(*id).is_some_and(|creation| creation.completes <= now)).cloned().collect();
    for id in due {
        let Some(mut creation) = world.creations().get(&id).cloned() else { continue };
        creation.state = match &creation.outcome {
            Ok(account) => {
                let account = account.clone();
                settle_account(world, account, &creation);
                CreationState::Succeeded
            }
            Err(_) => CreationState::Failed,
        };
        world.put_creation(id, creation);
    }
}

/// Makes the account: in the root, with FullAWSAccess and the role that lets the management account in.
fn settle_account(world: &mut World, id: String, creation: &Creation) {
    let Some(organization) = world.organization() else { return };
    let (root, management) = (organization.root.clone(), organization.management.clone());
    let enabled = scp_enabled(organization);
    let partition = world.partition().to_owned();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "AWS": arns::root(&partition, &management) },
        "Action": "sts:AssumeRole",
    }] });
    let role = Role {
        id: ids::unique(world.seed(), "AROA", &[&id, "role", &creation.role]),
        path: "/".to_owned(),
        trust: Document::stored(trust),
        description: None,
        max_session: None,
        boundary: None,
        tags: BTreeMap::new(),
        attached: BTreeSet::from([genesis::administrator_access(&partition)]),
        inline: BTreeMap::new(),
    };
    if enabled && let Some(organization) = world.organization_mut() {
        organization.attachments.insert(id.clone(), BTreeSet::from([FULL_AWS_ACCESS.to_owned()]));
    }
    let extras = world.extras_mut(&id);
    extras.joined = Some(creation.completes);
    extras.created.insert(arns::iam(&partition, &id, "role", "/", &creation.role), creation.completes);
    world.insert_account(Account {
        id,
        name: creation.name.clone(),
        email: creation.email.clone(),
        state: AccountState::Active,
        parent: Some(root),
        tags: creation.tags.clone(),
        iam: Iam { roles: BTreeMap::from([(creation.role.clone(), role)]), ..Iam::default() },
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in ["a@b.co", "dev+one@example.com", "x_y.z@sub.example-a.org", "a'b@c.de".replace('\'', "-").as_str()] {
            assert!(email(good).is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(60));
        for bad in [
            "",
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a@@b.co",
            "a@b@c.de",
            ".a@b.co",
            "a b@c.de",
            "a@-b.co",
            "a@b.co-",
            "a@.b.co",
            "a@b_c.de",
            "a%b@c.de",
            "é@example.com",
            "a'b@c.de",
            "a:b@c.de",
            "a@b.",
            &long,
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names() {
        assert!(account_name("Dev & test ~").is_ok());
        assert!(account_name("").is_err());
        assert!(account_name("Prüfung").is_err());
        assert!(account_name(&"x".repeat(51)).is_err());
        assert!(role_name("a/b").is_err());
    }
}
