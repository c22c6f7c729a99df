//! Accounts and their places in the tree.

use super::directory::{account, arn, constraint, exception, is_parent, managed, members, on, on_all, parent, parent_type};
use crate::estate::{Account, AccountState};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::Operation;
use crate::sandbox::wire::epoch;
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "ListAccounts", needs: on_all, run: list_accounts },
    Operation { name: "ListAccountsForParent", needs: |call| on(call, "ParentId"), run: list_accounts_for_parent },
    Operation { name: "DescribeAccount", needs: |call| on(call, "AccountId"), run: describe_account },
    Operation { name: "ListParents", needs: |call| on(call, "ChildId"), run: list_parents },
    Operation { name: "ListChildren", needs: |call| on(call, "ParentId"), run: list_children },
    Operation { name: "MoveAccount", needs: |call| on(call, "AccountId"), run: move_account },
    Operation { name: "CloseAccount", needs: |call| on(call, "AccountId"), run: close_account },
];

/// An account as Organizations shows it, with the retired `Status` beside `State`.
fn shape(call: &Call, account: &Account) -> Value {
    let joined = call.world.extras(&account.id).and_then(|extras| extras.joined);
    let invited = account.id == call.world.origin().management;
    let status = match account.state {
        AccountState::PendingActivation | AccountState::Active => AccountState::Active,
        AccountState::PendingClosure => AccountState::PendingClosure,
        AccountState::Suspended | AccountState::Closed => AccountState::Suspended,
    };
    json!({
        "Id": account.id,
        "Arn": arn(call.world, &account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": status,
        "State": account.state,
        "JoinedMethod": if invited { "INVITED" } else { "CREATED" },
        "JoinedTimestamp": joined.map(epoch),
    })
}

fn list_accounts(call: &mut Call) -> Result<Value, AwsError> {
    managed(call)?;
    let page = call.results(members(call.world).map(|account| (account.id.clone(), account)))?;
    Ok(page.map(|account| shape(call, account)).into_organizations("Accounts"))
}

fn list_accounts_for_parent(call: &mut Call) -> Result<Value, AwsError> {
    let parent = parent(call, managed(call)?)?;
    let inside = members(call.world).filter(|account| account.parent.as_deref() == Some(parent));
    let page = call.results(inside.map(|account| (account.id.clone(), account)))?;
    Ok(page.map(|account| shape(call, account)).into_organizations("Accounts"))
}

fn describe_account(call: &mut Call) -> Result<Value, AwsError> {
    managed(call)?;
    let account = account(call.world, call.params.required("AccountId")?)?;
    Ok(json!({ "Account": shape(call, account) }))
}

fn list_parents(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let child = call.params.required("ChildId")?;
    let parent = match organization.units.get(child) {
        Some(unit) => Some(unit.parent.as_str()),
        None => account(call.world, child).ok().and_then(|account| account.parent.as_deref()),
    };
    let parent = parent.ok_or_else(|| exception("ChildNotFoundException", "You specified a child that doesn't exist."))?;
    let item = json!({ "Id": parent, "Type": parent_type(parent) });
    Ok(call.results(std::iter::once((parent.to_owned(), item)))?.into_organizations("Parents"))
}

fn list_children(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let parent = parent(call, organization)?;
    let kind = call.params.required("ChildType")?;
    let ids: Vec<&String> = match kind {
        "ACCOUNT" => members(call.world).filter(|account| account.parent.as_deref() == Some(parent)).map(|account| &account.id).collect(),
        "ORGANIZATIONAL_UNIT" => organization.units.iter().filter(|(_, unit)| unit.parent == parent).map(|(id, _)| id).collect(),
        _ => {
            return Err(AwsError::invalid_input("INVALID_ENUM", "`ChildType` must be ACCOUNT or ORGANIZATIONAL_UNIT"));
        }
    };
    let items = ids.into_iter().map(|id| (id.clone(), json!({ "Id": id, "Type": kind })));
    Ok(call.results(items)?.into_organizations("Children"))
}

fn move_account(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let id = call.params.required("AccountId")?.to_owned();
    let source = call.params.required("SourceParentId")?;
    let destination = call.params.required("DestinationParentId")?.to_owned();
    let account = account(call.world, &id)?;
    if !is_parent(organization, &destination) {
        return Err(exception("DestinationParentNotFoundException", "You specified a destination parent that doesn't exist."));
    }
    if account.parent.as_ref() == Some(&destination) {
        return Err(exception("DuplicateAccountException", "The account is already present in the specified destination."));
    }
    if account.parent.as_deref() != Some(source) {
        return Err(exception("SourceParentNotFoundException", "You specified a source parent that the account isn't in."));
    }
    if let Some(account) = call.world.account_mut(&id) {
        account.parent = Some(destination);
    }
    Ok(Value::Null)
}

/// Goes to `SUSPENDED` at once: the sandbox leaves out `PENDING_CLOSURE`.
fn close_account(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let id = call.params.required("AccountId")?.to_owned();
    if id == organization.management {
        return Err(constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "You can't close the management account."));
    }
    if account(call.world, &id)?.state != AccountState::Active {
        return Err(exception("AccountAlreadyClosedException", "You attempted to close an account that is already closed."));
    }
    if let Some(account) = call.world.account_mut(&id) {
        account.state = AccountState::Suspended;
    }
    Ok(Value::Null)
}
