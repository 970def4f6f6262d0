//! Views of one buffer, and what the one-line calls keep alive.

use normproj::{Context, Layout, Norm, Projection};

use crate::contexts;

/// Bytes of device memory in use, once all work is done; None where the driver keeps no record.
fn held(context: &Context) -> Option<u64> {
    let device = context.as_gpu().unwrap().device();
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    Some(device.generate_allocator_report()?.total_allocated_bytes)
}

#[test]
fn a_target_is_freed_though_its_source_lives() {
    let shape = [4096, 1024];
    let mut measured = 0;
    for context in contexts() {
        let source = context.zeros(shape).unwrap();
        let projection = Projection::max_norm(1.0, 1);
        // What is prepared, once, stays with the source.
        context.project_into(&projection, &source, &context.zeros(shape).unwrap()).unwrap();
        let Some(before) = held(context) else { continue };
        let target = context.zeros(shape).unwrap();
        context.project_into(&projection, &source, &target).unwrap();
        let during = held(context).unwrap();
        drop(target);
        let after = held(context).unwrap();
        assert!(during >= before + (16 << 20), "{before} bytes, then {during}");
        assert_eq!(after, before, "the target's memory is still held");
        drop(source);
        measured += 1;
    }
    println!("{measured} devices keep a record of their memory");
}

#[test]
fn norms_go_into_the_tensors_own_buffer() {
    for context in contexts() {
        for (shape, axis) in [([12, 4], 0), ([4, 12], 1), ([4000, 4], 0)] {
            let elements: usize = shape[0] * shape[1];
            let start = elements.next_multiple_of(64);
            let memory = context.upload(&vec![2.0; start + 4], [start + 4]).unwrap();
            let source = memory.view(Layout::contiguous(shape).unwrap()).unwrap();
            let norms = memory.view(Layout::strided([4], [1], start).unwrap()).unwrap();
            context.norms(Norm::L2, axis, &source, &norms).unwrap();
            let expected = 2.0 * ((elements / 4) as f32).sqrt();
            let found = memory.read().unwrap();
            assert!(found[start..].iter().all(|x| (x / expected - 1.0).abs() < 1e-5));
            assert!(found[..start].iter().all(|&x| x == 2.0));
        }
    }
}

#[test]
fn a_target_in_the_sources_own_buffer() {
    for context in contexts() {
        let memory = context.upload(&[2.0; 64 * 48 * 2], [64 * 48 * 2]).unwrap();
        let source = memory.view(Layout::contiguous([64, 48]).unwrap()).unwrap();
        let target = memory.view(Layout::strided([64, 48], [48, 1], 64 * 48).unwrap()).unwrap();
        context.project_into(&Projection::max_norm(8.0, 0), &source, &target).unwrap();
        let found = memory.read().unwrap();
        assert!(found[..64 * 48].iter().all(|&x| x == 2.0));
        assert!(found[64 * 48..].iter().all(|&x| x <= 1.0 && x > 0.9999));
    }
}

fn is_shared<T: Send + Sync>(_: &T) {}

#[test]
fn threads_share_a_tensor() {
    for context in contexts() {
        let weights = context.upload(&[1.0; 64 * 48], [64, 48]).unwrap();
        is_shared(&weights);
        std::thread::scope(|scope| {
            for radius in [4.0, 2.0, 3.0, 2.0] {
                let weights = &weights;
                scope.spawn(move || {
                    for _ in 0..20 {
                        normproj::project_max_norm(weights, 0, radius).unwrap();
                    }
                });
            }
        });
        let norm = (64.0 * f64::from(weights.read().unwrap()[0]).powi(2)).sqrt();
        assert!(norm <= 2.0 && norm > 1.9999, "{norm}");
    }
}
