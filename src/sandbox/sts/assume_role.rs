//! AssumeRole: who asks, what the role's trust says, for how long and with what terms.

use super::session::{constraint, duration, given, issue, spend};
use crate::access::{Caller, Principal};
use crate::estate::{AccountState, Role, Tags, arn};
use crate::policy::{self, Document, Kind};
use crate::sandbox::authorise::denied;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::wire::Protocol;
use crate::sandbox::world::Source;
use serde_json::{Value, json};

/// Characters of the session policy and the ARNs together, and how many ARNs (STS API reference).
const POLICY_CHARACTERS: usize = 2_048;
const POLICY_ARNS: usize = 10;
/// A role's longest session unless it says otherwise, and that of a chained one.
const HOUR: i64 = 3_600;

pub(crate) const OPERATIONS: &[Operation] = &[Operation { name: "AssumeRole", needs, run: assume_role }];

/// The role that `RoleArn` names, when account and role exist and the ARN is the role's own, path included.
fn role<'a>(call: &'a Call) -> Result<Option<(&'a str, &'a str, &'a Role)>, AwsError> {
    let text = call.params.required("RoleArn")?;
    if !(20..=2048).contains(&text.len()) {
        return Err(constraint(text, "roleArn", "Member must have length between 20 and 2048"));
    }
    let parts = arn::parse(text).filter(|parts| parts.service == "iam" && parts.resource.starts_with("role/"));
    let Some(parts) = parts else { return Err(AwsError::validation(format!("{text} is invalid"))) };
    if parts.partition != call.world.partition() {
        return Ok(None);
    }
    let name = arn::name(text).unwrap_or_default();
    let account = call.world.account(parts.account).filter(|account| account.state == AccountState::Active);
    let role = account.and_then(|account| account.iam.roles.get(name));
    // an id and a name are case-sensitive here, unlike in IAM
    Ok(role
        .filter(|role| arn::iam(parts.partition, parts.account, "role", &role.path, name) == text)
        .map(|role| (parts.account, name, role)))
}

/// A session name or source identity: 2-64 of `[\w+=,.@-]`.
fn name<'a>(text: &'a str, member: &str) -> Result<&'a str, AwsError> {
    if !(2..=64).contains(&text.len()) {
        let bound = if text.len() < 2 { "greater than or equal to 2" } else { "less than or equal to 64" };
        return Err(constraint(text, member, &format!("Member must have length {bound}")));
    }
    if text.chars().all(|char| char.is_ascii_alphanumeric() || "_+=,.@-".contains(char)) {
        return Ok(text);
    }
    Err(constraint(text, member, "Member must satisfy regular expression pattern: [\\w+=,.@-]*"))
}

/// The external id: 2-1224 of `[\w+=,.@:/-]`.
fn external_id(text: &str) -> Result<&str, AwsError> {
    if !(2..=1224).contains(&text.len()) {
        return Err(constraint(text, "externalId", "Member must have length between 2 and 1224"));
    }
    if text.chars().all(|char| char.is_ascii_alphanumeric() || "_+=,.@:/-".contains(char)) {
        return Ok(text);
    }
    Err(constraint(text, "externalId", "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*"))
}

/// sts:AssumeRole, and sts:TagSession and sts:SetSourceIdentity when tags or a source identity are given: each on the
/// caller's side and in the trust policy.
fn needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    if call.caller.principal == Principal::Root {
        return Err(denied(Protocol::Query, "Roles may not be assumed by root accounts."));
    }
    let session_name = name(call.params.required("RoleSessionName")?, "roleSessionName")?;
    let tags = call.params.tags("Tags")?;
    let found = role(call)?;
    let arn = call.params.required("RoleArn")?;
    let mut need = Need::on(arn).with("sts:RoleSessionName", session_name).request_tags(&tags);
    if let Some(id) = call.params.text("ExternalId") {
        need = need.with("sts:ExternalId", external_id(id)?);
    }
    let identity = call.params.text("SourceIdentity");
    if let Some(identity) = identity {
        if identity.to_ascii_lowercase().starts_with("aws:") {
            return Err(constraint(identity, "sourceIdentity", "Member must not begin with aws:"));
        }
        need = need.with("sts:SourceIdentity", name(identity, "sourceIdentity")?);
    }
    if given(call)?.is_some() {
        need = need.with("aws:MultiFactorAuthPresent", "true").with("aws:MultiFactorAuthAge", "0");
    }
    let Some((account, role, _)) = found else { return Err(not_there(call, arn)) };
    need.trust = Some((account.to_owned(), role.to_owned()));
    let mut needs = vec![need.clone()];
    if !tags.is_empty() {
        needs.push(need.clone().action("sts:TagSession"));
    }
    if identity.is_some() {
        needs.push(need.action("sts:SetSourceIdentity"));
    }
    Ok(needs)
}

