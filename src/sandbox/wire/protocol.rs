//! Services, their protocols, and how each writes a time.

use jiff::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Query,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    Iam,
    Sts,
    Organizations,
}

impl Service {
    pub(crate) const ALL: [Service; 3] = [Service::Iam, Service::Organizations, Service::Sts];

    /// By the signing name in the credential scope.
    pub(crate) fn signing(name: &str) -> Option<Service> {
        match name {
            "iam" => Some(Service::Iam),
            "sts" => Some(Service::Sts),
            "organizations" => Some(Service::Organizations),
            _ => None,
        }
    }

    /// The prefix of the service's actions, which is its signing name too.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Service::Iam => "iam",
            Service::Sts => "sts",
            Service::Organizations => "organizations",
        }
    }

    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Service::Iam | Service::Sts => Protocol::Query,
            Service::Organizations => Protocol::Json,
        }
    }

    /// `Version` of the service model.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Service::Iam => "2010-05-08",
            Service::Sts => "2011-06-15",
            Service::Organizations => "2016-11-28",
        }
    }

    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Service::Organizations => "",
        }
    }
}

/// `2026-01-02T03:04:05Z`, as awsQuery writes times.
pub(crate) fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Seconds since 1970 with milliseconds, as awsJson writes times.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 need 41 bits")]
pub(crate) fn epoch(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}
