//! Lists in pages. A marker is the key of the last item handed out, so that a page survives changes in between.

use super::call::Call;
use super::error::AwsError;
use serde_json::{Value, json};

/// One page of items and, when there are more, the marker to ask for the next.
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Cuts a page out of items that come sorted by key.
fn cut<T>(items: impl Iterator<Item = (String, T)>, after: Option<&str>, size: usize) -> Page<T> {
    let mut page = Page { items: Vec::new(), next: None };
    let mut last = String::new();
    for (key, item) in items {
        if after.is_some_and(|after| key.as_str() <= after) {
            continue;
        }
        if page.items.len() == size {
            page.next = Some(hex::encode(last));
            break;
        }
        page.items.push(item);
        last = key;
    }
    page
}

fn decode(marker: &str) -> Option<String> {
    String::from_utf8(hex::decode(marker).ok()?).ok()
}

impl Call<'_> {
    /// IAM's way: `MaxItems` (1-1000, 100 by default) and `Marker`. Items must come sorted by their key.
    pub(crate) fn page<T>(&self, items: impl Iterator<Item = (String, T)>) -> Result<Page<T>, AwsError> {
        let size = match self.params.integer("MaxItems")? {
            None => 100,
            Some(size @ 1..=1000) => usize::try_from(size).unwrap_or(100),
            Some(size) => {
                return Err(AwsError::validation(format!(
                    "1 validation error detected: Value '{size}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000"
                )));
            }
        };
        let after = match self.params.text("Marker") {
            None => None,
            Some(marker) => Some(decode(marker).ok_or_else(|| AwsError::validation("Invalid Marker."))?),
        };
        Ok(cut(items, after.as_deref(), size))
    }

    /// Organizations' way: `MaxResults` (1-20, 20 by default) and `NextToken`. Items must come sorted by their key.
    pub(crate) fn results<T>(&self, items: impl Iterator<Item = (String, T)>) -> Result<Page<T>, AwsError> {
        let size = match self.params.integer("MaxResults")? {
            None => 20,
            Some(size @ 1..=20) => usize::try_from(size).unwrap_or(20),
            Some(size) => {
                return Err(AwsError::invalid_input("MAX_VALUE_EXCEEDED", format!("`MaxResults` is {size}: it must be between 1 and 20")));
            }
        };
        let after = match self.params.text("NextToken") {
            None => None,
            Some(token) => Some(
                decode(token).ok_or_else(|| AwsError::invalid_input("INVALID_NEXT_TOKEN", "You provided an invalid `NextToken` value"))?,
            ),
        };
        Ok(cut(items, after.as_deref(), size))
    }
}

impl<T> Page<T> {
    /// Gives the items their shape, after the page is cut: only those that are handed out.
    pub(crate) fn map(self, shape: impl FnMut(T) -> Value) -> Page<Value> {
        Page { items: self.items.into_iter().map(shape).collect(), next: self.next }
    }
}

impl Page<Value> {
    /// `{list: [...], IsTruncated, Marker}`
    pub(crate) fn into_iam(self, list: &str) -> Value {
        json!({ list: self.items, "IsTruncated": self.next.is_some(), "Marker": self.next })
    }

    /// `{list: [...], NextToken}`
    pub(crate) fn into_organizations(self, list: &str) -> Value {
        match self.next {
            Some(next) => json!({ list: self.items, "NextToken": next }),
            None => json!({ list: self.items }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> impl Iterator<Item = (String, u32)> {
        (0..7).map(|number| (format!("k{number}"), number))
    }

    #[test]
    fn pages_cover_all_items_once() {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = cut(numbers(), after.as_deref(), 3);
            seen.extend(page.items);
            match page.next {
                Some(next) => after = decode(&next),
                None => break,
            }
        }
        assert_eq!(seen, (0..7).collect::<Vec<_>>());
        assert!(cut(numbers(), None, 7).next.is_none());
    }
}
