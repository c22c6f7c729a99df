//! The lease: one run at a time changes what a target reaches, whatever machine it is played on.
//!
//! It is a customer managed policy of the target's own account that is attached to nothing. IAM takes one policy of a name, whatever its
//! path (`CreatePolicy`: "names must be unique within the account"), so of two who create it one is refused. The path is the holder's own,
//! so that whoever gives a lease back, or takes one away, deletes by its ARN the one that is meant and never the next.

use super::cloud::Cloud;
use super::pages::Pages;
use super::session::Session;
use crate::estate::{self, LEASE_NAME, LEASE_PATH};
use crate::step::{Failure, FailureClass, Notice, Retry, until};
use aws_sdk_iam::types::PolicyScopeType;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Grants nothing, and would deny nothing: what it names needs no permission and cannot be denied (STS API reference, GetCallerIdentity).
const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:GetCallerIdentity","Resource":"*"}]}"#;
/// What a person reads in the console, before the holder as JSON.
const DESCRIPTION: &str = "While this is here, one run of runner changes this account or its organization; `runner unlock` takes it away: ";
/// Characters of each field at most: AWS takes 1,000 in all.
const FIELD: usize = 150;
/// Who holds a lease, as its policy tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub run: String,
    /// Target and playbook.
    pub rollout: String,
    /// The human behind the credentials, as far as AWS tells.
    pub user: String,
    pub host: String,
    pub pid: u32,
    /// `2026-01-02T03:04:05Z`
    pub since: String,
}

/// A lease that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub arn: String,
    /// None when its policy does not tell.
    pub holder: Option<Holder>,
}

/// What came of asking for the lease.
#[derive(Debug)]
pub enum Asked {
    Ours,
    Theirs(Lease),
    /// Somebody has it, and this is why it cannot be read who.
    Hidden(Failure),
}

impl fmt::Display for Holder {
    /// `run `7k2q` of `live/base.rhai`, by ana on build-3 (pid 4711), since 2026-01-02T03:04:05Z`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { run, rollout, user, host, pid, since } = self;
        write!(f, "run `{run}` of `{rollout}`, by {user} on {host} (pid {pid}), since {since}")
    }
}

impl Holder {
    fn description(&self) -> String {
        let field = |text: &str| -> String {
            let plain = |c: &char| *c == ' ' || c.is_ascii_graphic() && !matches!(c, '"' | '\\');
            text.chars().map(|c| if plain(&c) { c } else { '_' }).take(FIELD).collect()
        };
        let Holder { run, rollout, user, host, pid, since } = self;
        let told =
            Holder { run: field(run), rollout: field(rollout), user: field(user), host: field(host), pid: *pid, since: since.clone() };
        let told = serde_json::to_string(&told).expect("invariant: a holder has only string keys");
        format!("{DESCRIPTION}{told}")
    }

    fn read(description: &str) -> Option<Holder> {
        serde_json::from_str(&description[description.find('{')?..]).ok()
    }
}

impl Cloud {
    /// The ARN of a new lease of the target's own account.
    pub async fn new_lease(&self) -> Result<String, Failure> {
        let caller = self.caller().await?;
        let path = path(&format!("{:016x}", self.time().draw("lease")));
        Ok(estate::arn::iam(&caller.partition, &caller.account, "policy", &path, LEASE_NAME))
    }

    /// Creates the lease `arn`; `former` is one of ours that was given back before, and that AWS may still show for a while.
    ///
    /// A repeat of the call is refused by AWS, and then the lease is looked for by its own ARN: so a reply that is lost costs two more calls.
    /// Whoever's it seems to be then is believed only once a list cannot lag any more.
    pub async fn take_lease(&self, arn: &str, former: Option<&str>, holder: &Holder) -> Result<Asked, Failure> {
        let session = self.own_session().await?;
        let (mut retry, mut is_unsure, mut seen) = (Retry::default(), false, None);
        loop {
            let failure = match create(&session, arn, holder).await {
                Err(failure) if failure.code == "EntityAlreadyExists" => match self.find_out(&session, arn, former, is_unsure).await {
                    Ok(asked) if !is_unsure || matches!(asked, Asked::Ours) => return Ok(asked),
                    Ok(asked) => {
                        seen = Some(asked);
                        not_yet(self, "the reply to CreatePolicy was lost, and AWS shows another lease")
                    }
                    Err(failure) => failure,
                },
                Err(failure) => {
                    is_unsure |= failure.class == FailureClass::Unknown;
                    failure
                }
                Ok(()) => return Ok(Asked::Ours),
            };
            let Some(wait) = retry.next(failure.class, self.time().draw("lease")) else {
                return match seen {
                    Some(theirs @ Asked::Theirs(_)) => Ok(theirs),
                    // What may be ours is not called another's.
                    _ if is_unsure => Err(Failure { class: FailureClass::Unknown, ..failure }),
                    _ if failure.code == "EntityAlreadyExists" => Ok(Asked::Hidden(failure)),
                    _ => Err(failure),
                };
            };
            let notice = || Notice { reason: format!("taking the lease: {}", failure.message), left: wait };
            until(self.time().sleep(wait), notice).await?;
        }
    }

