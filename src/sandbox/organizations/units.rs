//! Organisational units.

use super::directory::{FULL_AWS_ACCESS, arn, constraint, exception, managed, managed_mut, members, on, parent, scp_enabled};
use crate::estate::{Organization, Unit};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::ids;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Units an organisation may have, and levels below the root (AWS Organizations quotas page).
const UNITS: usize = 2000;
const DEPTH: usize = 5;

const UNIT: &str = "OrganizationalUnitId";

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreateOrganizationalUnit",
        needs: |call| {
            let tags = call.params.tags("Tags")?;
            Ok(vec![Need::on(arn(call.world, call.params.required("ParentId")?)).request_tags(&tags)])
        },
        run: create,
    },
    Operation { name: "DescribeOrganizationalUnit", needs: |call| on(call, UNIT), run: describe },
    Operation { name: "UpdateOrganizationalUnit", needs: |call| on(call, UNIT), run: update },
    Operation { name: "DeleteOrganizationalUnit", needs: |call| on(call, UNIT), run: delete },
    Operation { name: "ListOrganizationalUnitsForParent", needs: |call| on(call, "ParentId"), run: list_for_parent },
];

fn shape(world: &World, id: &str, unit: &Unit) -> Value {
    json!({ "Id": id, "Arn": arn(world, id), "Name": unit.name })
}

fn name(call: &Call) -> Result<String, AwsError> {
    let name = call.params.required("Name")?;
    if (1..=128).contains(&name.chars().count()) {
        return Ok(name.to_owned());
    }
    Err(AwsError::invalid_input("MAX_LENGTH_EXCEEDED", "`Name` has 1 to 128 characters"))
}

fn unit<'a>(call: &'a Call) -> Result<(&'a str, &'a Unit), AwsError> {
    let id = call.params.required(UNIT)?;
    let unit = managed(call)?
        .units
        .get(id)
        .ok_or_else(|| exception("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist."))?;
    Ok((id, unit))
}

/// No two units of one parent have the same name.
fn unique(organization: &Organization, parent: &str, name: &str) -> Result<(), AwsError> {
    if organization.units.values().any(|unit| unit.parent == parent && unit.name == name) {
        return Err(exception("DuplicateOrganizationalUnitException", "An organizational unit with the same name already exists."));
    }
    Ok(())
}

/// Levels between a parent and the root.
fn depth(organization: &Organization, parent: &str) -> usize {
    std::iter::successors(organization.units.get(parent), |unit| organization.units.get(&unit.parent)).count()
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let parent = parent(call, organization)?.to_owned();
    let name = name(call)?;
    let tags = call.params.tags("Tags")?;
    unique(organization, &parent, &name)?;
    if depth(organization, &parent) >= DEPTH {
        return Err(constraint("OU_DEPTH_LIMIT_EXCEEDED", "You attempted to create an OU tree that is too many levels deep."));
    }
    if organization.units.len() >= UNITS {
        return Err(constraint(
            "OU_NUMBER_LIMIT_EXCEEDED",
            "You attempted to exceed the number of OUs that you can have in an organization.",
        ));
    }
    let seed = call.world.seed();
    let suffix = organization.root.trim_start_matches("r-");
    let id = (0..u32::MAX)
        .map(|attempt| format!("ou-{suffix}-{}", ids::lower(seed, 8, &["unit", &parent, &name, &attempt.to_string()])))
        .find(|id| !organization.units.contains_key(id))
        .ok_or_else(|| exception("ServiceException", "no id is left for this unit"))?;
    let enabled = scp_enabled(organization);
    let unit = Unit { name, parent };
    let reply = json!({ "OrganizationalUnit": shape(call.world, &id, &unit) });
    let organization = managed_mut(call)?;
    if enabled {
        organization.attachments.insert(id.clone(), BTreeSet::from([FULL_AWS_ACCESS.to_owned()]));
    }
    if !tags.is_empty() {
        organization.tags.insert(id.clone(), tags);
    }
    organization.units.insert(id, unit);
    Ok(reply)
}

fn describe(call: &mut Call) -> Result<Value, AwsError> {
    let (id, unit) = unit(call)?;
    Ok(json!({ "OrganizationalUnit": shape(call.world, id, unit) }))
}

fn update(call: &mut Call) -> Result<Value, AwsError> {
    let (id, unit) = unit(call)?;
    let id = id.to_owned();
    if call.params.text("Name").is_some_and(|name| name != unit.name) {
        let name = name(call)?;
        unique(managed(call)?, &unit.parent, &name)?;
        if let Some(unit) = managed_mut(call)?.units.get_mut(&id) {
            unit.name = name;
        }
    }
    describe(call)
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let (id, _) = unit(call)?;
    let id = id.to_owned();
    let holds_units = managed(call)?.units.values().any(|unit| unit.parent == id);
    if holds_units || members(call.world).any(|account| account.parent.as_ref() == Some(&id)) {
        return Err(exception(
            "OrganizationalUnitNotEmptyException",
            "You can't delete an organizational unit that contains accounts or other organizational units.",
        ));
    }
    let organization = managed_mut(call)?;
    organization.units.remove(&id);
    organization.attachments.remove(&id);
    organization.tags.remove(&id);
    Ok(Value::Null)
}

fn list_for_parent(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let parent = parent(call, organization)?;
    let inside = organization.units.iter().filter(|(_, unit)| unit.parent == parent);
    let items = inside.map(|(id, unit)| (id.clone(), shape(call.world, id, unit)));
    Ok(call.results(items)?.into_organizations("OrganizationalUnits"))
}
