//! The functions a playbook can call, by name, for messages: how each is written, and which name may have been meant.

use super::functions::FUNCTIONS;
use crate::primitive::Spec;
use crate::primitive::list;

/// Every name a host function or a primitive has.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name).chain(list::all().iter().map(|spec| spec.name))
}

pub(super) fn primitive(name: &str) -> Option<&'static Spec> {
    list::all().iter().find(|spec| spec.name == name)
}

/// How a function is called: `s.create_role(name, #{trust, path, …})`.
pub(super) fn usage(name: &str) -> Option<String> {
    let function = FUNCTIONS.iter().find(|function| function.name == name).map(|function| format!("`{}`", function.signature));
    function.or_else(|| primitive(name).map(|spec| format!("`{}`", signature(spec))))
}

pub(super) fn signature(spec: &Spec) -> String {
    let options: Vec<&str> = spec.options.iter().map(|option| option.name).collect();
    let mut arguments: Vec<String> = spec.positional.iter().map(|name| (*name).to_owned()).collect();
    if !options.is_empty() {
        arguments.push(format!("#{{{}}}", options.join(", ")));
    }
    let receiver = match spec.receiver {
        crate::primitive::Receiver::Management => "org",
        crate::primitive::Receiver::Session => "s",
    };
    format!("{receiver}.{}({})", spec.name, arguments.join(", "))
}
