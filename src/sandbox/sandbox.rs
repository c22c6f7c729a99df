//! The sandbox itself: opened once, shared by clones, asked by requests.

use super::call::Call;
use super::copy::{self, Original};
use super::error::AwsError;
use super::faults::{self, Kind as Fault};
use super::params::Params;
use super::seeded::{Fault as Seed, Met, Seeded, Trouble};
use super::service::{self, Operation};
use super::settings::Settings;
use super::signature::{self, Signed};
use super::storage::{self, Storage};
use super::wire::{self, Protocol, Service};
use super::world::{Source, Used, World};
use super::{genesis, ids, mfa, organizations, request, throttle};
use crate::error::Error;
use crate::estate::Estate;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A long-term key.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub access_key_id: String,
    pub secret_access_key: String,
}

/// An AWS in this process. Clones share one world.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) world: World,
    /// What a copy knows of what it stands for; none in a world of its own.
    pub(super) original: Option<Original>,
    storage: Option<Storage>,
    throttle: throttle::Buckets,
    trouble: Trouble,
    requests: u64,
}

/// What becomes of a request under the faults of a seed.
#[derive(Debug)]
pub enum Delivery {
    Reply(Response<Bytes>),
    /// No reply comes; whether it was applied is the fault's affair.
    Lost,
    /// It was applied, and its reply comes after the client has given up.
    Late,
    /// It is under way for this much longer than its client waits, and is to be handed to [`Sandbox::land`] then.
    Slow(Duration, Request<Bytes>),
    /// It was applied, and its client dies.
    Crash,
}

/// A request as far as it is understood before it runs.
struct Arrival {
    service: Service,
    operation: String,
    params: Params,
    access_key_id: String,
    region: String,
}

impl Sandbox {
    /// Creates the world or loads it from `path`; without a path it lives in memory. The process that opened a file
    /// owns it until the last clone is gone.
    ///
    /// Errors: `world-locked` when another process owns it, `world-damaged`, `world-newer`, `world-other` when the file
    /// was made with another seed, partition or management account, `world-unwritable`.
    pub fn open(settings: Settings, path: Option<&Path>) -> Result<Sandbox, Error> {
        let (mut storage, stored) = match path {
            None => (None, None),
            Some(path) => {
                let (storage, stored) = Storage::open(path)?;
                (Some(storage), stored)
            }
        };
        let mut world = match stored {
            None => genesis::world(&settings),
            Some(world) => {
                genesis::same(&settings, &world)?;
                world
            }
        };
        genesis::declare(&settings, &mut world)?;
        if let Some(storage) = &mut storage {
            storage.save(&world).map_err(storage::unwritable)?;
        }
        world.saved();
        Ok(Sandbox::over(settings, world, None, storage))
    }

    /// A copy in memory of the world stored at `path`, which another process may own; errors as [`Sandbox::open`].
    pub fn copy(settings: Settings, path: &Path) -> Result<Sandbox, Error> {
        let mut world = storage::read(path)?;
        genesis::same(&settings, &world)?;
        genesis::declare(&settings, &mut world)?;
        let original = Original::whole(&world);
        Ok(Sandbox::over(settings, world, Some(original), None))
    }

    /// A copy in memory of the world that a first run would find; errors as [`Sandbox::open`].
    pub fn fresh_copy(settings: Settings) -> Result<Sandbox, Error> {
        let mut world = genesis::world(&settings);
        genesis::declare(&settings, &mut world)?;
        let original = Original::whole(&world);
        Ok(Sandbox::over(settings, world, Some(original), None))
    }

    /// A world in memory that stands for the AWS of this account, and is told of it as it is asked for ([`Sandbox::unknown`]).
    pub fn standing_for(settings: Settings, management: &str) -> Result<Sandbox, Error> {
        let mut world = genesis::world_of(&settings, management.to_owned());
        genesis::declare(&settings, &mut world)?;
        let original = Original::unread(&world);
        Ok(Sandbox::over(settings, world, Some(original), None))
    }

