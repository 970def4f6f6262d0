//! A plan gives the same bits in every run, whatever threads there are.

use super::bits;
use super::random::Random;
use crate::Projection;
use crate::cpu::project;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::plan::profile::DeviceProfile;
use crate::plan::request::Request;

/// Large enough for several threads: long rows, thin rows, tall and wide columns, batches, strides.
const SHAPES: [(&[usize], &[i32]); 8] = [
    (&[1, 900_001], &[1]),
    (&[90_000, 7], &[1]),
    (&[300_000, 3], &[0]),
    (&[700, 1025], &[0]),
    (&[3, 300_000], &[0]),
    (&[20, 130, 301], &[1]),
    (&[60, 70, 130], &[0, 2]),
    (&[900_001], &[]),
];

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut random = Random(3);
    for (shape, axes) in SHAPES {
        let layout = Layout::contiguous(shape).unwrap();
        let data: Vec<f32> = (0..layout.len()).map(|_| random.element()).collect();
        let length: usize = axes.iter().map(|&axis| shape[axis as usize]).product();
        let c = 0.99 * (length as f64 / 3.0).sqrt();
        let request = Request::in_place(Projection::max_norm(c, axes), layout).with_report();
        let plan = Plan::new(&request, &DeviceProfile::native(2)).unwrap();
        let run = || {
            let mut found = data.clone();
            let tally = project(&plan, None, &mut found).unwrap();
            (bits(&found), tally)
        };
        let (expected, tally) = run();
        assert!(tally.changed > 0, "{shape:?}");
        for threads in [1, 2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for _ in 0..3 {
                assert!(pool.install(run) == (expected.clone(), tally), "{shape:?}, {threads}");
            }
        }
    }
}
