//! The chain of roles behind a profile. It is walked here and not by the SDK, which leaves out `mfa_serial` and `duration_seconds`, calls
//! the STS of AWS even where the target has an endpoint of its own, and names the sessions after nobody.

use super::base::StaticKeys;
use super::session::Terms;
use crate::step::{Failure, Way};
use aws_config::profile::{Profile, ProfileSet};

/// Where a chain has its first credentials.
pub(super) enum First {
    /// The SDK's chain of providers.
    Default,
    /// A profile that assumes no role by itself: keys, SSO, `aws login`, `credential_process`, web identity. The SDK knows them all.
    Profile(String),
    Keys(StaticKeys),
    /// `credential_source`, in a profile of this name.
    Source {
        profile: String,
        source: String,
    },
}

/// A profile that assumes a role.
pub(super) struct ProfileRole {
    pub(super) profile: String,
    pub(super) arn: String,
    pub(super) terms: Terms,
}

pub(super) struct Chain {
    pub(super) first: First,
    /// `mfa_serial` of the profile nearest to the chosen one. It counts for the first credentials: nobody else has a device.
    pub(super) mfa: Option<String>,
    /// In the order in which they are assumed.
    pub(super) roles: Vec<ProfileRole>,
}

impl Chain {
    pub(super) fn of(first: First) -> Chain {
        Chain { first, mfa: None, roles: Vec::new() }
    }
}

/// Follows `source_profile` from the profile of this name down to the first credentials.
pub(super) fn chain(profiles: &ProfileSet, name: &str) -> Result<Chain, Failure> {
    let mut visited: Vec<String> = Vec::new();
    let mut mfa = None;
    let mut roles = Vec::new();
    let mut name = name.to_owned();
    let first = loop {
        let Some(profile) = profiles.get_profile(&name) else { return Err(unknown(profiles, &name, visited.last())) };
        if mfa.is_none() {
            mfa = profile.get("mfa_serial").map(str::to_owned);
        }
        // A profile with a role of its own lends its keys, not its role, where it is the source of another.
        if !visited.is_empty()
            && profile.get("role_arn").is_some()
            && let Some(keys) = keys(profile)
        {
            break First::Keys(keys);
        }
        visited.push(name.clone());
        let Some(role) = role(profile)? else { break First::Profile(name) };
        roles.push(role);
        match (profile.get("source_profile"), profile.get("credential_source")) {
            (Some(source), None) if source == name => {
                let keys = keys(profile).ok_or_else(|| bad(&name, "names itself as `source_profile`, but has no keys"))?;
                break First::Keys(keys);
            }
            (Some(source), None) if visited.iter().any(|visited| visited == source) => {
                return Err(bad(&name, &format!("goes round in a circle by `source_profile`: {} → {source}", visited.join(" → "))));
            }
            (Some(source), None) => source.clone_into(&mut name),
            (None, Some(source)) => break First::Source { profile: name, source: source.to_owned() },
            (Some(_), Some(_)) => return Err(bad(&name, "has both `source_profile` and `credential_source`")),
            (None, None) => return Err(bad(&name, "has a `role_arn`, but neither `source_profile` nor `credential_source`")),
        }
    };
    roles.reverse();
    Ok(Chain { first, mfa, roles })
}

/// The role that a profile assumes with the credentials of another one; the SDK itself assumes one by web identity.
fn role(profile: &Profile) -> Result<Option<ProfileRole>, Failure> {
    let Some(arn) = profile.get("role_arn").filter(|_| profile.get("web_identity_token_file").is_none()) else { return Ok(None) };
    let duration = match profile.get("duration_seconds") {
        None => None,
        Some(text) => {
            let seconds = text.trim().parse::<u32>().ok().filter(|seconds| (900..=43_200).contains(seconds));
            Some(seconds.ok_or_else(|| bad(profile.name(), &format!("has `duration_seconds` = `{text}`; it is 900 to 43200")))?)
        }
    };
    let text = |key: &str| profile.get(key).map(str::to_owned);
    let terms = Terms { external_id: text("external_id"), session_name: text("role_session_name"), duration, ..Terms::default() };
    Ok(Some(ProfileRole { profile: profile.name().to_owned(), arn: arn.to_owned(), terms }))
}

fn keys(profile: &Profile) -> Option<StaticKeys> {
    Some(StaticKeys {
        access_key_id: profile.get("aws_access_key_id")?.to_owned(),
        secret_access_key: profile.get("aws_secret_access_key")?.to_owned(),
        session_token: profile.get("aws_session_token").map(str::to_owned),
    })
}

pub(super) fn bad(profile: &str, problem: &str) -> Failure {
    Failure::needs_you("bad-profile", format!("the profile `{profile}` {problem}"))
        .way(Way::After("correct it in ~/.aws/config, or name another profile in runner.toml".to_owned()))
}

