//! Progress without a terminal: a line per finished step, and a heartbeat when nothing was said for a while.

use super::plain::plain;
use super::tally::UnderWay;
use super::terminal::print_error;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Silence after which a heartbeat is due.
const SILENCE: Duration = Duration::from_secs(30);
/// Steps a heartbeat names.
const NAMED: usize = 3;

/// Prints lines; its heartbeat ends when it is dropped.
pub(super) struct Lines {
    spoke: Sender<()>,
}

impl Lines {
    /// `beat` gives the heartbeat's text; none when there is nothing to say.
    pub(super) fn new(beat: impl Fn() -> Option<String> + Send + 'static) -> Lines {
        let (spoke, heard) = channel();
        thread::spawn(move || watch(&heard, &beat));
        Lines { spoke }
    }

    pub(super) fn print(&self, text: &str) {
        print_error(text);
        // The watcher lives as long as this sender.
        let _ = self.spoke.send(());
    }
}

fn watch(heard: &Receiver<()>, beat: &dyn Fn() -> Option<String>) {
    loop {
        match heard.recv_timeout(SILENCE) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => {
                if let Some(text) = beat() {
                    print_error(&text);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// `   still 2 steps under way: dev create_account dev (AWS makes the account), …`
pub(super) fn heartbeat(under_way: &BTreeMap<String, UnderWay>) -> Option<String> {
    let steps = match under_way.len() {
        0 => return None,
        1 => "1 step".to_owned(),
        count => format!("{count} steps"),
    };
    let mut told = BTreeSet::new();
    let mut named: Vec<String> = under_way
        .values()
        .take(NAMED)
        .map(|step| match &step.waiting {
            // Steps often wait for the same; it is said once.
            Some(reason) if told.insert(reason) => format!("{} {} ({})", plain(&step.account.name), plain(&step.label), plain(reason)),
            _ => format!("{} {}", plain(&step.account.name), plain(&step.label)),
        })
        .collect();
    if under_way.len() > NAMED {
        named.push("…".to_owned());
    }
    Some(format!("   still {steps} under way: {}\n", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AccountLabel;

    #[test]
    fn a_heartbeat_names_some_steps() {
        let step = |name: &str, waiting: Option<&str>| UnderWay {
            account: AccountLabel { id: "1".into(), name: name.into() },
            label: "create_account x".into(),
            waiting: waiting.map(Into::into),
        };
        assert_eq!(heartbeat(&BTreeMap::new()), None);
        let mut steps = BTreeMap::from([("a".to_owned(), step("dev", Some("AWS makes the account")))]);
        assert_eq!(heartbeat(&steps).unwrap(), "   still 1 step under way: dev create_account x (AWS makes the account)\n");
        steps.insert("a2".to_owned(), step("dev2", Some("AWS makes the account")));
        assert!(heartbeat(&steps).unwrap().ends_with("dev create_account x (AWS makes the account), dev2 create_account x\n"));
        steps.remove("a2");
        steps.extend(["b", "c", "d"].map(|key| (key.to_owned(), step(key, None))));
        assert!(heartbeat(&steps).unwrap().ends_with("c create_account x, …\n"));
    }
}
