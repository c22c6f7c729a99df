//! Progress on a terminal: a lane for each account at work, finished steps scroll past above.

use super::paint::Paint;
use super::plain::plain;
use super::screen::Screen;
use super::tally::UnderWay;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::time::Duration;

const LANES: usize = 8;
/// Times a second at most.
const REDRAWN: u8 = 20;

pub(super) struct Bars {
    multi: MultiProgress,
    paint: Paint,
    /// Lanes from top to bottom: account id and bar.
    lanes: Vec<(String, ProgressBar)>,
    /// `… and N more`, below the lanes.
    more: Option<ProgressBar>,
}

impl Bars {
    pub(super) fn new(paint: Paint) -> Bars {
        Bars {
            multi: MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(Screen::default()), REDRAWN)),
            paint,
            lanes: Vec::new(),
            more: None,
        }
    }

    /// Text that scrolls past above the lanes.
    pub(super) fn print(&self, text: &str) {
        self.multi.suspend(|| super::terminal::print_error(text));
    }

    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.multi.suspend(write)
    }

    /// Draws the lanes anew for the steps under way.
    pub(super) fn update(&mut self, under_way: &BTreeMap<String, UnderWay>) {
        let shown: Vec<&str> = self.lanes.iter().map(|(id, _)| id.as_str()).collect();
        let (wanted, more) = arrange(under_way, &shown);
        self.lanes.retain(|(id, bar)| {
            let stays = wanted.iter().any(|lane| lane.id == *id);
            if !stays {
                bar.finish_and_clear();
            }
            stays
        });
        for lane in wanted {
            let index = self.lanes.iter().position(|(id, _)| *id == lane.id).unwrap_or_else(|| {
                self.lanes.push((lane.id.clone(), self.add("{spinner} {prefix:16!} {wide_msg}")));
                self.lanes.len() - 1
            });
            let bar = &self.lanes[index].1;
            bar.set_prefix(self.paint.bold(&lane.name));
            bar.set_message(lane.text);
        }
        match (more, self.more.take()) {
            (0, Some(bar)) => bar.finish_and_clear(),
            (0, None) => {}
            (more, bar) => {
                let bar = bar.unwrap_or_else(|| self.add("  {wide_msg}"));
                bar.set_message(format!("… and {more} more"));
                self.more = Some(bar);
            }
        }
    }

    /// `wide_msg` cuts what a narrow terminal has no room for, so a lane never wraps.
    fn add(&self, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style);
        let bar = match &self.more {
            Some(more) => self.multi.insert_before(more, bar),
            None => self.multi.add(bar),
        };
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    pub(super) fn clear(&mut self) {
        self.update(&BTreeMap::new());
    }
}

#[derive(Debug, PartialEq)]
struct Lane {
    id: String,
    name: String,
    text: String,
}

/// The lanes for the steps under way, those shown already first and in their order, and how many accounts have no lane.
fn arrange(under_way: &BTreeMap<String, UnderWay>, shown: &[&str]) -> (Vec<Lane>, usize) {
    let mut accounts: BTreeMap<&str, Vec<&UnderWay>> = BTreeMap::new();
    for step in under_way.values() {
        accounts.entry(&step.account.id).or_default().push(step);
    }
    let kept = shown.iter().filter(|id| accounts.contains_key(**id)).copied();
    let new = accounts.keys().filter(|id| !shown.contains(*id)).copied();
    let lanes: Vec<Lane> = kept.chain(new).take(LANES).filter_map(|id| accounts.get(id).and_then(|steps| lane(id, steps))).collect();
    let more = accounts.len() - lanes.len();
    (lanes, more)
}

fn lane(id: &str, steps: &[&UnderWay]) -> Option<Lane> {
    let step = steps.first()?;
    let mut text = plain(&step.label).into_owned();
    if let Some(reason) = &step.waiting {
        text = format!("{text} · {}", plain(reason));
    }
    if steps.len() > 1 {
        text = format!("{text} · +{}", steps.len() - 1);
    }
    Some(Lane { id: id.to_owned(), name: plain(&step.account.name).into_owned(), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AccountLabel;

    fn step(account: usize, label: &str, waiting: Option<&str>) -> UnderWay {
        let account = AccountLabel { id: format!("{account:012}"), name: format!("a{account}") };
        UnderWay { account, label: label.into(), waiting: waiting.map(Into::into) }
    }

    #[test]
    fn lanes_are_kept_filled_and_capped() {
        let mut under_way: BTreeMap<String, UnderWay> =
            (0..10).map(|account| (format!("k{account}"), step(account, "create_role x", None))).collect();
        under_way.insert("k9b".into(), step(9, "create_user u\u{1b}", None));
        let (lanes, more) = arrange(&under_way, &["000000000009", "gone"]);
        assert_eq!((lanes.len(), more), (LANES, 2));
        assert_eq!(lanes[0], Lane { id: "000000000009".into(), name: "a9".into(), text: "create_role x · +1".into() });
        assert_eq!(lanes[1].name, "a0");
        let waiting = BTreeMap::from([("k".to_owned(), step(1, "create_account dev", Some("AWS makes the account")))]);
        assert_eq!(arrange(&waiting, &[]).0[0].text, "create_account dev · AWS makes the account");
        assert_eq!(arrange(&BTreeMap::new(), &["000000000009"]), (vec![], 0));
    }
}
