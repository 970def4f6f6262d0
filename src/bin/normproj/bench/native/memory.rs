//! Memory like that of the backend: in huge pages, where there are any.

use crate::failure::{Failure, Result};

/// Elements of f32.
pub struct Memory {
    #[cfg(target_os = "linux")]
    map: memmap2::MmapMut,
    #[cfg(not(target_os = "linux"))]
    elements: Vec<f32>,
}

impl Memory {
    /// Zeros.
    pub fn new(elements: usize) -> Result<Self> {
        #[cfg(target_os = "linux")]
        {
            let map = memmap2::MmapMut::map_anon(4 * elements.max(1))
                .map_err(|error| Failure::new(format!("memory: {error}")))?;
            // Without huge pages memory is what it is for the backend, too.
            let _ = map.advise(memmap2::Advice::HugePage);
            Ok(Memory { map })
        }
        #[cfg(not(target_os = "linux"))]
        Ok(Memory { elements: vec![0.0; elements.max(1)] })
    }

    pub fn all(&mut self) -> &mut [f32] {
        #[cfg(target_os = "linux")]
        return bytemuck::cast_slice_mut(&mut self.map);
        #[cfg(not(target_os = "linux"))]
        &mut self.elements
    }
}
