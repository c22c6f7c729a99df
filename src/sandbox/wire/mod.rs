//! AWS's two protocols in use here: awsQuery (IAM, STS) and awsJson 1.1 (Organizations).

mod form;
mod protocol;
mod reply;
mod xml;

pub(crate) use form::{decode, pairs};
pub(crate) use protocol::{Protocol, Service, epoch, iso};
pub(crate) use reply::{failure, success};
