//! Counts of steps as they are shown: by account id, `ok=10 changed=9 failed=0 paused=0 replayed=0`.

use crate::event::AccountLabel;
use crate::step::Counts;
use std::collections::BTreeMap;

/// `ok=10 changed=9 failed=0 paused=0 replayed=0`, with `caught=1` behind it if a script caught failures.
pub(super) fn text(counts: &Counts) -> String {
    let Counts { ok, changed, failed, paused, replayed, caught } = counts;
    let caught = if *caught > 0 { format!(" caught={caught}") } else { String::new() };
    format!("ok={ok} changed={changed} failed={failed} paused={paused} replayed={replayed}{caught}")
}

/// By account id: name and counts. An account that was known by its id alone at first is one with its later name.
pub(super) fn by_id(accounts: &BTreeMap<AccountLabel, Counts>) -> BTreeMap<&str, (&str, Counts)> {
    let mut merged: BTreeMap<&str, (&str, Counts)> = BTreeMap::new();
    for (account, counts) in accounts {
        let (name, sum) = merged.entry(&account.id).or_insert((&account.name, Counts::default()));
        if account.name != account.id {
            *name = &account.name;
        }
        sum.ok += counts.ok;
        sum.changed += counts.changed;
        sum.failed += counts.failed;
        sum.paused += counts.paused;
        sum.replayed += counts.replayed;
        sum.caught += counts.caught;
    }
    merged
}
