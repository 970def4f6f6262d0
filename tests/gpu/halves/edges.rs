//! The edges of 16 bits: the ends of the range, NaN and infinity, norms and reports.

use normproj::{
    Axes, Context, DType, Layout, Norm, OnNonFinite, Projection, Request, Rounding, bf16, f16,
};

use super::{Half, bits, plans, run};
use crate::contexts;

fn of(projection: Projection, shape: &[usize], dtype: DType) -> Request {
    Request::in_place(projection, Layout::contiguous(shape).unwrap()).of(dtype)
}

#[test]
fn squares_beyond_f16_are_no_matter() {
    for context in contexts() {
        let host = [f16::from_f64(300.0), f16::ONE];
        let request = of(Projection::max_norm(1.0, 0), &[2], DType::F16);
        for plan in plans(&request, context, 0, 1) {
            let found = run(context, &plan, &host);
            assert_eq!(found, [f16::ONE, f16::from_f64(1.0 / 300.0)], "{}", plan.explain());
        }
        let host = [f16::MAX; 33];
        let request = of(Projection::max_norm(1.0, 0), &[33], DType::F16);
        for plan in plans(&request, context, 1, 3) {
            let expected = f16::from_f64(33f64.sqrt().recip());
            assert_eq!(run(context, &plan, &host), [expected; 33], "{}", plan.explain());
        }
    }
}

/// Of f16 every one of them is a normal f32, on every device.
#[test]
fn slices_full_of_subnormals_are_ordinary() {
    for context in contexts() {
        for rounding in [Rounding::Feasible, Rounding::TowardZero] {
            for (shape, axis) in [([1, 1023], 1), ([1023, 1], 0), ([256, 4], 0)] {
                let mut host: Vec<f16> = (1..=1023u16).map(f16::from_bits).collect();
                host.resize(shape[0] * shape[1], f16::from_bits(0x8001));
                let c = 2f64.powi(-16);
                let projection = Projection::max_norm(c, axis).rounding(rounding);
                for plan in plans(&of(projection, &shape, DType::F16), context, 1, 7) {
                    let found = run(context, &plan, &host);
                    for slice in normproj::reference::slices(axis, &shape).unwrap() {
                        let norm = |of: &[f16]| -> f64 {
                            slice.iter().map(|&i| of[i].to_f64().powi(2)).sum::<f64>().sqrt()
                        };
                        let (n, length) = (norm(&host), slice.len() as f64);
                        for &i in &slice {
                            let expected = host[i].to_f64() * c / n;
                            let error = (found[i].to_f64() - expected).abs();
                            let least =
                                2f64.powi(if rounding == Rounding::Feasible { -25 } else { -24 });
                            assert!(error <= least * 1.001, "{}", plan.explain());
                        }
                        let room = match rounding {
                            Rounding::Feasible => {
                                c * 2f64.powi(-11) + length.sqrt() * 2f64.powi(-25)
                            }
                            _ => 0.0,
                        };
                        assert!(norm(&found) <= c + room, "{}", plan.explain());
                    }
                    assert_eq!(bits(&run(context, &plan, &found)), bits(&found));
                }
            }
        }
    }
}

/// Rows: ordinary, with NaN that have payloads, with an infinity, of zeros.
fn rows<T: Half>() -> Vec<T> {
    let mut host: Vec<T> = (0..44).map(|i| T::nearest(3.0 * f64::from(i).sin())).collect();
    let infinite = T::nearest(f64::INFINITY).bits();
    host[11 + 5] = T::of_bits(infinite | 0x8013);
    host[11 + 6] = T::of_bits(infinite | 1);
    host[22 + 7] = T::of_bits(infinite | 0x8000);
    host[33..].fill(T::of_bits(0x8000));
    host
}

fn not_finite<T: Half>(context: &Context, projection: Projection) {
    let host = rows::<T>();
    for policy in OnNonFinite::ALL {
        let request = of(projection.on_non_finite(policy), &[4, 11], T::DTYPE);
        for plan in plans(&request, context, policy as usize, 11) {
            let found = run(context, &plan, &host);
            for i in 11..44 {
                let (was, is): (f64, f64) = (host[i].into(), found[i].into());
                let right = match policy {
                    OnNonFinite::Leave => host[i].bits() == found[i].bits(),
                    _ if i >= 33 => host[i].bits() == found[i].bits(),
                    OnNonFinite::Zero => is == 0.0,
                    OnNonFinite::Propagate if i >= 22 && was.is_finite() => is == 0.0,
                    _ => is.is_nan(),
                };
                assert!(right, "{policy} {i}: {was} → {is}\n{}", plan.explain());
            }
            assert!(bits(&found[..11]) != bits(&host[..11]), "{}", plan.explain());
        }
    }
}

