//! Every dtype at the ends of its range.

use half::{bf16, f16};

use crate::dtype::Element;
use crate::{Context, Norm, Projection, Rounding};

fn projected<T: Element>(projection: &Projection, slice: &[T]) -> Vec<f64> {
    let context = Context::cpu();
    let buffer = context.upload_as(slice, [slice.len()]).unwrap();
    context.project(projection, &buffer).unwrap();
    buffer.read_as::<T>().unwrap().into_iter().map(Into::into).collect()
}

fn near(found: f64, expected: f64, relative: f64) {
    assert!((found / expected - 1.0).abs() < relative, "{found:e}, not {expected:e}");
}

#[test]
fn f64_beyond_its_squares() {
    let max_norm = |c| Projection::max_norm(c, 0);
    projected(&max_norm(1.0), &[f64::MAX; 4]).iter().for_each(|&y| near(y, 0.5, 1e-13));
    // c/n is 1e-600, and 1e610.
    near(projected(&max_norm(1e-300), &[1e300, 1.0])[0], 1e-300, 1e-13);
    let unit = Projection::unit_norm(0).with_radius(1e300);
    near(projected(&unit, &[3e-310, 4e-310])[1], 0.8e300, 1e-9);
    // A radius whose square leaves f64 still binds.
    near(projected(&max_norm(1e200), &[3e200, 4e200])[0], 0.6e200, 1e-13);
    assert_eq!(projected(&max_norm(1e200), &[3e199, 4e199]), [3e199, 4e199]);
    let ball = Projection::ball(Norm::L1, 1e308, 0);
    near(projected(&ball, &[f64::MAX; 4])[3], 0.25e308, 1e-13);
    near(projected(&Projection::ball(Norm::L1, 0.25, 0), &[1e300, 1.0])[0], 0.25, 1e-13);
    let lp = Projection::max_norm(1e-200, 0).norm_in(Norm::lp(3.0).unwrap());
    near(projected(&lp, &[1e300, 1e300])[0], 1e-200 / 2f64.cbrt(), 1e-11);
}

#[test]
fn f16_of_the_contract() {
    let slice = [f16::from_f32(300.0), f16::ONE];
    let found = projected(&Projection::max_norm(1.0, 0), &slice);
    assert_eq!(found, [1.0, f16::from_f64(1.0 / 300.0).to_f64()]);
    // What it lands on is inside the second time, and subnormal numbers are numbers.
    let tiny = projected(&Projection::max_norm(1e-6, 0), &slice);
    near(tiny[0], 1e-6, 0.05);
    assert_eq!(tiny[1], 0.0);
}

#[test]
fn toward_zero_nothing_is_beyond() {
    let slice: Vec<bf16> = (1..60).map(|i| bf16::from_f32(i as f32 * 0.37)).collect();
    for (projection, squared) in
        [(Projection::max_norm(1.0, 0), true), (Projection::ball(Norm::L1, 1.0, 0), false)]
    {
        let found = projected(&projection.rounding(Rounding::TowardZero), &slice);
        let sum: f64 = found.iter().map(|&y| if squared { y * y } else { y }).sum();
        assert!(sum <= 1.0 && sum > 0.98, "{projection}: {sum}");
    }
}

#[test]
fn norms_have_a_dtype_of_their_own() {
    let context = Context::cpu();
    let half = context.upload_as(&[f16::from_f32(3e4), f16::from_f32(4e4)], [2]).unwrap();
    let found = context.zeros([1]).unwrap();
    context.norms(Norm::L2, 0, &half, &found).unwrap();
    near(found.read().unwrap()[0].into(), 5e4, 1e-3);
    let double = context.upload_as(&[3e200, 4e200], [2]).unwrap();
    assert!(context.norms(Norm::L2, 0, &double, &found).is_err());
    let found = context.upload_as(&[0.0f64], [1]).unwrap();
    context.norms(Norm::L2, 0, &double, &found).unwrap();
    near(found.read_as::<f64>().unwrap()[0], 5e200, 1e-15);
}

#[test]
fn payloads_stay_where_a_slice_stays() {
    let payload = f16::from_bits(0xfd23);
    let context = Context::cpu();
    let buffer = context.upload_as(&[payload, f16::ONE], [2]).unwrap();
    context.project(&Projection::max_norm(0.1, 0), &buffer).unwrap();
    let found = buffer.read_as::<f16>().unwrap();
    assert_eq!(found.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), [0xfd23, 0x3c00]);
}
