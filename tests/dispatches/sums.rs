//! Elements as numbers, and what lanes add up to.

/// A lane's sums, one for each of its slices.
pub type Sums = [u64; 4];

/// A number that no sum of others equals by chance.
pub fn number(element: usize) -> u64 {
    let mixed = (element as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

pub fn add(a: Sums, b: Sums) -> Sums {
    std::array::from_fn(|i| a[i].wrapping_add(b[i]))
}

pub fn read(sums: &[u64], at: u32, width: u32) -> Sums {
    assert_eq!(at % width, 0, "accumulators of four slices are one vector");
    std::array::from_fn(|i| if i < width as usize { sums[at as usize + i] } else { 0 })
}

pub fn write(sums: &mut [u64], at: u32, width: u32, total: Sums) {
    assert_eq!(at % width, 0, "accumulators of four slices are one vector");
    sums[at as usize..][..width as usize].copy_from_slice(&total[..width as usize]);
}
