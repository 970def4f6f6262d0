//! What clips of 16-bit tensors do beside scaling: bounds, policies, decay, norms that are given, and
//! what they move.

use normproj::plan::group::{GroupPlan, GroupRequest};
use normproj::{
    Clip, DType, Decay, Error, GivenNorm, Group, Layout, Model, OnNonFinite, Rounding, bf16, f16,
};

use super::Half;
use super::groups::{Device, elements, even, host, odd, rounded};
use crate::contexts;

#[test]
fn bounds_are_those_of_each_dtype() {
    for context in contexts() {
        for tensors in [odd(), even()] {
            let before = host(&tensors);
            let device = Device::new(context, &tensors, &before, false);
            let (low, high) = (-0.7, 0.3);
            let clip = Group::new(Clip::value(low, high), &device.model).unwrap();
            clip.enqueue().unwrap();
            let after = device.read(&tensors, &before);
            for tensor in &tensors {
                let bound = |x: f64| match tensor.dtype {
                    DType::F32 => f64::from(x as f32),
                    dtype => rounded(dtype, Rounding::TowardZero, x),
                };
                let places = elements(&before, tensor).into_iter().zip(elements(&after, tensor));
                for (x, y) in places {
                    assert!((y - x.clamp(bound(low), bound(high))).abs() < 1e-7, "{x} → {y}");
                }
            }
            clip.enqueue().unwrap();
            assert_eq!(device.read(&tensors, &before), after);
            let beyond = Group::new(Clip::value(1e6, 1e7), &device.model);
            assert!(matches!(beyond, Err(Error::Bounds { .. })));
        }
    }
}

#[test]
fn what_is_not_finite_follows_the_policy() {
    for context in contexts() {
        for policy in OnNonFinite::ALL {
            let tensors = odd();
            let mut before = host(&tensors);
            // A signalling NaN with a payload.
            before[40] = 0x7c15;
            let device = Device::new(context, &tensors, &before, false);
            let clip = Clip::global_norm(1.0).on_non_finite(policy);
            let report = Group::new(clip, &device.model).unwrap().run().unwrap().wait().unwrap();
            assert_eq!((report.non_finite(), report.first_non_finite()), (1, Some("1")));
            let after = device.read(&tensors, &before);
            match policy {
                OnNonFinite::Leave => assert_eq!(after, before),
                OnNonFinite::Zero => {
                    assert!(tensors.iter().all(|t| elements(&after, t).iter().all(|y| *y == 0.0)));
                }
                OnNonFinite::Propagate | OnNonFinite::Poison => {
                    assert!(tensors.iter().all(|t| elements(&after, t).iter().all(|y| y.is_nan())));
                }
            }
        }
    }
}

/// Weights have the dtype of their gradients; sums are rounded once.
#[test]
fn weights_of_16_bits_decay() {
    for context in contexts() {
        let (rate, radius) = (0.25, 1e3);
        let of = |i: usize| f16::from_f64(0.37 * i as f64 - 3.0);
        let gradient: Vec<f16> = (0..101).map(of).collect();
        let weight: Vec<f16> = (0..101).map(|i| of(3 * i % 101)).collect();
        let all = context.upload_as(&gradient, [101]).unwrap();
        // Between neighbours, or in whole loads; weights that begin at the same place or another.
        for (first, length, other) in [(1, 99, 0), (1, 99, 1), (8, 40, 8), (4, 96, 3), (0, 101, 0)]
        {
            all.write(&gradient).unwrap();
            let view = |first| Layout::strided([length], [1], first).unwrap();
            let weights = context.upload_as(&weight, [101]).unwrap().view(view(other)).unwrap();
            let weights = Model::new(context, [("x", &weights)]).unwrap();
            let model = Model::new(context, [("x", &all.view(view(first)).unwrap())]).unwrap();
            let decay = Decay::new(rate, &weights);
            let group = Group::with_decay(Clip::global_norm(radius), &model, &decay).unwrap();
            let report = group.run().unwrap().wait().unwrap();
            assert!(report.total().norm > 0.0 && !report.clipped());
            for (i, y) in all.read_as::<f16>().unwrap().into_iter().enumerate() {
                let inside = (first..first + length).contains(&i);
                let w = if inside { weight[i - first + other].to_f64() } else { 0.0 };
                let expected = f16::nearest((gradient[i].to_f64() + rate * w) as f32 as f64);
                assert_eq!(y, expected, "element {i} of {first} and {length}");
            }
        }
        let weights = Model::new(context, [("x", &context.zeros([101]).unwrap())]).unwrap();
        let model = Model::new(context, [("x", &all)]).unwrap();
        let refused = Group::with_decay(Clip::global_norm(1.0), &model, &Decay::new(0.5, &weights));
        assert!(
            matches!(refused, Err(Error::Named { error, .. }) if matches!(*error, Error::Dtype { .. }))
        );
    }
}

