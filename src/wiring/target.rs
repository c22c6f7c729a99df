//! A target as the AWS that is behind it: with the SDK over the network, or over a sandbox in this process.

use super::world::open_world;
use super::{Work, secrets, wait};
use crate::aws::{Base, Cloud, CloudConfig, FurtherAccount, Say, SourceIdentity, StaticKeys, smithy};
use crate::error::Error;
use crate::project::{self, Aws, Target, TargetKind};
use crate::sandbox::{AccessKey, Sandbox};
use crate::time::Time;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn cloud(work: &Work, say: Option<Say>) -> Result<Cloud, Error> {
    let Work { project, target, time, token_code, .. } = work;
    let mut config = match &target.kind {
        TargetKind::Sandbox(_) => {
            let sandbox = open_world(project, target)?;
            let (answering, clock) = (sandbox.clone(), time.clone());
            let http = smithy::in_process(Arc::new(move |request| Box::pin(ready(answering.handle(request, clock.now())))));
            sandbox_config(&sandbox, target, http, time)?
        }
        TargetKind::Aws(aws) => live_config(aws, target, time)?,
    };
    config.access_role.clone_from(&target.role);
    config.secrets = secrets::files(work);
    config.token_code = Some(token_code.clone());
    config.say = say;
    Ok(Cloud::new(config))
}

pub(super) fn live_config(aws: &Aws, target: &Target, time: &Time) -> Result<CloudConfig, Error> {
    let mut config = CloudConfig::new(time.clone(), smithy::https(), Base::Default { profile: aws.profile.clone() });
    config.endpoint_url.clone_from(&aws.endpoint_url);
    set_deadlines(&mut config, aws);
    let known = config.base.clone();
    if let Some(region) = aws.region.clone().or(wait(time, async { Ok(known.region().await) })?) {
        config.region = region;
    }
    config.source_identity = match &aws.source_identity {
        Some(project::SourceIdentity::Caller(true)) => Some(SourceIdentity::Caller),
        Some(project::SourceIdentity::Name(name)) => Some(SourceIdentity::Name(name.clone())),
        Some(project::SourceIdentity::Caller(false)) | None => None,
    };
    config.account_id.clone_from(&aws.account_id);
    // An endpoint of one's own is an emulator or a proxy; AWS's rates are AWS's.
    config.paced = aws.endpoint_url.is_none();
    for (name, account) in &target.accounts {
        let Some(id) = account.account_id.clone() else {
            let message = format!("the account `{name}` of the target `{}` has no `account_id`", target.name);
            return Err(Error::usage("bad-config", message)
                .hint(format!("add account_id = \"…\" to [targets.{}.accounts.{name}] in runner.toml", target.name)));
        };
        let base = account.profile.clone().map(|profile| Base::Default { profile: Some(profile) });
        config.accounts.push(further(id, name, base, account));
    }
    Ok(config)
}

/// How long what AWS has done may not be seen yet, as far as the target says it.
fn set_deadlines(config: &mut CloudConfig, aws: &Aws) {
    config.settle_window = aws.settle_seconds.map_or(config.settle_window, Duration::from_secs_f64);
    config.role_lag = aws.role_lag_seconds.map_or(config.role_lag, Duration::from_secs_f64);
    config.new_account = aws.new_account_minutes.map_or(config.new_account, |minutes| Duration::from_secs_f64(minutes * 60.0));
}

pub(super) fn sandbox_config(sandbox: &Sandbox, target: &Target, http: smithy::Http, time: &Time) -> Result<CloudConfig, Error> {
    let mut config = CloudConfig::new(time.clone(), http, keys(sandbox.administrator()));
    // Its lists never lag, and its roles only if told to.
    let usual_lag = config.role_lag;
    config.settle_window = Duration::ZERO;
    config.role_lag = Duration::ZERO;
    if let TargetKind::Sandbox(written) = &target.kind {
        config.paced = written.throttle.unwrap_or_default();
        if written.iam_lag_seconds.is_some_and(|seconds| seconds > 0.0) {
            config.role_lag = usual_lag;
        }
    }
    let estate = sandbox.estate();
    for (name, account) in &target.accounts {
        let known = |known: &&crate::estate::Account| {
            Some(&known.id) == account.account_id.as_ref() || Some(&known.email) == account.email.as_ref()
        };
        let Some(id) = estate.accounts.values().find(known).map(|known| known.id.clone()) else {
            return Err(Error::failed("world-other", format!("the sandbox's world has no account `{name}`"))
                .hint(format!("make the world anew: runner sandbox reset --target {}", target.name)));
        };
        let base = sandbox.profile_key(&id).map(keys);
        config.accounts.push(further(id, name, base, account));
    }
    Ok(config)
}

fn further(id: String, name: &str, base: Option<Base>, account: &project::FurtherAccount) -> FurtherAccount {
    let project::FurtherAccount { role, external_id, mfa, .. } = account.clone();
    FurtherAccount { id, name: name.to_owned(), base, role, external_id, mfa }
}

pub(super) fn keys(key: AccessKey) -> Base {
    let AccessKey { access_key_id, secret_access_key } = key;
    Base::Static(StaticKeys { access_key_id, secret_access_key, session_token: None })
}
