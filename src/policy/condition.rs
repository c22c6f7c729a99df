//! Condition operators: how each compares, and what a missing key means.

use super::context::Context;
use super::pattern::{Pattern, Syntax};
use super::statement::Effect;
use core::net::IpAddr;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::cmp::Ordering;

/// The operators without prefix, suffix and `Not`, for messages and suggestions.
pub(super) const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    String,
    StringIgnoreCase,
    StringLike,
    /// ArnEquals and ArnLike are the same: both take wildcards.
    Arn,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    Null,
}

/// Request value against policy value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn fits(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    All,
    Any,
}

/// `ForAnyValue:StringNotLikeIfExists`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    quantifier: Option<Quantifier>,
    pub(super) comparison: Comparison,
    negated: bool,
    if_exists: bool,
}

impl Operator {
    /// None for a name that AWS does not know.
    pub(super) fn parse(name: &str) -> Option<Operator> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Some(Quantifier::All), rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Some(Quantifier::Any), rest)
        } else {
            (None, name)
        };
        let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        let (comparison, negated) = comparison(base)?;
        if comparison == Comparison::Null && if_exists {
            return None;
        }
        Some(Operator { quantifier, comparison, negated, if_exists })
    }
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    Some(match name {
        "StringEquals" => (Comparison::String, false),
        "StringNotEquals" => (Comparison::String, true),
        "StringEqualsIgnoreCase" => (Comparison::StringIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::StringIgnoreCase, true),
        "StringLike" => (Comparison::StringLike, false),
        "StringNotLike" => (Comparison::StringLike, true),
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "Bool" => (Comparison::Bool, false),
        "BinaryEquals" => (Comparison::Binary, false),
        "IpAddress" => (Comparison::IpAddress, false),
        "NotIpAddress" => (Comparison::IpAddress, true),
        "Null" => (Comparison::Null, false),
        _ => {
            let ordered = |rest: &str| {
                Some(match rest {
                    "Equals" => (Order::Equal, false),
                    "NotEquals" => (Order::Equal, true),
                    "LessThan" => (Order::Less, false),
                    "LessThanEquals" => (Order::LessOrEqual, false),
                    "GreaterThan" => (Order::Greater, false),
                    "GreaterThanEquals" => (Order::GreaterOrEqual, false),
                    _ => return None,
                })
            };
            if let Some(rest) = name.strip_prefix("Numeric") {
                let (order, negated) = ordered(rest)?;
                (Comparison::Numeric(order), negated)
            } else {
                let (order, negated) = ordered(name.strip_prefix("Date")?)?;
                (Comparison::Date(order), negated)
            }
        }
    })
}

/// One operator on one key. All conditions of a statement must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The operator as written.
    pub operator: String,
    /// The key as written.
    pub key: String,
    key_folded: String,
    /// None when the operator is not known: the condition then never lets an Allow through and never weakens a Deny.
    parsed: Option<Operator>,
    values: Vec<Expected>,
}

/// A value of the policy, in the form its operator compares.
#[derive(Clone, Debug, PartialEq)]
enum Expected {
    Text(Pattern),
    /// None when the text is no ARN pattern; a lone `*` is any ARN.
    Arn(Pattern, Option<Box<[Pattern; 6]>>),
    Number(Option<f64>),
    Date(Option<Timestamp>),
    Bool(Option<bool>),
    Network(Option<Network>),
}

/// The conditions of a `Condition` block; what is not a block of blocks is left out.
pub(super) fn read(block: Option<&Value>, variables: bool) -> Vec<Condition> {
    let Some(operators) = block.and_then(Value::as_object) else { return Vec::new() };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let parsed = Operator::parse(operator);
            let texts: Vec<String> = match values {
                Value::Array(list) => list.iter().filter_map(scalar).collect(),
                other => scalar(other).into_iter().collect(),
            };
            let values = parsed.map_or_else(Vec::new, |known| texts.iter().map(|text| Expected::read(known, text, variables)).collect());
            conditions.push(Condition {
                operator: operator.clone(),
                key: key.clone(),
                key_folded: key.to_ascii_lowercase(),
                parsed,
                values,
            });
        }
    }
    conditions
}