fn unknown(profiles: &ProfileSet, name: &str, from: Option<&String>) -> Failure {
    let mut known: Vec<&str> = profiles.profiles().collect();
    known.sort_unstable();
    let from = from.map(|from| format!(", which `{from}` has as `source_profile`")).unwrap_or_default();
    let hint = match known.as_slice() {
        [] => "there are no profiles at all: make one with `aws configure sso` or `aws configure`".to_owned(),
        known => format!("name one of these in runner.toml: {}", known.join(", ")),
    };
    Failure::needs_you("no-profile", format!("there is no profile `{name}`{from}")).way(Way::After(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::profile;
    use aws_runtime::env_config::file::EnvConfigFiles;
    use aws_types::os_shim_internal::{Env, Fs};

    const FILE: &str = "\
[profile keys]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n\
[profile mfa]\naws_access_key_id = AKIA1\naws_secret_access_key = s\nmfa_serial = arn:aws:iam::1:mfa/ana\n\
[profile one]\nrole_arn = r1\nsource_profile = keys\nexternal_id = x\nrole_session_name = ana\nduration_seconds = 7200\n\
[profile two]\nrole_arn = r2\nsource_profile = one\nmfa_serial = serial2\n\
[profile inherited]\nrole_arn = r1\nsource_profile = mfa\n\
[profile both]\nrole_arn = r3\nsource_profile = keys\naws_access_key_id = AKIA3\naws_secret_access_key = s\n\
[profile overboth]\nrole_arn = r4\nsource_profile = both\n\
[profile itself]\nrole_arn = r5\nsource_profile = itself\naws_access_key_id = AKIA5\naws_secret_access_key = s\n\
[profile machine]\nrole_arn = r6\ncredential_source = Ec2InstanceMetadata\n\
[profile web]\nrole_arn = r7\nweb_identity_token_file = /token\n\
[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n\
[profile empty]\nrole_arn = r\nsource_profile = empty\n\
[profile nowhere]\nrole_arn = r\nsource_profile = gone\n\
[profile alone]\nrole_arn = r\n\
[profile torn]\nrole_arn = r\nsource_profile = keys\ncredential_source = Environment\n\
[profile short]\nrole_arn = r\nsource_profile = keys\nduration_seconds = 60\n";

    fn walked(name: &str) -> Result<Chain, Failure> {
        let (fs, env) = (Fs::from_slice(&[("/home/.aws/config", FILE)]), Env::from_slice(&[("HOME", "/home")]));
        let profiles =
            crate::time::Time::simulated(1).block_on(async move { profile::load(&fs, &env, &EnvConfigFiles::default(), None).await });
        chain(&profiles.unwrap().unwrap(), name)
    }

    #[test]
    fn a_chain_is_followed_to_its_first_credentials() {
        let shown = |name: &str| {
            let chain = walked(name).unwrap();
            let first = match chain.first {
                First::Default => "default".to_owned(),
                First::Profile(name) => name,
                First::Keys(keys) => keys.access_key_id,
                First::Source { source, .. } => source,
            };
            let roles: Vec<&str> = chain.roles.iter().map(|role| role.arn.as_str()).collect();
            format!("{first} {} [{}]", chain.mfa.unwrap_or_default(), roles.join(" "))
        };
        assert_eq!(shown("keys"), "keys  []");
        assert_eq!(shown("mfa"), "mfa arn:aws:iam::1:mfa/ana []");
        assert_eq!(shown("one"), "keys  [r1]");
        assert_eq!(shown("two"), "keys serial2 [r1 r2]");
        assert_eq!(shown("inherited"), "mfa arn:aws:iam::1:mfa/ana [r1]");
        assert_eq!(shown("overboth"), "AKIA3  [r4]");
        assert_eq!(shown("itself"), "AKIA5  [r5]");
        assert_eq!(shown("machine"), "Ec2InstanceMetadata  [r6]");
        assert_eq!(shown("web"), "web  []");
        let terms = walked("one").unwrap().roles.remove(0).terms;
        let wanted = Terms { external_id: Some("x".into()), session_name: Some("ana".into()), duration: Some(7200), ..Terms::default() };
        assert_eq!(terms, wanted);
    }

    #[test]
    fn a_chain_that_leads_nowhere_is_refused() {
        for (name, code, said) in [
            ("a", "bad-profile", "a → b → a"),
            ("empty", "bad-profile", "no keys"),
            ("nowhere", "no-profile", "`gone`, which `nowhere` has"),
            ("gone", "no-profile", "`gone`"),
            ("alone", "bad-profile", "neither"),
            ("torn", "bad-profile", "both"),
            ("short", "bad-profile", "900 to 43200"),
        ] {
            let failure = walked(name).err().unwrap();
            assert_eq!(failure.code, code, "{name}");
            assert!(failure.message.contains(said) && !failure.ways.is_empty(), "{failure:?}");
        }
    }
}
