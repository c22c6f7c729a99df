//! Tables without lines: columns apart by two spaces, nothing at the line's end.

use super::plain::plain;
use comfy_table::{ContentArrangement, Table, presets};

/// A table with a header; every cell is made plain. Ends with a line break. Rows are never wrapped, so that they can be piped.
#[must_use]
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell).into_owned()));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut out = String::new();
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_cells_are_plain() {
        let rows = vec![vec!["7k2q".into(), "multi-account".into()], vec!["x".into(), "日\u{1b}".into()]];
        assert_eq!(table(&["RUN", "PLAYBOOK"], &rows), "RUN   PLAYBOOK\n7k2q  multi-account\nx     日\\u{1b}\n");
    }
}
