//! What the operations of Organizations share: who may call, ids to ARNs, who stands where in the tree.

use crate::estate::{Account, Organization};
use crate::sandbox::authorise::denied;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::Need;
use crate::sandbox::wire::Protocol;
use crate::sandbox::world::World;

/// An error with one of Organizations' exceptions; all of them are HTTP 400.
pub(crate) fn exception(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(code, 400, message)
}

/// ConstraintViolationException; `reason` is a value of ConstraintViolationExceptionReason.
pub(crate) fn constraint(reason: &str, message: impl Into<String>) -> AwsError {
    exception("ConstraintViolationException", message).reason(reason)
}

/// The organisation the caller's account is in.
pub(crate) fn member<'a>(call: &'a Call) -> Result<&'a Organization, AwsError> {
    let inside = call.account()?.parent.is_some();
    call.world
        .organization()
        .filter(|_| inside)
        .ok_or_else(|| exception("AWSOrganizationsNotInUseException", "Your account is not a member of an organization."))
}

/// The organisation, for the operations that only its management account may call.
pub(crate) fn managed<'a>(call: &'a Call) -> Result<&'a Organization, AwsError> {
    let organization = member(call)?;
    if organization.management == call.caller.account {
        Ok(organization)
    } else {
        Err(denied(Protocol::Json, "You don't have permissions to access this resource."))
    }
}

/// The organisation to be changed, after [`managed`] said yes.
pub(crate) fn managed_mut<'a>(call: &'a mut Call) -> Result<&'a mut Organization, AwsError> {
    managed(call)?;
    call.world
        .organization_mut()
        .ok_or_else(|| exception("AWSOrganizationsNotInUseException", "Your account is not a member of an organization."))
}

/// Needs the operation's own action on everything.
#[expect(clippy::unnecessary_wraps, reason = "stands in operation tables")]
pub(crate) fn on_all(_: &Call) -> Result<Vec<Need>, AwsError> {
    Ok(vec![Need::on("*")])
}

/// Needs the operation's own action on the object whose id stands in a parameter.
pub(crate) fn on(call: &Call, parameter: &str) -> Result<Vec<Need>, AwsError> {
    let id = call.params.required(parameter)?;
    Ok(vec![Need::on(arn(call.world, id))])
}

/// The ARN of anything in an organisation by its id; `*` when there is no organisation.
pub(crate) fn arn(world: &World, id: &str) -> String {
    let Some(organization) = world.organization() else { return "*".to_owned() };
    let partition = world.partition();
    if id == FULL_AWS_ACCESS {
        return format!("arn:{partition}:organizations::aws:policy/service_control_policy/{id}");
    }
    let own = &organization.id;
    let resource = if id == own {
        format!("organization/{own}")
    } else if id.starts_with("r-") {
        format!("root/{own}/{id}")
    } else if id.starts_with("ou-") {
        format!("ou/{own}/{id}")
    } else if id.starts_with("p-") {
        format!("policy/{own}/service_control_policy/{id}")
    } else {
        format!("account/{own}/{id}")
    };
    format!("arn:{partition}:organizations::{}:{resource}", organization.management)
}

/// The id of AWS's own service control policy, which allows everything.
pub(crate) const FULL_AWS_ACCESS: &str = "p-FullAWSAccess";

/// Whether service control policies are switched on: something is attached to the root then.
pub(crate) fn scp_enabled(organization: &Organization) -> bool {
    organization.attachments.contains_key(&organization.root)
}

/// Whether this is the root or a unit.
pub(crate) fn is_parent(organization: &Organization, id: &str) -> bool {
    organization.root == id || organization.units.contains_key(id)
}

/// `ROOT` or `ORGANIZATIONAL_UNIT`.
pub(crate) fn parent_type(id: &str) -> &'static str {
    if id.starts_with("r-") { "ROOT" } else { "ORGANIZATIONAL_UNIT" }
}

/// The root or unit in that parameter.
pub(crate) fn parent<'a>(call: &'a Call, organization: &Organization) -> Result<&'a str, AwsError> {
    let id = call.params.required("ParentId")?;
    if is_parent(organization, id) {
        return Ok(id);
    }
    Err(exception("ParentNotFoundException", "You specified parent that doesn't exist."))
}

/// The account of the organisation with that id.
pub(crate) fn account<'a>(world: &'a World, id: &str) -> Result<&'a Account, AwsError> {
    world
        .account(id)
        .filter(|account| account.parent.is_some())
        .ok_or_else(|| exception("AccountNotFoundException", "You specified an account that doesn't exist."))
}

/// The accounts of the organisation, by id.
pub(crate) fn members(world: &World) -> impl Iterator<Item = &Account> {
    world.estate().accounts.values().filter(|account| account.parent.is_some())
}

/// Something a policy can be attached to: its name, and `ROOT`, `ORGANIZATIONAL_UNIT` or `ACCOUNT`.
pub(crate) fn target(world: &World, organization: &Organization, id: &str) -> Option<(String, &'static str)> {
    if id == organization.root {
        return Some(("Root".to_owned(), "ROOT"));
    }
    if let Some(unit) = organization.units.get(id) {
        return Some((unit.name.clone(), "ORGANIZATIONAL_UNIT"));
    }
    account(world, id).ok().map(|account| (account.name.clone(), "ACCOUNT"))
}
