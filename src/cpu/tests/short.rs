//! Short rows beside the same rows on the way of those that are reported.

use half::{bf16, f16};

use super::random::Random;
use crate::cpu::kernel::scale_short_rows;
use crate::cpu::number::Number;
use crate::cpu::project;
use crate::cpu::rule::Rule;
use crate::dtype::DType;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::plan::profile::DeviceProfile;
use crate::plan::request::Request;
use crate::{Norm, Projection};

/// Numbers of every kind, some slices of zeros, and some that are not finite.
fn elements<T: Number<Real = f32>>(random: &mut Random, rows: usize, length: usize) -> Vec<T> {
    let mut elements = Vec::new();
    for _ in 0..rows {
        // The last two are beyond f32 where they are squared.
        let scale = [0.0, 1e-3, 1.0, 1.0, 30.0, 1e-25, 1e25]
            [random.below(if T::DTYPE == DType::F16 { 5 } else { 7 })];
        let row = (0..length).map(|_| scale * random.element());
        let from = elements.len();
        elements.extend(row.map(T::nearest));
        if random.below(6) == 0 {
            let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0][random.below(4)];
            elements[from + random.below(length)] = T::nearest(odd);
        }
    }
    elements
}

/// Bit for bit; sums of 16 bits may be rounded otherwise in rows that are not short, and factors therefore.
fn is_same<T: Number<Real = f32>>(a: T, b: T) -> bool {
    let near = (a.real() - b.real()).abs() <= 8e-3 * b.real().abs() + 6e-8;
    bytemuck::bytes_of(&a) == bytemuck::bytes_of(&b) || (T::DTYPE != DType::F32 && near)
}

fn compare<T: Number<Real = f32>>(projection: Projection, elements: &[T], shape: [usize; 2]) {
    let layout = Layout::contiguous(shape).unwrap();
    let request = Request::in_place(projection, layout).of(T::DTYPE);
    let by = |request: &Request| {
        let plan = Plan::new(request, &DeviceProfile::native(2)).unwrap();
        let mut data = elements.to_vec();
        let tally = project(&plan, None, &mut data).unwrap();
        (data, tally)
    };
    let (found, _) = by(&request);
    let (expected, tally) = by(&request.with_report());
    // The loops themselves, too: a rule that is not for them would have gone the other way twice.
    let plan = Plan::new(&request, &DeviceProfile::native(2)).unwrap();
    let rule = Rule::new::<f32>(&plan, None).unwrap();
    let mut short = elements.to_vec();
    assert!(scale_short_rows(rule.term, rule.alone().unwrap(), &mut short, shape[1]));
    let name = format!("{projection} {shape:?} {}", T::DTYPE);
    assert!(
        bytemuck::cast_slice::<T, u8>(&short) == bytemuck::cast_slice::<T, u8>(&found),
        "{name}"
    );
    assert!(found.iter().zip(&expected).all(|(&a, &b)| is_same(a, b)), "{name}");
    assert!(tally.changed > 0 || shape[0] < 20, "{projection} {shape:?}");
}

fn every_shape<T: Number<Real = f32>>() {
    let mut random = Random(11);
    for length in [16, 32, 64] {
        for rows in [1, 2, 7, 8, 9, 16, 61] {
            let elements = elements::<T>(&mut random, rows, length);
            for norm in [Norm::L2, Norm::L1, Norm::Linf] {
                let projections = [
                    Projection::max_norm(2.0, 1).norm_in(norm),
                    Projection::max_norm(0.0, 1).norm_in(norm),
                    // A factor that f32 does not hold.
                    Projection::max_norm(1e-36, 1).norm_in(norm),
                ];
                for projection in projections {
                    compare(projection, &elements, [rows, length]);
                }
            }
            compare(Projection::min_max_norm(1.0, 2.0, 1), &elements, [rows, length]);
        }
    }
}

#[test]
fn short_rows_are_scaled_as_others_are() {
    every_shape::<f32>();
    every_shape::<f16>();
    every_shape::<bf16>();
}
