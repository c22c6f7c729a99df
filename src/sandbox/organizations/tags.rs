//! Tags of accounts, the root, units and policies.

use super::directory::{account, arn, constraint, exception, managed, managed_mut, on, target};
use crate::estate::Tags;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};

/// Tags a resource may have.
const LIMIT: usize = 50;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "TagResource",
        needs: |call| {
            let tags = call.params.tags("Tags")?;
            Ok(vec![Need::on(arn(call.world, call.params.required("ResourceId")?)).request_tags(&tags)])
        },
        run: tag,
    },
    Operation { name: "UntagResource", needs: |call| on(call, "ResourceId"), run: untag },
    Operation { name: "ListTagsForResource", needs: |call| on(call, "ResourceId"), run: list },
];

/// The tags of the resource in `ResourceId`.
fn tags(call: &Call) -> Result<(String, Tags), AwsError> {
    let organization = managed(call)?;
    let id = call.params.required("ResourceId")?;
    let tags = match account(call.world, id) {
        Ok(account) => account.tags.clone(),
        Err(_) if target(call.world, organization, id).is_some() || organization.policies.contains_key(id) => {
            organization.tags.get(id).cloned().unwrap_or_default()
        }
        Err(_) => {
            return Err(exception("TargetNotFoundException", "You specified a target that doesn't exist."));
        }
    };
    Ok((id.to_owned(), tags))
}

fn store(call: &mut Call, id: String, tags: Tags) -> Result<(), AwsError> {
    if account(call.world, &id).is_ok() {
        if let Some(account) = call.world.account_mut(&id) {
            account.tags = tags;
        }
        return Ok(());
    }
    let all = &mut managed_mut(call)?.tags;
    if tags.is_empty() {
        all.remove(&id);
    } else {
        all.insert(id, tags);
    }
    Ok(())
}

fn tag(call: &mut Call) -> Result<Value, AwsError> {
    let (id, mut tags) = tags(call)?;
    tags.extend(call.params.tags("Tags")?);
    if tags.len() > LIMIT {
        return Err(constraint("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed on this resource."));
    }
    store(call, id, tags)?;
    Ok(Value::Null)
}

fn untag(call: &mut Call) -> Result<Value, AwsError> {
    let (id, mut tags) = tags(call)?;
    for key in call.params.texts("TagKeys")? {
        tags.remove(key);
    }
    store(call, id, tags)?;
    Ok(Value::Null)
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let (_, tags) = tags(call)?;
    let items = tags.into_iter().map(|(key, value)| {
        let item = json!({ "Key": key, "Value": value });
        (key, item)
    });
    Ok(call.results(items)?.into_organizations("Tags"))
}