#[test]
fn norms_that_are_given_are_f32() {
    for context in contexts() {
        let gradient = context.upload_as(&[bf16::from_f64(3.0); 5], [5]).unwrap();
        let model = Model::unnamed(context, [&gradient]).unwrap();
        let by_host = Clip::global_norm(1.0).use_norm(GivenNorm::Host(3.0));
        Group::new(by_host, &model).unwrap().enqueue().unwrap();
        assert_eq!(gradient.read_as::<bf16>().unwrap(), [bf16::ONE; 5]);
        let norm = context.upload(&[2.0], [1]).unwrap();
        Group::by_norm(Clip::global_norm(1.0), &model, &norm).unwrap().enqueue().unwrap();
        assert_eq!(gradient.read_as::<bf16>().unwrap(), [bf16::from_f64(0.5); 5]);
        let halves = context.zeros_as([1], DType::BF16).unwrap();
        let refused = Group::by_norm(Clip::global_norm(1.0), &model, &halves);
        assert!(matches!(refused, Err(Error::Dtype { .. })));
    }
}

/// Runs of whole loads, and elements apart, which are stored through the words that they are in.
#[test]
fn groups_of_16_bits_move_what_their_cost_says() {
    let mut checked = 0;
    for context in contexts() {
        for (strides, halves) in [([60, 1], false), ([180, 3], true)] {
            for (clip, decays) in [
                (Clip::global_norm(1.0), false),
                (Clip::global_norm(1.0), true),
                (Clip::value(-1.0, 1.0), false),
            ] {
                for (value, clipped) in [(0.001, 0), (10.0, 1)] {
                    let tensor = || {
                        let host = vec![f16::from_f64(value); 5760];
                        let layout = Layout::strided([32, 60], strides, 0).unwrap();
                        context.upload_as(&host, [5760]).unwrap().view(layout).unwrap()
                    };
                    let of = |tensor| Model::new(context, [("x", &tensor)]).unwrap();
                    let (model, decay) = (of(tensor()), Decay::new(1e-3, &of(tensor())));
                    let decay = decays.then_some(&decay);
                    let request = GroupRequest::new(clip, &model, decay).unwrap();
                    let plan = GroupPlan::new(request, context.profile()).unwrap();
                    let cost = plan.cost();
                    let group = Group::counting(plan, &model, decay).unwrap();
                    group.enqueue().unwrap();
                    let found = group.as_gpu().unwrap().counters().unwrap().map(u64::from);
                    let expected = [
                        cost.read + clipped * cost.read_again,
                        cost.written + clipped * cost.written_again,
                    ];
                    assert_eq!(found, expected, "{halves} {}", group.plan().explain());
                    let stored = u64::from(decays || clipped == 1);
                    let size = if halves { 4 } else { 2 };
                    assert_eq!(found[1], stored * size * 32 * 60);
                    checked += 1;
                }
            }
        }
    }
    println!("{checked} counts were right");
}