    fn over(settings: Settings, world: World, original: Option<Original>, storage: Option<Storage>) -> Sandbox {
        let (throttle, trouble) = (throttle::Buckets::default(), Trouble::default());
        let state = State { world, original, storage, throttle, trouble, requests: 0 };
        Sandbox { inner: Arc::new(Inner { settings, state: Mutex::new(state) }) }
    }

    /// The estate of a stored world, without owning it; errors as [`Sandbox::open`].
    pub fn read(path: &Path) -> Result<Estate, Error> {
        storage::read(path).map(|world| world.estate().clone())
    }

    /// How it behaves.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// A world of its own in memory that begins as this one is now, with settings of its own.
    #[must_use]
    pub fn apart(&self, settings: Settings) -> Sandbox {
        let state = self.state();
        Sandbox::over(settings, state.world.clone(), state.original.clone(), None)
    }

    /// Answers a request; none when the reply was lost on its way (a fault). Pure of time: `now` is all it knows.
    pub fn handle(&self, request: Request<Bytes>, now: Timestamp) -> Option<Response<Bytes>> {
        match self.pass(request, now, None).0 {
            Delivery::Reply(reply) => Some(reply),
            _ => None,
        }
    }

    /// As `handle`, under the faults of the settings' seed: with the one that the call met.
    pub fn deliver(&self, request: Request<Bytes>, now: Timestamp) -> (Delivery, Option<Met>) {
        self.pass(request, now, self.inner.settings.seeded.as_ref())
    }

    /// Takes in a request whose client waits no longer.
    pub fn land(&self, request: Request<Bytes>, now: Timestamp) {
        // Nobody is left to be told.
        drop(self.pass(request, now, None));
        self.state().trouble.catch_up();
    }

    /// Lets the creations come to their end that do by `now`.
    pub fn settle(&self, now: Timestamp) {
        organizations::settle(&mut self.state().world, now);
    }

    /// How often each fault of the seed was met.
    pub fn met(&self) -> BTreeMap<Seed, u64> {
        self.state().trouble.met().clone()
    }

    /// When the latest thing in it was made; the beginning of time when nothing was.
    pub fn latest(&self) -> Timestamp {
        self.state().world.latest()
    }

    /// How many requests for an account came to an account.
    pub fn accounts_made(&self) -> usize {
        self.state().world.accounts_made()
    }

    /// How many requests for an account came though another one for the same address had taken effect. Where one was delivered twice, the
    /// runner has to believe the refusal of the second delivery, and these do not count.
    pub fn accounts_asked_again(&self) -> usize {
        let State { world, trouble, .. } = &*self.state();
        world.accounts_asked_again(|email| !trouble.doubled.contains(email))
    }

