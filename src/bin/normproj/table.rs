//! Tables and numbers as text.

use std::fmt::Write;

/// Columns as wide as their widest cell; the first is text, the others end at their right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    table_of(1, head, rows)
}

/// [`table`] with more columns of text, which come first.
pub fn table_of(texts: usize, head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let head = head.iter().map(|cell| cell.to_string()).collect();
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            // Writing to a String cannot fail.
            let gap = if column == 0 { "" } else { "  " };
            let _ = match column < texts {
                true => write!(text, "{gap}{cell:width$}"),
                false => write!(text, "{gap}{cell:>width$}"),
            };
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// Seven digits, which is what f32 holds.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-4..1e7).contains(&magnitude) {
        return format!("{value:.6e}");
    }
    let digits = (6 - magnitude.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_seven_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (2.0 / 3.0, "0.6666667"),
            (1234.5, "1234.5"),
            (1e6, "1000000"),
            (1e-5, "1.000000e-5"),
            (6e38, "6.000000e38"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["a".to_string(), "1".to_string()], vec!["bcd".into(), "×".into()]];
        assert_eq!(table(&["n", "value"], &rows), "n    value\na        1\nbcd      ×\n");
        assert_eq!(table_of(2, &["n", "value"], &rows), "n    value\na    1\nbcd  ×\n");
    }
}