#[test]
fn what_is_not_finite_follows_the_policy() {
    for context in contexts() {
        for projection in [
            Projection::max_norm(1.0, 1),
            Projection::ball(Norm::L1, 1.0, 1),
            Projection::ball(Norm::Linf, 1.0, 1),
            Projection::min_max_norm(0.5, 1.0, 1),
        ] {
            not_finite::<f16>(context, projection);
            not_finite::<bf16>(context, projection);
        }
    }
}

fn norms_of<T: Half>(context: &Context) {
    for (shape, axes) in [([5, 260], Axes::from(1)), ([61, 7], 0.into()), ([130, 12], 0.into())] {
        let host: Vec<T> =
            (0..shape[0] * shape[1]).map(|i| T::nearest((i as f64).sin() * 300.0)).collect();
        let slices = normproj::reference::slices(axes, &shape).unwrap();
        let source = context.upload_as(&host, shape).unwrap();
        let layout = Layout::contiguous([slices.len()]).unwrap();
        for norm in [Norm::L1, Norm::L2, Norm::Linf, Norm::lp(3.0).unwrap()] {
            let request = Request::norms(norm, axes, *source.layout(), layout).of(T::DTYPE);
            for plan in plans(&request, context, 2, 9) {
                let norms = context.zeros([slices.len()]).unwrap();
                let _ = context.run(&plan, &source, &norms).unwrap();
                for (slice, found) in slices.iter().zip(norms.read().unwrap()) {
                    let slice: Vec<f64> = slice.iter().map(|&i| host[i].into()).collect();
                    let expected = crate::truth::norm_of(norm, &slice);
                    let error = (f64::from(found) / expected - 1.0).abs();
                    assert!(error <= plan.margin().of(norm).kappa, "{}", plan.explain());
                }
            }
        }
    }
}

/// They are f32, also in the memory of what they are the norms of.
#[test]
fn norms_are_f32() {
    for context in contexts() {
        norms_of::<f16>(context);
        norms_of::<bf16>(context);
        let host: Vec<bf16> = (0..40).map(|i| bf16::from_f64(f64::from(i))).collect();
        let memory = context.upload_as(&host, [40]).unwrap();
        let source = memory.view(Layout::contiguous([3, 5]).unwrap().at(1).unwrap()).unwrap();
        let layout = Layout::contiguous([3]).unwrap();
        let behind = memory.view_as(layout.at(8).unwrap(), DType::F32).unwrap();
        context.norms(Norm::Linf, 1, &source, &behind).unwrap();
        assert_eq!(behind.read().unwrap(), [5.0, 10.0, 15.0]);
        let amid = memory.view_as(layout.at(7).unwrap(), DType::F32).unwrap();
        assert!(context.norms(Norm::Linf, 1, &source, &amid).is_err());
        assert!(context.norms(Norm::Linf, 1, &source, &memory).is_err());
    }
}

#[test]
fn reports_count_slices_of_16_bits() {
    for context in contexts() {
        for plan in plans(
            &of(Projection::max_norm(1.0, 1), &[4, 11], DType::F16).with_report(),
            context,
            0,
            7,
        ) {
            let tensor = context.upload_as(&rows::<f16>(), [4, 11]).unwrap();
            let report = context.run(&plan, &tensor, &tensor).unwrap().wait().unwrap();
            assert_eq!((report.slices, report.changed, report.zero), (4, 1, 1));
            assert_eq!((report.non_finite, report.first_non_finite), (2, Some(1)));
        }
    }
}

/// A binding takes whole words of 32 bits, which a buffer of the caller's may lack at its end.
#[test]
fn a_buffer_that_ends_amid_a_word_is_refused() {
    for context in contexts() {
        let descriptor = wgpu::BufferDescriptor {
            label: None,
            size: 10,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        };
        let buffer = context.as_gpu().unwrap().device().create_buffer(&descriptor);
        let whole = context.wrap_as(buffer, Layout::contiguous([5]).unwrap(), DType::F16).unwrap();
        let four = whole.view(Layout::contiguous([4]).unwrap()).unwrap();
        let projection = Projection::max_norm(1.0, 0);
        context.project(&projection, &four).unwrap();
        let refused = context.project(&projection, &whole).unwrap_err();
        let (needed, available) = (12, 10);
        assert_eq!(refused, normproj::Error::OutOfBounds { needed, available });
    }
}
