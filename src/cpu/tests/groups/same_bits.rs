//! A plan gives the same bits in every run, whatever threads there are.

use super::super::{bits, random::Random};
use super::Case;
use crate::Norm;
use crate::layout::Layout;
use crate::model::Clip;
use crate::plan::profile::DeviceProfile;

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut random = Random(5);
    let sizes = [700_001, 3, 90, 300_000, 262_144, 17, 800_000];
    let tensors: Vec<Vec<f32>> =
        sizes.map(|size| (0..size).map(|_| random.element()).collect()).to_vec();
    let mut offset = 0;
    let mut views = Vec::new();
    for size in sizes {
        views.push((0, Layout::strided([size], [1], offset).unwrap()));
        offset += size;
    }
    for norm in [Norm::L1, Norm::L2] {
        let clip = Clip::global_norm(3.0).norm(norm);
        let apart: Vec<&[f32]> = tensors.iter().map(Vec::as_slice).collect();
        let arena = Case::new(clip, vec![tensors.concat()], views.clone());
        for case in [Case::apart(clip, &apart), arena] {
            let run = || {
                let after = case.run(&DeviceProfile::native(2));
                let memories: Vec<Vec<u32>> = after.memories.iter().map(|m| bits(m)).collect();
                (memories, after.report.unwrap())
            };
            let expected = run();
            assert!(expected.1.clipped());
            for threads in [1, 2, 3, 8] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                for _ in 0..3 {
                    assert!(pool.install(run) == expected, "{norm}, {threads} threads");
                }
            }
        }
    }
}
