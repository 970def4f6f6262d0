//! Whether every unit is inside the bound, decided by exact arithmetic on the host.

use normproj::{DeviceBuffer, reference};

use crate::common::Result;
use crate::common::arena::Arena;

/// How many norms were compared with the bound, and how many were above.
pub struct Oracle {
    pub compared: usize,
    pub above: usize,
    c: f64,
    /// The elements of each unit, for each kernel.
    units: Vec<Vec<Vec<usize>>>,
}

impl Oracle {
    pub fn new(arena: &Arena, c: f64) -> Result<Self> {
        let units = |kernel: &DeviceBuffer| reference::slices(0, kernel.shape());
        let units = arena.kernels().map(units).collect::<normproj::Result<_>>()?;
        // The radius that the library works with: c, rounded toward zero to f32.
        Ok(Oracle { compared: 0, above: 0, c: reference::radius(c), units })
    }

    /// Reads the weights back, and compares the exact norm of each unit with the bound.
    pub fn check(&mut self, arena: &Arena) -> Result<()> {
        for (kernel, units) in arena.kernels().zip(&self.units) {
            let host = kernel.read()?;
            for unit in units {
                let unit: Vec<f32> = unit.iter().map(|&i| host[i]).collect();
                self.compared += 1;
                self.above += usize::from(reference::exceeds(&unit, self.c));
            }
        }
        Ok(())
    }
}
