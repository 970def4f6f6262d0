//! What a plan moves.

/// The traffic of a plan with the memory of the tensor, in bytes, and its dispatches.
///
/// `v` is the fraction of slices that violate. What is read or written only for violating slices
/// is moved in whole sectors, so where slices lie side by side in memory (columns) scattered
/// violators drag their neighbours along. Elements of 16 bits that a GPU cannot store four at a time are
/// exchanged within their words, each of which is read and written: 4 bytes and 4 bytes an element.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Dispatches (0 on the CPU backend).
    pub dispatches: u32,
    /// Elements of the tensor.
    pub elements: u64,
    /// Bytes read whatever the data.
    pub read: u64,
    /// Bytes written whatever the data.
    pub written: u64,
    /// Bytes read again if every slice violates.
    pub read_again: u64,
    /// Bytes written if every slice violates, beyond `written`.
    pub written_again: u64,
    /// Slices that share the smallest piece that memory reads (64 bytes); 1 where they lie apart.
    pub read_sector: u32,
    /// Slices that share the smallest piece that memory writes (32 bytes on a GPU, 64 on a CPU); 1
    /// where they lie apart.
    pub write_sector: u32,
    /// Bytes of scratch that are written and read beside the tensor.
    pub scratch: u64,
}

impl Cost {
    /// Bytes of the tensor that are moved when a fraction `v` of the slices violates, scattered at
    /// random.
    pub fn bytes(&self, v: f64) -> f64 {
        let touched = |sector: u32| 1.0 - (1.0 - v.clamp(0.0, 1.0)).powi(sector.max(1) as i32);
        (self.read + self.written) as f64
            + self.read_again as f64 * touched(self.read_sector)
            + self.written_again as f64 * touched(self.write_sector)
    }

    /// [`Cost::bytes`] for each element; 0 for an empty tensor.
    pub fn bytes_per_element(&self, v: f64) -> f64 {
        if self.elements == 0 { 0.0 } else { self.bytes(v) / self.elements as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattered_violators_of_columns_drag_their_sectors_along() {
        let cost = Cost {
            elements: 1,
            read: 4,
            read_again: 4,
            written_again: 4,
            read_sector: 16,
            write_sector: 8,
            ..Cost::default()
        };
        // The figures of the kernel notes: 4.9 bytes at 1%, 9.5 at 10%, 12 at 100%.
        for (v, bytes) in [(0.0, 4.0), (0.01, 4.9), (0.1, 9.5), (1.0, 12.0)] {
            assert!((cost.bytes_per_element(v) - bytes).abs() < 0.05, "{v}");
        }
    }
}