/// A string, number or Boolean as the text that AWS compares.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Condition {
    /// Whether the condition holds for the request. Missing keys are as AWS has them: `Null` asks for them, `…IfExists` and
    /// `ForAllValues` hold without them, a negated operator holds, every other one does not.
    pub(super) fn holds(&self, context: &Context, effect: Effect) -> bool {
        let Some(operator) = self.parsed else { return effect == Effect::Deny };
        let actual = context.get(&self.key_folded).unwrap_or_default();
        if operator.comparison == Comparison::Null {
            return self.values.contains(&Expected::Bool(Some(actual.is_empty())));
        }
        if actual.is_empty() {
            return match operator.quantifier {
                Some(Quantifier::All) => true,
                Some(Quantifier::Any) => operator.if_exists,
                None => operator.if_exists || operator.negated,
            };
        }
        let equal = |text: &String| self.values.iter().any(|value| value.fits(operator.comparison, text, context));
        match operator.quantifier {
            Some(Quantifier::All) => actual.iter().all(|text| equal(text) != operator.negated),
            Some(Quantifier::Any) => actual.iter().any(|text| equal(text) != operator.negated),
            None => actual.iter().any(equal) != operator.negated,
        }
    }
}

impl Expected {
    fn read(operator: Operator, text: &str, variables: bool) -> Expected {
        match operator.comparison {
            Comparison::String | Comparison::StringIgnoreCase => Expected::Text(Pattern::new(text, Syntax { wildcards: false, variables })),
            Comparison::Binary => Expected::Text(Pattern::new(text, Syntax { wildcards: false, variables: false })),
            Comparison::StringLike => Expected::Text(Pattern::new(text, Syntax { wildcards: true, variables })),
            Comparison::Arn => {
                let pattern = Pattern::new(text, Syntax { wildcards: true, variables });
                let parts = pattern.arn_parts().map(Box::new);
                Expected::Arn(pattern, parts)
            }
            Comparison::Numeric(_) => Expected::Number(number(text)),
            Comparison::Date(_) => Expected::Date(date(text)),
            Comparison::Bool | Comparison::Null => Expected::Bool(boolean(text)),
            Comparison::IpAddress => Expected::Network(Network::parse(text)),
        }
    }

    fn fits(&self, comparison: Comparison, actual: &str, context: &Context) -> bool {
        match self {
            Expected::Text(pattern) if comparison == Comparison::StringIgnoreCase => pattern.matches_any_case(actual, context),
            Expected::Text(pattern) => pattern.matches(actual, context),
            Expected::Arn(pattern, parts) => match parts {
                Some(parts) => arn_fits(parts, actual, context),
                None => pattern.text() == "*",
            },
            Expected::Number(wanted) => {
                let order = number(actual).zip(*wanted).and_then(|(actual, wanted)| actual.partial_cmp(&wanted));
                matches!((comparison, order), (Comparison::Numeric(wanted), Some(order)) if wanted.fits(order))
            }
            Expected::Date(wanted) => {
                let order = date(actual).zip(*wanted).map(|(actual, wanted)| actual.cmp(&wanted));
                matches!((comparison, order), (Comparison::Date(wanted), Some(order)) if wanted.fits(order))
            }
            Expected::Bool(wanted) => wanted.is_some() && boolean(actual) == *wanted,
            Expected::Network(network) => {
                network.zip(actual.parse().ok()).is_some_and(|(network, address): (Network, IpAddr)| network.contains(address))
            }
        }
    }
}

/// Each of the six parts is compared by itself, so a wildcard never reaches over a colon.
fn arn_fits(parts: &[Pattern; 6], actual: &str, context: &Context) -> bool {
    let mut actual = actual.splitn(6, ':');
    parts.iter().all(|part| actual.next().is_some_and(|text| part.matches(text, context)))
}

pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// W3C date-times (a date alone is its midnight, a time without offset is UTC) and seconds since 1970.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    if let Some(seconds) = number(text) {
        let elapsed = SignedDuration::try_from_secs_f64(seconds).ok()?;
        return Timestamp::from_duration(elapsed).ok();
    }
    let civil = |date: DateTime| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
    match text.parse::<Timestamp>() {
        Ok(instant) => Some(instant),
        Err(_) => text
            .parse::<DateTime>()
            .ok()
            .and_then(civil)
            .or_else(|| text.parse::<Date>().ok().and_then(|date| civil(date.to_datetime(jiff::civil::Time::midnight())))),
    }
}

/// `203.0.113.0/24`, `2001:db8::/32`; a bare address is itself alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    pub(super) fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse::<IpAddr>().ok()?, Some(prefix.parse().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Network { address, prefix })
    }

    fn contains(self, address: IpAddr) -> bool {
        let (ours, theirs, bits) = match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => (u128::from(ours.to_bits()), u128::from(theirs.to_bits()), 32),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits(), theirs.to_bits(), 128),
            _ => return false,
        };
        // A shift by the whole width (prefix 0) is no shift at all in Rust: such a network holds every address.
        (ours ^ theirs).checked_shr(bits - self.prefix).unwrap_or(0) == 0
    }
}
