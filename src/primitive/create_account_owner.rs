//! Whose an account is that has the wanted address.

use super::create_account::Args;
use super::create_account_request::OWNERSHIP_TAG;
use crate::aws::{Member, OrganizationView, Session};
use crate::estate::Tags;
use crate::step::{Failure, Freshness, Resolution, Way};

/// The account of the organisation that has the address, in whatever state. AWS lets an address have one account; where a lookup finds
/// two (emulators take them), both are named and none is chosen.
pub(super) fn holder(view: &OrganizationView, email: &str) -> Result<Option<Member>, Failure> {
    match view.with_email(email).as_slice() {
        [] => Ok(None),
        [member] => Ok(Some((*member).clone())),
        several => {
            let named: Vec<String> = several.iter().map(|Member { id, name, state, .. }| format!("{id} (`{name}`, {state})")).collect();
            let message = format!("{} accounts have the address `{email}`: {}; none was chosen", several.len(), named.join(", "));
            Err(Failure::needs_you("address-ambiguous", message)
                .way(Way::After("close the one that is not wanted, or give it another address".to_owned()))
                .way(Way::Without))
        }
    }
}

/// As `holder`, asked of AWS now.
pub(super) async fn holder_now(session: &Session, args: &Args) -> Result<Option<Member>, Failure> {
    let find = |view: Option<&mut OrganizationView>| view.map_or(Ok(None), |view| holder(view, &args.email));
    session.cloud().with_organization(session, Freshness::Live, find).await?
}

/// Whether the step that bears this ownership made the account, by the tag that came with its creation.
pub(super) async fn is_ours(session: &Session, account: &str, ownership: &str) -> Result<bool, Failure> {
    let tags = session.cloud().tags_of(session, account, Freshness::Live).await?;
    Ok(tags.get(OWNERSHIP_TAG).is_some_and(|owner| owner == ownership))
}

/// An account has the address, and nothing shows that our request made it: neither the request itself nor the tag.
pub(super) async fn not_proved(session: &Session, member: &Member) -> Result<Failure, Failure> {
    let tags = session.cloud().tags_of(session, &member.id, Freshness::Snapshot).await?;
    let Member { id, name, email, state, joined, .. } = member;
    let joined = joined.and_then(|joined| jiff::Timestamp::from_second(joined).ok());
    let joined = joined.map_or_else(|| "at a time AWS does not tell".to_owned(), |joined| joined.strftime("%F %TZ").to_string());
    let message = format!(
        "account {id} has the address `{email}`: `{name}`, {state}, joined {joined}, {}\n\
         Nothing shows that this step made it: no request of ours is known, and it does not bear this step's tag `{OWNERSHIP_TAG}`.",
        shown(&tags)
    );
    Ok(Failure::needs_you("ownership-unknown", message)
        .way(Way::Resolve("it is the account wanted".to_owned(), Resolution::Adopt { id: id.clone() }))
        .way(Way::Resolve("somebody else made it: look again, and go by what is there".to_owned(), Resolution::Retry))
        .way(Way::Without))
}

fn shown(tags: &Tags) -> String {
    if tags.is_empty() {
        return "without tags".to_owned();
    }
    let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("tags {}", tags.join(", "))
}

/// Whether the account that a person names is the one wanted: of the organisation, open, with the address.
pub(super) async fn adopt(session: &Session, args: &Args, id: &str) -> Result<(), Failure> {
    let find = |view: Option<&mut OrganizationView>| view.and_then(|view| view.accounts.get(id).cloned());
    let member = session.cloud().with_organization(session, Freshness::Live, find).await?;
    let difference = match &member {
        None => format!("no account `{id}` is in the organisation"),
        Some(member) if !member.email.eq_ignore_ascii_case(&args.email) => {
            format!("account {id} (`{}`) has the address `{}`, not `{}`", member.name, member.email, args.email)
        }
        Some(member) if !super::organizations::is_open(member) => format!("account {id} (`{}`) is {}", member.name, member.state),
        Some(_) => return Ok(()),
    };
    Err(Failure::needs_you("not-the-one", format!("it was said that this step made account {id}, but {difference}; nothing was done"))
        .way(Way::Resolve("it is another one".to_owned(), Resolution::Adopt { id: "ID".to_owned() }))
        .way(Way::Resolve("it made none".to_owned(), Resolution::Retry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, email: &str) -> (String, Member) {
        let member = Member {
            id: id.into(),
            name: format!("name-{id}"),
            email: email.into(),
            arn: String::new(),
            state: "ACTIVE".into(),
            joined: None,
        };
        (id.to_owned(), member)
    }

    #[test]
    fn of_two_accounts_with_one_address_none_is_chosen() {
        let mut view = OrganizationView {
            accounts: [member("1", "Dev@example.com"), member("2", "prod@example.com")].into(),
            ..OrganizationView::default()
        };
        assert_eq!(holder(&view, "dev@example.com").unwrap().unwrap().id, "1");
        assert_eq!(holder(&view, "new@example.com").unwrap(), None);
        view.accounts.extend([member("3", "dev@example.com")]);
        let failure = holder(&view, "dev@example.com").unwrap_err();
        assert_eq!(failure.code, "address-ambiguous");
        assert!(failure.message.contains("1 (`name-1`, ACTIVE), 3 (`name-3`, ACTIVE); none was chosen"), "{}", failure.message);
    }

    #[test]
    fn tags_are_shown() {
        assert_eq!(shown(&Tags::new()), "without tags");
        assert_eq!(shown(&Tags::from([("a".into(), "1".into()), ("b".into(), "2".into())])), "tags a=1, b=2");
    }
}