    fn pass(&self, request: Request<Bytes>, now: Timestamp, seeded: Option<&Seeded>) -> (Delivery, Option<Met>) {
        let (parts, body) = request.into_parts();
        let mut state = self.state();
        state.requests += 1;
        let id = ids::request(state.world.seed(), state.requests);
        let protocol = request::protocol(&parts);
        if state.requests == 1 {
            state.world.forget_expired(now);
        }
        organizations::settle(&mut state.world, now);
        if let (Some(seeded), State { world, trouble, .. }) = (seeded, &mut *state) {
            trouble.remember(seeded, world, now);
        }
        let arrival = match state.arrive(protocol, &parts, &body, now) {
            Ok(arrival) => arrival,
            Err((service, error)) => return (Delivery::Reply(wire::failure(protocol, service, &error, &id, now)), None),
        };
        if let State { world, original: Some(original), .. } = &mut *state {
            copy::enter(world, original, arrival.service, &arrival.operation, arrival.params.text("RoleArn"));
        }
        let met = seeded.and_then(|seeded| state.meet(seeded, &arrival, now));
        if let Some(met) = met.clone().filter(Met::is_slow) {
            return (Delivery::Slow(met.delay(), Request::from_parts(parts, body)), Some(met));
        }
        let fault = match &met {
            Some(met) => met.kind(),
            None => faults::meet(&self.inner.settings.faults, &mut state.world, arrival.service, &arrival.operation),
        };
        let result = state.face(&self.inner.settings, &arrival, fault.as_ref(), now);
        let result = match (state.save(), result) {
            (Ok(()), result) => result,
            // what was done is in memory and will be written with the next call: the outcome is unknown, as with AWS
            (Err(error), _) => {
                let mut failure = faults::broken(arrival.service, 500);
                failure.message = format!("the sandbox cannot write its world: {error}; free some space and look again");
                Err(failure)
            }
        };
        let reply = match result {
            Ok(result) => wire::success(arrival.service, &arrival.operation, result, &id, now),
            Err(error) => wire::failure(arrival.service.protocol(), Some(arrival.service), &error, &id, now),
        };
        let delivery = match (&fault, &met) {
            (Some(Fault::LostReply | Fault::DropRequest), _) => Delivery::Lost,
            (_, Some(Met { fault: Seed::Late, .. })) => Delivery::Late,
            (_, Some(Met { fault: Seed::Crash, .. })) => Delivery::Crash,
            _ => Delivery::Reply(reply),
        };
        (delivery, met)
    }

    /// What the sandbox offers, in order: service as in action names (`iam`) and operation (`CreateRole`).
    pub fn operations() -> Vec<(&'static str, &'static str)> {
        let names = |service| service::all(service).map(move |operation| (Service::prefix(service), operation.name));
        let mut operations: Vec<_> = Service::ALL.into_iter().flat_map(names).collect();
        operations.sort_unstable();
        operations
    }

    /// The key of the user `admin` of the management account.
    pub fn administrator(&self) -> AccessKey {
        let state = self.state();
        genesis::key(state.world.seed(), &state.world.origin().management)
    }

    /// The key of the user `admin` of a declared standalone or foreign account; none for other accounts.
    pub fn profile_key(&self, account_id: &str) -> Option<AccessKey> {
        let state = self.state();
        let key = genesis::key(state.world.seed(), account_id);
        state.world.credential(&key.access_key_id).map(|_| key)
    }

    /// The management account's id.
    pub fn management_account(&self) -> String {
        self.state().world.origin().management.clone()
    }

    /// A copy of everything there is.
    pub fn estate(&self) -> Estate {
        self.state().world.estate().clone()
    }

    /// The code that a virtual MFA device (by serial number) shows at `now`.
    pub fn mfa_code(&self, serial: &str, now: Timestamp) -> String {
        mfa::code(&self.state().world, serial, mfa::window(now))
    }

    /// A panic while the lock is held would be a defect; the world is still whole row by row.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn arrive(
        &self,
        protocol: Protocol,
        parts: &http::request::Parts,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Arrival, (Option<Service>, AwsError)> {
        let signed = signature::authenticate(&self.world, protocol, parts, body, now).map_err(|error| (None, error))?;
        let refused = |error| (Some(signed.service), error);
        let (operation, members) = request::read(signed.service, protocol, parts, body).map_err(refused)?;
        check_source(&self.world, signed.service, &operation, &signed.access_key_id).map_err(refused)?;
        let Signed { access_key_id, service, region } = signed;
        Ok(Arrival { service, operation, params: Params::new(service.protocol(), members), access_key_id, region })
    }

