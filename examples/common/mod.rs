//! What both training examples share.

pub mod arena;
pub mod args;
pub mod digits;
pub mod momentum;
pub mod plot;
pub mod runs;
pub mod softmax;
pub mod table;
#[cfg(test)]
pub mod testing;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// One CSV line for each value; the fields of the type name the columns.
pub fn write_csv<T: serde::Serialize>(path: &std::path::Path, lines: &[T]) -> Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    lines.iter().try_for_each(|line| writer.serialize(line))?;
    Ok(writer.flush()?)
}
