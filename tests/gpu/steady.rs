//! Steady state: recording a bound projection costs nothing above the same dispatches by hand.

use normproj::{Layout, Projection, Request};

use crate::allocations::during;
use crate::by_hand::ByHand;
use crate::contexts;

#[test]
fn recording_allocates_nothing_above_the_same_dispatches_by_hand() {
    for context in contexts().iter() {
        let gpu = context.as_gpu().unwrap();
        let by_hand = ByHand::new(context);
        for shape in [[64, 48], [4096, 512]] {
            let layout = Layout::contiguous(shape).unwrap();
            let request = Request::in_place(Projection::max_norm(1.0, 0), layout);
            let prepared = gpu.prepare(&context.plan(&request).unwrap()).unwrap();
            let bound = prepared.bind(&context.zeros(shape).unwrap()).unwrap();
            let dispatches = prepared.plan().cost().dispatches;
            let mut ours = Vec::new();
            let mut theirs = Vec::new();
            for _ in 0..8 {
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                let mut pass = encoder.begin_compute_pass(&Default::default());
                ours.push(during(|| bound.record(&mut pass)));
                drop(pass);
                drop(encoder);
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                let mut pass = encoder.begin_compute_pass(&Default::default());
                theirs.push(during(|| by_hand.record(&mut pass, dispatches)));
            }
            println!(
                "{}: {dispatches} dispatches allocate {ours:?}, by hand {theirs:?}",
                context.describe()
            );
            assert_eq!(ours.iter().min(), theirs.iter().min());
        }
    }
}