    /// Whose the lease is that stands in the way. A failure `EntityAlreadyExists` means that it is not to be seen (yet).
    async fn find_out(&self, session: &Session, arn: &str, former: Option<&str>, is_unsure: bool) -> Result<Asked, Failure> {
        let found = async {
            if is_unsure && read(session, arn.to_owned()).await?.is_some() {
                return Ok(Some(arn.to_owned()));
            }
            standing(session).await
        };
        let theirs = match found.await {
            Ok(Some(found)) if found == arn => return Ok(Asked::Ours),
            Ok(Some(found)) if Some(found.as_str()) == former => {
                // It may have been too new to be deleted, a moment ago.
                self.give_back_lease(&found, Duration::ZERO).await?;
                return Err(not_yet(self, "this project's former lease is still there"));
            }
            Ok(Some(found)) => read(session, found).await,
            Ok(None) => Ok(None),
            Err(failure) => Err(failure),
        };
        match theirs {
            Ok(Some(lease)) => Ok(Asked::Theirs(lease)),
            Ok(None) => Err(not_yet(self, &format!("a policy `{LEASE_NAME}` is there, but AWS lists none below `{LEASE_PATH}`"))),
            Err(failure) if failure.class == FailureClass::Fatal => Ok(Asked::Hidden(failure)),
            Err(failure) => Err(failure),
        }
    }

    /// The lease that somebody holds of the target's own account.
    pub async fn lease(&self) -> Result<Option<Lease>, Failure> {
        let session = self.own_session().await?;
        self.patiently(|| async {
            match standing(&session).await? {
                Some(arn) => read(&session, arn).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// Deletes the lease `arn`. False when it was not there, not even `within` this time: one may be too new to be known everywhere.
    pub async fn give_back_lease(&self, arn: &str, within: Duration) -> Result<bool, Failure> {
        let session = self.own_session().await?;
        let (mut retry, mut lost) = (Retry::default(), false);
        loop {
            let client = session.iam().await?;
            let sent = session.send("iam:DeletePolicy", client.delete_policy().policy_arn(arn).send()).await;
            let Err(mut failure) = sent else { return Ok(true) };
            let is_absent = failure.code == "NoSuchEntity";
            if is_absent && lost {
                return Ok(true);
            }
            lost |= failure.class == FailureClass::Unknown;
            if is_absent {
                failure.class = FailureClass::NotYet(within);
            }
            match retry.next(failure.class, self.time().draw("lease")) {
                Some(wait) => self.time().sleep(wait).await,
                None if is_absent => return Ok(false),
                None => return Err(failure),
            }
        }
    }

    /// Whose name the lease bears.
    pub async fn human(&self) -> Result<String, Failure> {
        self.own().await?;
        Ok(self.own_slot().lock().await.as_ref().map(|own| own.human().to_owned()).unwrap_or_default())
    }
}

fn path(holder: &str) -> String {
    format!("{LEASE_PATH}{holder}/")
}

async fn create(session: &Session, arn: &str, holder: &Holder) -> Result<(), Failure> {
    let client = session.iam().await?;
    let path = arn.find(LEASE_PATH).map_or("/", |at| arn[at..].trim_end_matches(LEASE_NAME));
    let call = client.create_policy().policy_name(LEASE_NAME).path(path).policy_document(DOCUMENT).description(holder.description());
    session.send("iam:CreatePolicy", call.send()).await.map(drop)
}

fn not_yet(cloud: &Cloud, why: &str) -> Failure {
    Failure::new(FailureClass::NotYet(cloud.role_lag()), "EntityAlreadyExists", why)
}

/// The ARN of the lease there is.
async fn standing(session: &Session) -> Result<Option<String>, Failure> {
    let client = session.iam().await?;
    let mut pages = Pages::default();
    loop {
        let call = client.list_policies().scope(PolicyScopeType::Local).path_prefix(LEASE_PATH).set_marker(pages.token());
        let page = session.read("iam:ListPolicies", call.send()).await?;
        let mut policies = page.policies.unwrap_or_default().into_iter();
        let lease = policies.find(|policy| policy.policy_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(LEASE_NAME)));
        if lease.is_some() || !pages.go_on("ListPolicies", page.marker.filter(|_| page.is_truncated))? {
            return Ok(lease.and_then(|policy| policy.arn));
        }
    }
}

/// The lease of this ARN, and who holds it; none when it is not there any more. A list does not tell descriptions.
async fn read(session: &Session, arn: String) -> Result<Option<Lease>, Failure> {
    let client = session.iam().await?;
    match session.read("iam:GetPolicy", client.get_policy().policy_arn(&arn).send()).await {
        Ok(reply) => {
            let description = reply.policy.and_then(|policy| policy.description).unwrap_or_default();
            Ok(Some(Lease { arn, holder: Holder::read(&description) }))
        }
        Err(failure) if failure.code == "NoSuchEntity" => Ok(None),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(user: &str) -> Holder {
        let text = |text: &str| text.to_owned();
        let (run, rollout, host) = (text("7k2q"), text("live/p.rhai"), text("build-3"));
        Holder { run, rollout, user: text(user), host, pid: 4711, since: text("2026-01-02T03:04:05Z") }
    }

    #[test]
    fn a_holder_is_read_from_what_was_written() {
        assert_eq!(Holder::read(&holder("ana").description()), Some(holder("ana")));
        assert_eq!(Holder::read(&holder("Änne\n").description()), Some(holder("_nne_")));
        for other in ["", "made by hand", "{", "{\"run\": 1}"] {
            assert_eq!(Holder::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_description_is_one_that_aws_takes() {
        let long = "\"\\".repeat(500);
        let holder = Holder { run: long.clone(), rollout: long.clone(), user: long.clone(), host: long, ..holder("") };
        assert!(holder.description().len() <= 1000, "{}", holder.description().len());
        assert!(Holder::read(&holder.description()).is_some());
    }
}
