//! AWS's published Organizations rates, as token buckets per account and operation.

use super::error::AwsError;
use super::faults::throttled;
use super::wire::Service;
use jiff::Timestamp;
use std::collections::HashMap;

/// Calls a second and burst of an operation (AWS Organizations quotas page); none when no rate is published.
fn rate(operation: &str) -> Option<(f64, f64)> {
    Some(match operation {
        "CreateAccount" => (0.1, 3.0),
        "CloseAccount" => (0.05, 1.0),
        "DescribeCreateAccountStatus"
        | "CreatePolicy"
        | "UpdatePolicy"
        | "DeletePolicy"
        | "AttachPolicy"
        | "DetachPolicy"
        | "MoveAccount"
        | "UpdateOrganizationalUnit"
        | "DeleteOrganizationalUnit" => {
            if operation == "DescribeCreateAccountStatus" {
                (2.0, 2.0)
            } else {
                (2.0, 3.0)
            }
        }
        "ListCreateAccountStatus" | "ListParents" | "ListAccountsForParent" | "ListOrganizationalUnitsForParent" => (5.0, 8.0),
        "DescribeAccount" => (20.0, 30.0),
        "TagResource" => (4.0, 6.0),
        "ListTagsForResource" => (10.0, 15.0),
        "ListAccounts" => (8.0, 12.0),
        "ListChildren" => (6.0, 10.0),
        "ListRoots" | "CreateOrganizationalUnit" | "DescribeOrganization" => (1.0, 2.0),
        "EnablePolicyType" | "DisablePolicyType" | "CreateOrganization" => (1.0, 1.0),
        _ => return None,
    })
}

/// Tokens left and when they were counted, by account and operation.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    left: HashMap<(String, &'static str), (f64, Timestamp)>,
}

impl Buckets {
    /// Takes a token, or refuses the call.
    pub(crate) fn take(&mut self, service: Service, operation: &'static str, account: &str, now: Timestamp) -> Result<(), AwsError> {
        let Some((rate, burst)) = (service == Service::Organizations).then(|| rate(operation)).flatten() else {
            return Ok(());
        };
        let (left, since) = self.left.entry((account.to_owned(), operation)).or_insert((burst, now));
        let elapsed = now.duration_since(*since).as_secs_f64().max(0.0);
        *left = (*left + elapsed * rate).min(burst);
        *since = now;
        if *left < 1.0 {
            return Err(throttled(service));
        }
        *left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_rate() {
        let mut buckets = Buckets::default();
        let mut take = |second| {
            let now = Timestamp::from_second(second).expect("a time");
            buckets.take(Service::Organizations, "CreateAccount", "1", now).is_ok()
        };
        assert_eq!([take(0), take(0), take(0), take(0), take(9), take(10), take(10)], [true, true, true, false, false, true, false]);
    }
}
