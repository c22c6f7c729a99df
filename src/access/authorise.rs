//! How the layers of AWS's authorisation are put together (IAM user guide, "Policy evaluation logic").

use super::identity::{Identity, Who};
use super::layers::{self, Documents, Verdict, place};
use super::message::ROOT_ASSUMES;
use super::{Decision, Layer, Request};
use crate::estate::Estate;
use crate::policy::{Context, Query, Standing, Trusts};

/// Judges one call. An explicit deny of any layer wins. Otherwise every service control policy level must allow; a trust policy,
/// where there is one, must allow; and the caller's own policies must allow, unless a trust policy of the same account names the
/// caller itself. For AssumeRole with tags or a source identity, ask again for `sts:TagSession` and `sts:SetSourceIdentity`.
#[must_use]
pub fn authorise(estate: &Estate, request: &Request<'_>) -> Decision {
    let identity = match Identity::find(estate, request.caller) {
        Ok(identity) => identity,
        Err(reason) => return Decision::Denied { layer: Layer::Identity, explicit: false, reason },
    };
    // Works whatever the policies say (STS API reference, GetCallerIdentity).
    if request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        return Decision::Allowed { reasons: vec!["sts:GetCallerIdentity needs no permission".to_owned()] };
    }
    let context = identity.context(request);
    let judgement = Judgement { request, query: Query { action: request.action, resource: request.resource, context: &context } };
    let outcome = match identity.who {
        Who::Root => judgement.root(&identity),
        Who::User { .. } | Who::Session { .. } => judgement.principal(&identity, &context),
    };
    match outcome {
        Ok(reasons) => Decision::Allowed { reasons },
        Err(denied) => denied,
    }
}

/// The reasons gathered so far, or the denial.
type Reasons = Result<Vec<String>, Decision>;

struct Judgement<'a> {
    request: &'a Request<'a>,
    query: Query<'a>,
}

