//! What a `Cloud` is made from.

use super::base::Base;
use super::secrets::{Remembered, Secrets};
use crate::time::Time;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::sync::Arc;
use std::time::Duration;

/// A new role or user is known everywhere within seconds as a rule; Terraform waits as long.
const ROLE_LAG: Duration = Duration::from_mins(2);
/// "You might need to wait a few minutes"; users report up to seven. Most creations take less than a minute (Terraform gives up after ten).
const NEW_ACCOUNT: Duration = Duration::from_mins(15);

/// An account of the target beside the organisation's.
#[derive(Clone)]
pub struct FurtherAccount {
    pub id: String,
    pub name: String,
    /// Its own credentials; without them it is reached by assuming a role from the target's.
    pub base: Option<Base>,
    /// The role to assume, when it is not `OrganizationAccountAccessRole`.
    pub role: Option<String>,
    /// What that role's trust policy asks for: `sts:ExternalId`, and the device whose code is asked for.
    pub external_id: Option<String>,
    pub mfa: Option<String>,
}

/// Asks a person for the current code of an MFA device, or for another one after the first was refused; empty when the person gives none,
/// none when nobody can be asked.
pub type TokenCode = Arc<dyn Fn(&str, bool) -> Option<String> + Send + Sync>;

/// Says something to the user that is no step.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// What STS writes down as the source identity of every role session that follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceIdentity {
    /// The name of the caller.
    Caller,
    Name(String),
}

pub struct CloudConfig {
    pub time: Time,
    pub http: SharedHttpClient,
    pub endpoint_url: Option<String>,
    /// Where STS is called; it decides the partition. IAM and Organizations have one endpoint per partition.
    pub region: String,
    pub base: Base,
    /// The account the own credentials must be of.
    pub account_id: Option<String>,
    pub accounts: Vec<FurtherAccount>,
    /// The role by which member accounts are entered, when it is not `OrganizationAccountAccessRole`.
    pub access_role: Option<String>,
    pub source_identity: Option<SourceIdentity>,
    /// Whether calls are held to AWS's published rates; else nothing is held back before something throttles.
    pub paced: bool,
    /// How long after a request its effect may stay out of AWS's lists: only then is absence believed.
    pub settle_window: Duration,
    /// How long a new role or user may stay unknown to parts of AWS: until then a refusal on its account means "not yet". Nothing where it
    /// is known everywhere at once.
    pub role_lag: Duration,
    /// How long AWS may take to decide on a new account, and then to let it be entered, before a person is asked.
    pub new_account: Duration,
    /// Where secrets are kept that AWS shows once; in this process alone unless told another place.
    pub secrets: Arc<dyn Secrets>,
    pub token_code: Option<TokenCode>,
    pub say: Option<Say>,
}

impl CloudConfig {
    /// The usual settings over a client and first credentials: `us-east-1`, not pinned, not paced.
    #[must_use]
    pub fn new(time: Time, http: SharedHttpClient, base: Base) -> CloudConfig {
        CloudConfig {
            time,
            http,
            endpoint_url: None,
            region: "us-east-1".to_owned(),
            base,
            account_id: None,
            accounts: Vec::new(),
            access_role: None,
            source_identity: None,
            paced: false,
            settle_window: Duration::from_mins(1),
            role_lag: ROLE_LAG,
            new_account: NEW_ACCOUNT,
            secrets: Arc::new(Remembered::default()),
            token_code: None,
            say: None,
        }
    }
}
