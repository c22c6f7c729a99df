//! First credentials: keys of the sandbox, a profile, or the SDK's default chain.

use super::failure::chain as causes;
use super::profile::{Chain, First, bad, chain};
use super::smithy::{Clock, Wire};
use crate::step::{Failure, Way};
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{self, ProfileFileCredentialsProvider, ProfileFileRegionProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::region::Region;

/// Keys as the sandbox hands them out, or as a profile holds them.
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
    /// A named profile (keys, role, SSO, `aws login`, `credential_process`), which goes before the environment as with the AWS CLI; without
    /// one the SDK's chain: environment, the profile of `AWS_PROFILE` or `default`, container, instance.
    Default {
        profile: Option<String>,
    },
}

impl Base {
    /// First credentials and the roles to assume from them.
    pub(super) async fn chain(&self) -> Result<Chain, Failure> {
        let named = match self {
            Base::Static(keys) => return Ok(Chain::of(First::Keys(keys.clone()))),
            Base::Default { profile } => profile.as_deref(),
        };
        let environment = Env::real();
        let set = |name: &str| environment.get(name).is_ok_and(|value| !value.trim().is_empty());
        if named.is_none() && set("AWS_ACCESS_KEY_ID") {
            return Ok(Chain::of(First::Default));
        }
        let profiles = profiles(named).await?;
        let chosen = profiles.selected_profile();
        if named.is_none() && !set("AWS_PROFILE") && profiles.get_profile(chosen).is_none() {
            return Ok(Chain::of(First::Default));
        }
        let chain = chain(&profiles, chosen)?;
        match chain.first {
            // The default profile may hold no more than a region; then the container and the instance are asked.
            First::Profile(ref first) if named.is_none() && first == chosen => Ok(Chain { first: First::Default, ..chain }),
            _ => Ok(chain),
        }
    }

    /// The region of the environment, else of the profile.
    pub async fn region(&self) -> Option<String> {
        let Base::Default { profile } = self else { return None };
        let mut region = EnvironmentVariableRegionProvider::new().region().await;
        if region.is_none() {
            let mut builder = ProfileFileRegionProvider::builder();
            if let Some(profile) = profile {
                builder = builder.profile_name(profile);
            }
            region = builder.build().region().await;
        }
        region.map(|region| region.as_ref().to_owned())
    }
}

async fn profiles(named: Option<&str>) -> Result<ProfileSet, Failure> {
    let named = named.map(|name| name.to_owned().into());
    profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), named).await.map_err(|error| {
        Failure::needs_you("bad-profile", format!("the files of the AWS profiles cannot be read: {}", causes(&error)))
            .way(Way::After("correct ~/.aws/config and ~/.aws/credentials (or what AWS_CONFIG_FILE names)".to_owned()))
    })
}

impl First {
    /// Credentials as they are now.
    pub(super) async fn load(&self, wire: &Wire) -> Result<Credentials, Failure> {
        let clock = Clock(wire.time.clone());
        let region = Region::new(wire.region.clone());
        let settings = ProviderConfig::without_region()
            .with_region(Some(region.clone()))
            .with_http_client(wire.http.clone())
            .with_time_source(clock.clone())
            .with_sleep_impl(clock);
        let loaded = match self {
            First::Keys(keys) => {
                return Ok(Credentials::new(&keys.access_key_id, &keys.secret_access_key, keys.session_token.clone(), None, "static"));
            }
            First::Profile(profile) => {
                let provider = ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build();
                provider.provide_credentials().await
            }
            First::Default => {
                DefaultCredentialsChain::builder().region(region).configure(settings).build().await.provide_credentials().await
            }
            First::Source { profile, source } => match source.as_str() {
                "Environment" => EnvironmentVariableCredentialsProvider::new().provide_credentials().await,
                "Ec2InstanceMetadata" => ImdsCredentialsProvider::builder().configure(&settings).build().provide_credentials().await,
                "EcsContainer" => EcsCredentialsProvider::builder().configure(&settings).build().provide_credentials().await,
                other => {
                    let problem =
                        format!("has `credential_source` = `{other}`; there are Environment, Ec2InstanceMetadata and EcsContainer");
                    return Err(bad(profile, &problem));
                }
            },
        };
        loaded.map_err(|error| {
            let which = match self {
                First::Profile(profile) => format!("profile `{profile}`"),
                First::Source { profile, source } => format!("`credential_source` {source} of profile `{profile}`"),
                First::Default | First::Keys(_) => "the default chain".to_owned(),
            };
            Failure::needs_you("no-credentials", format!("no credentials from {which}: {}", causes(&error)))
                .way(Way::After("sign in (`aws sso login`, `aws login`) or see to the profile (`aws configure list-profiles`), or name another one in runner.toml".to_owned()))
        })
    }
}