    /// The call with the fault that meets it.
    fn face(&mut self, settings: &Settings, arrival: &Arrival, fault: Option<&Fault>, now: Timestamp) -> Result<Value, AwsError> {
        match fault {
            Some(Fault::Throttle) => return Err(faults::throttled(arrival.service)),
            Some(Fault::Error { code, message, status }) => return Err(AwsError::new(code, *status, message)),
            Some(Fault::Constraint { reason }) => return Err(faults::constrained(reason)),
            Some(Fault::DropRequest) => return Ok(Value::Null),
            _ => {}
        }
        let operation = service::find(arrival.service, &arrival.operation)?;
        if settings.throttle {
            let account = self.world.credential(&arrival.access_key_id).map(|known| known.caller.account.clone());
            self.throttle.take(arrival.service, operation.name, account.as_deref().unwrap_or_default(), now)?;
        }
        let failing = match fault {
            Some(Fault::CreateAccountFailure { reason }) => Some(reason.as_str()),
            _ => None,
        };
        if let Some(Fault::Stale(dice)) = fault
            && let Some(mut lent) = self.trouble.lend(*dice)
        {
            let past = &mut lent.1.1;
            let result = self.perform(settings, arrival, operation, None, Some(past), now);
            self.trouble.give_back(lent);
            if result.is_ok() {
                return result;
            }
            // A list lags behind; it does not deny what its caller stands on.
        }
        let result = self.perform(settings, arrival, operation, failing, None, now);
        match fault {
            Some(Fault::Duplicate) => {
                self.trouble.doubled.extend(arrival.params.text("Email").map(str::to_owned));
                self.perform(settings, arrival, operation, None, None, now)
            }
            Some(Fault::ErrorAfter { status }) => result.and(Err(faults::broken(arrival.service, *status))),
            _ => result,
        }
    }

    fn perform(
        &mut self,
        settings: &Settings,
        arrival: &Arrival,
        operation: &Operation,
        failing: Option<&str>,
        past: Option<&mut World>,
        now: Timestamp,
    ) -> Result<Value, AwsError> {
        let protocol = arrival.service.protocol();
        let used = Used { at: now, service: arrival.service.prefix().to_owned(), region: arrival.region.clone() };
        self.world.note_use(&arrival.access_key_id, used);
        let credential = self.world.credential(&arrival.access_key_id).ok_or_else(|| signature::unknown_key(protocol))?;
        let mut caller = credential.caller.clone();
        caller.mfa_age = credential.mfa_at.map(|at| now.as_second().saturating_sub(at.as_second()).unsigned_abs());
        let mut call = Call {
            service: arrival.service,
            operation: operation.name,
            params: &arrival.params,
            caller,
            source: credential.source,
            access_key_id: &arrival.access_key_id,
            region: &arrival.region,
            failing,
            world: &mut self.world,
            settings,
            now,
            lagged: Cell::new(false),
        };
        let allowed = service::authorise(operation, &call);
        if let Some(past) = past {
            call.world = past;
        }
        let result = allowed.and_then(|()| (operation.run)(&mut call));
        let lagged = call.lagged.get();
        if lagged && settings.seeded.is_some() {
            self.trouble.count(Seed::Lag);
        }
        result
    }

    /// What the seed has for this call.
    fn meet(&mut self, seeded: &Seeded, arrival: &Arrival, now: Timestamp) -> Option<Met> {
        let account = self.world.credential(&arrival.access_key_id)?.caller.account.clone();
        let call = (arrival.service.prefix(), arrival.operation.as_str());
        self.trouble.meet(seeded, call, &account, &arrival.params.written(), now)
    }

    fn save(&mut self) -> rusqlite::Result<()> {
        if let Some(storage) = &mut self.storage {
            storage.save(&self.world)?;
        }
        self.world.saved();
        Ok(())
    }
}

/// Credentials of GetSessionToken call only AssumeRole and GetCallerIdentity of STS, and IAM only with MFA.
fn check_source(world: &World, service: Service, operation: &str, access_key_id: &str) -> Result<(), AwsError> {
    let Some(credential) = world.credential(access_key_id).filter(|known| known.source == Source::SessionToken) else {
        return Ok(());
    };
    let taken = match service {
        Service::Iam => credential.caller.mfa == Some(true),
        // GetSessionToken says no in words of its own
        Service::Sts => matches!(operation, "AssumeRole" | "GetCallerIdentity" | "GetSessionToken"),
        Service::Organizations => true,
    };
    if taken { Ok(()) } else { Err(signature::unknown_key(service.protocol())) }
}