/// AWS does not tell whether a role exists.
fn not_there(call: &Call, role: &str) -> AwsError {
    let who = call.caller_arn();
    denied(
        Protocol::Query,
        format!(
            "User: {who} is not authorized to perform: sts:AssumeRole on resource: {role} because no role trust policy allows the sts:AssumeRole action"
        ),
    )
}

/// How long the session may last, by the role and by how the caller came here.
fn seconds(call: &Call, role: &Role) -> Result<i64, AwsError> {
    let seconds = duration(call, HOUR, 43_200)?;
    // aws-vault reports that credentials of GetSessionToken count as chaining too
    if call.source != Source::LongTerm && seconds > HOUR {
        return Err(AwsError::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if seconds > role.max_session.map_or(HOUR, i64::from) {
        return Err(AwsError::validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    Ok(seconds)
}

/// The policies passed with the call as one document: what any of them allows, the session may.
fn session_policy(call: &Call, account: &str) -> Result<Option<Document>, AwsError> {
    let inline = call.params.text("Policy");
    let arns = call.params.list("PolicyArns")?;
    let characters: usize =
        inline.map_or(0, |text| text.chars().count()) + arns.iter().filter_map(|item| item["arn"].as_str()).map(str::len).sum::<usize>();
    if arns.len() > POLICY_ARNS || characters > POLICY_CHARACTERS {
        return Err(AwsError::new(
            "PackedPolicyTooLarge",
            400,
            format!("Packed policy consumes more than its size: at most {POLICY_CHARACTERS} characters and {POLICY_ARNS} ARNs"),
        ));
    }
    let mut statements = Vec::new();
    if let Some(text) = inline {
        let document = Document::parse(Kind::Identity, text).map_err(|malformed| AwsError::malformed_policy(malformed.to_string()))?;
        statements.extend(listed(&document));
    }
    for item in arns {
        let arn = item["arn"].as_str().unwrap_or_default();
        let own = call.world.account(account).and_then(|account| account.iam.policies.get(arn)?.document());
        let document = own.or_else(|| policy::managed::find(arn)?.document.as_ref());
        let Some(document) = document else {
            return Err(AwsError::malformed_policy(format!("The policy {arn} does not exist or has no document here.")));
        };
        statements.extend(listed(document));
    }
    if statements.is_empty() {
        return Ok(None);
    }
    let merged = json!({ "Version": "2012-10-17", "Statement": statements });
    Ok(Some(Document::stored(merged)))
}

fn listed(document: &Document) -> Vec<Value> {
    match document.value().get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    }
}

/// The tags of the new session. `TransitiveTagKeys` is checked, but the sandbox does not hand tags on along a chain.
fn session_tags(call: &Call) -> Result<Tags, AwsError> {
    let transitive = call.params.texts("TransitiveTagKeys")?;
    let tags = call.params.tags("Tags")?;
    match transitive.iter().find(|key| !tags.contains_key(**key)) {
        Some(key) => Err(AwsError::validation(format!("TransitiveTagKeys names `{key}`, which is not among Tags"))),
        None => Ok(tags),
    }
}

fn assume_role(call: &mut Call) -> Result<Value, AwsError> {
    let text = call.params.required("RoleArn")?.to_owned();
    let Some((account, role_name, role)) = role(call)? else { return Err(not_there(call, &text)) };
    let (account, role_name, role_id) = (account.to_owned(), role_name.to_owned(), role.id.clone());
    if call.is_newborn(&account, &text) {
        return Err(not_there(call, &text));
    }
    let seconds = seconds(call, role)?;
    let session_name = call.params.required("RoleSessionName")?.to_owned();
    let session_policy = session_policy(call, &account)?;
    let tags = session_tags(call)?;
    let mfa = given(call)?;
    let caller = Caller {
        account: account.clone(),
        principal: Principal::Session { role: role_name.clone(), session_name: session_name.clone() },
        tags,
        session_policy,
        // credentials of a role never carry MFA
        mfa: Some(false),
        mfa_age: None,
        source_identity: call.params.text("SourceIdentity").map(str::to_owned).or_else(|| call.caller.source_identity.clone()),
    };
    spend(call, mfa.as_ref());
    let identity = caller.source_identity.clone();
    let credentials = issue(call, Source::AssumedRole, caller, seconds, None);
    let partition = call.world.partition();
    Ok(json!({
        "Credentials": credentials,
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{role_id}:{session_name}"),
            "Arn": format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}"),
        },
        "SourceIdentity": identity,
    }))
}
