//! Which element of a view a load meets.

use normproj::plan::gpu::steps::Window;

use crate::walk::Walker;

/// For each element of a tensor, by its row-major number, the element of a direction that it meets.
pub fn met(shape: &[usize], along: &[usize]) -> Vec<usize> {
    let one = |mut number: usize| {
        let (mut found, mut step) = (0, 1);
        for (&size, &of) in shape.iter().zip(along).rev() {
            found += if of == 1 { 0 } else { number % size * step };
            number /= size;
            step *= of;
        }
        found
    };
    (0..shape.iter().product()).map(one).collect()
}

/// The element that part `i` of a load holds, which must be inside the window.
pub fn at_place(
    memory: &[Option<usize>],
    window: Option<Window>,
    walk: &Walker<'_>,
    load: u32,
    i: u32,
) -> usize {
    let window = window.expect("a window");
    let size = walk.variant.pack.bytes();
    let byte = u64::from(size) * (u64::from(load) * u64::from(walk.width()) + u64::from(i));
    // Half of a word is reached through the whole.
    assert!(byte / 4 * 4 + 4 <= window.size, "{byte} is outside {window:?}");
    assert!(window.size.is_multiple_of(4), "{window:?} ends amid a word");
    let place = (window.offset + byte) / u64::from(size);
    memory[place as usize].expect("an element of the view")
}