impl Judgement<'_> {
    /// The root user needs no policy; it may not assume roles, and service control policies bind it in a member account.
    fn root(&self, identity: &Identity<'_>) -> Reasons {
        if self.assumes() {
            return Err(Decision::Denied { layer: Layer::Trust, explicit: true, reason: ROOT_ASSUMES.to_owned() });
        }
        let mut reasons = self.service_control(identity)?;
        reasons.push(format!("root user of account `{}`", identity.account.id));
        Ok(reasons)
    }

    fn principal(&self, identity: &Identity<'_>, context: &Context) -> Reasons {
        let own = layers::identity(identity);
        let boundary = layers::boundary(identity);
        let session = layers::session(identity);
        let by_own = own.evaluate(&self.query);
        let by_boundary = boundary.as_ref().map(|documents| documents.evaluate(&self.query));
        let by_session = session.as_ref().map(|documents| documents.evaluate(&self.query));
        let subject = identity.subject();
        let trusts = self.request.trust.map(|trust| trust.document.trusts(&subject, self.request.action, context));

        // Explicit denies first, of all layers.
        let scp = self.service_control(identity);
        if let Err(Decision::Denied { explicit: true, .. }) = scp {
            return scp;
        }
        if let Some(Trusts::ExplicitDeny { statement }) = trusts {
            let reason = format!("{} of the trust policy of `{}` denies", place(statement), self.request.resource);
            return Err(Decision::Denied { layer: Layer::Trust, explicit: true, reason });
        }
        for (layer, verdict) in
            [(Layer::Identity, Some(&by_own)), (Layer::Boundary, by_boundary.as_ref()), (Layer::Session, by_session.as_ref())]
        {
            if let Some(Verdict::ExplicitDeny { origin, statement }) = verdict {
                let reason = format!("{} of {origin} denies", place(statement));
                return Err(Decision::Denied { layer, explicit: true, reason });
            }
        }
        // No permission is needed, though it can be denied (STS API reference, GetSessionToken).
        if self.request.action.eq_ignore_ascii_case("sts:GetSessionToken") {
            return Ok(vec!["sts:GetSessionToken needs no permission".to_owned()]);
        }

        let mut reasons = scp?;
        let standing = self.trusted(trusts, &mut reasons)?;
        let same_account = self.request.trust.is_some_and(|trust| trust.account == identity.account.id);
        // Within the account, whoever the trust policy itself names needs no policy of its own.
        let granted = if same_account { standing } else { None };
        if !matches!(granted, Some(Standing::Everyone | Standing::Role | Standing::Exact)) {
            reasons.push(self.allowed(Layer::Identity, &own, &by_own)?);
        }
        // Boundary and session policy limit the role that a trust policy names, but not the user or session that it names.
        if granted != Some(Standing::Exact) {
            if let (Some(documents), Some(verdict)) = (&boundary, &by_boundary) {
                reasons.push(self.allowed(Layer::Boundary, documents, verdict)?);
            }
            if let (Some(documents), Some(verdict)) = (&session, &by_session) {
                reasons.push(self.allowed(Layer::Session, documents, verdict)?);
            }
        }
        Ok(reasons)
    }

    fn assumes(&self) -> bool {
        self.request.trust.is_some() || self.request.action.eq_ignore_ascii_case("sts:AssumeRole")
    }

    /// Every level must allow by itself; the documents of one level count together.
    fn service_control(&self, identity: &Identity<'_>) -> Reasons {
        let mut reasons = Vec::new();
        let mut implicit = None;
        for node in layers::service_control(identity) {
            match node.documents.evaluate(&self.query) {
                Verdict::ExplicitDeny { origin, statement } => {
                    let reason = format!("{} of {origin} denies", place(statement));
                    return Err(Decision::Denied { layer: Layer::ServiceControl, explicit: true, reason });
                }
                Verdict::Allowed { origin, statement } => reasons.push(format!("{} of {origin}", place(statement))),
                Verdict::Nothing => {
                    implicit.get_or_insert_with(|| {
                        let Query { action, resource, .. } = self.query;
                        let mut reason = format!("no service control policy on `{}` allows {action} on {resource}", node.target);
                        reason.push_str(&unknown(&node.documents));
                        Decision::Denied { layer: Layer::ServiceControl, explicit: false, reason }
                    });
                }
            }
        }
        implicit.map_or(Ok(reasons), Err)
    }

    /// How the trust policy names the caller; none when the request has no trust policy and needs none.
    fn trusted(&self, trusts: Option<Trusts<'_>>, reasons: &mut Vec<String>) -> Result<Option<Standing>, Decision> {
        let Query { action, resource, .. } = self.query;
        let denied = |reason| Err(Decision::Denied { layer: Layer::Trust, explicit: false, reason });
        match trusts {
            Some(Trusts::Allowed { standing, statement }) => {
                reasons.push(format!("{} of the trust policy of `{resource}`", place(statement)));
                Ok(Some(standing))
            }
            Some(Trusts::Nothing | Trusts::ExplicitDeny { .. }) => {
                denied(format!("the trust policy of `{resource}` does not allow {action} to this caller"))
            }
            None if self.assumes() => denied(format!("there is no role `{resource}`")),
            None => Ok(None),
        }
    }

    fn allowed(&self, layer: Layer, documents: &Documents<'_>, verdict: &Verdict<'_>) -> Result<String, Decision> {
        match verdict {
            Verdict::Allowed { origin, statement } => Ok(format!("{} of {origin}", place(statement))),
            Verdict::ExplicitDeny { .. } | Verdict::Nothing => {
                let Query { action, resource, .. } = self.query;
                let reason = format!("no {layer} allows {action} on {resource}{}", unknown(documents));
                Err(Decision::Denied { layer, explicit: false, reason })
            }
        }
    }
}

/// Names the policies that could not be judged, so that a denial owed to them is not a riddle.
fn unknown(documents: &Documents<'_>) -> String {
    if documents.unknown.is_empty() {
        return String::new();
    }
    format!(" (not known here, or not in full: {})", documents.unknown.join(", "))
}
