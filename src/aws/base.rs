//! First credentials: keys of the sandbox, a profile, or the SDK's default chain.

use super::failure::chain;
use super::smithy::{Clock, Wire};
use crate::step::Failure;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_types::region::Region;

/// Long-lived keys, as the sandbox hands them out.
#[derive(Clone)]
pub struct StaticKeys {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

/// Where first credentials come from.
#[derive(Clone)]
pub enum Base {
    Static(StaticKeys),
    /// A named profile (keys, role, SSO, `credential_process`), which goes before the environment as with the AWS CLI; without one the
    /// SDK's chain: environment, default profile, container, instance.
    Default {
        profile: Option<String>,
    },
}

impl Base {
    /// Credentials as they are now; asked for again when they expire.
    pub(super) async fn load(&self, wire: &Wire) -> Result<Credentials, Failure> {
        let profile = match self {
            Base::Static(keys) => {
                return Ok(Credentials::new(&keys.access_key_id, &keys.secret_access_key, keys.session_token.clone(), None, "static"));
            }
            Base::Default { profile } => profile,
        };
        let clock = Clock(wire.time.clone());
        let region = Region::new(wire.region.clone());
        let settings = ProviderConfig::without_region()
            .with_region(Some(region.clone()))
            .with_http_client(wire.http.clone())
            .with_time_source(clock.clone())
            .with_sleep_impl(clock);
        let loaded = match profile {
            Some(profile) => {
                let provider = ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build();
                provider.provide_credentials().await
            }
            None => DefaultCredentialsChain::builder().region(region).configure(settings).build().await.provide_credentials().await,
        };
        loaded.map_err(|error| {
            let which = profile.as_ref().map_or_else(|| "the default chain".to_owned(), |profile| format!("profile `{profile}`"));
            Failure::needs_you("no-credentials", format!("no credentials from {which}: {}", chain(&error)))
                .hint("check that the profile exists and sign in (`aws configure list-profiles`, `aws sso login`), or name another one in runner.toml")
        })
    }
}
