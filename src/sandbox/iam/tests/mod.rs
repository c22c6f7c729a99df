//! IAM through the real wire: signed forms in, XML out.

mod account;
mod authorisation;
mod credentials;
mod details;
mod groups;
mod policies;
mod roles;
mod table;
mod trust;
mod users;
