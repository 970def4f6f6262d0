//! Ends of every range, elements that are not finite, copies, and what is refused.

use normproj::{
    Axes, Compat, Context, DType, Error, Norm, OnNonFinite, Projection, Shard, Statistics,
};

use super::ranks::{Cut, Matrix, merged, run};
use super::{judge, norms, prove};
use crate::contexts::contexts;
use crate::run::serves;

/// A row whose elements are cut among ranks.
fn row<T: Copy>(elements: &[T]) -> Matrix<T> {
    Matrix { elements: elements.to_vec(), shape: [1, elements.len()] }
}

#[test]
fn magnitudes_at_the_ends_of_f32() {
    let rows: [&[f32]; 6] = [
        &[3e38; 4],
        &[3e38, -3e38, 3e38, 1.0],
        &[1e-30, 2e-30, -3e-30, 4e-30],
        &[1e30, 1e-30, 1.0, 0.0],
        &[1e20, 1.0, 0.0, 0.0],
        &[0.0, -0.0, 0.0, 0.0],
    ];
    for context in contexts() {
        for norm in norms() {
            for elements in rows {
                for c in [0.0, 1e-30, 1.0, 1e30, 1e38, 3.5e38, 5e38, 7e38, f64::INFINITY] {
                    // One on each rank; two, of which the norms of parts are beyond f32.
                    for sizes in [vec![1; 4], vec![2, 2], vec![0, 3, 1]] {
                        let projection = Projection::max_norm(c, 1).norm_in(norm);
                        prove(context, projection, &row(elements), &Cut { axis: 1, sizes });
                    }
                }
            }
        }
    }
}

#[test]
fn magnitudes_at_the_ends_of_f64() {
    for context in contexts().filter(|context| serves(context, DType::F64)) {
        for elements in [[1.5e308, -1.7e308, 1.2e308, 1.0], [1e-300, 2e-300, 0.0, 1e300]] {
            for c in [1e-300, 1.0, 1e300, 1.79e308] {
                for norm in [Norm::L1, Norm::L2, Norm::Linf] {
                    let projection = Projection::max_norm(c, 1).norm_in(norm);
                    let cut = Cut { axis: 1, sizes: vec![2, 0, 2] };
                    prove(context, projection, &row(&elements), &cut);
                }
            }
        }
    }
}

/// Of a small p the norm of a long slice is 2^1080, and the root of a sum that f64 holds.
#[test]
fn norms_beyond_f64() {
    let norm = Norm::lp(1.0 / 64.0).expect("p is in range");
    let elements: Vec<f64> = (0..3000).map(|i| 1.0 + f64::from(i % 7)).collect();
    let projection = Projection::max_norm(1e300, Axes::all()).norm_in(norm);
    let context = Context::cpu();
    let matrix = Matrix { elements: elements.repeat(40), shape: [40, 3000] };
    assert_eq!(normproj::reference::norm(norm, &matrix.elements), f64::INFINITY);
    let outcome = run(&context, projection, &matrix, &Cut { axis: 0, sizes: vec![38, 2] });
    let verdict = judge::judge(&projection, &matrix, &outcome).expect("all promises hold");
    assert_eq!(verdict.scaled, 1);
}

/// Column 0 holds an infinity on one rank, column 1 a NaN on another one, column 2 both, column 3 neither.
#[test]
fn what_is_not_finite_is_so_for_every_rank() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let elements = vec![3.0, 3.0, inf, 3.0, inf, 3.0, 0.0, 0.0, 4.0, nan, nan, 4.0];
    let matrix = Matrix { elements, shape: [3, 4] };
    let cut = Cut { axis: 0, sizes: vec![1, 0, 1, 1] };
    for context in contexts() {
        for norm in norms() {
            for policy in [OnNonFinite::Leave, OnNonFinite::Zero] {
                let projection = Projection::max_norm(1.0, 0).norm_in(norm).on_non_finite(policy);
                let after = run(context, projection, &matrix, &cut).matrix;
                for (i, (x, y)) in matrix.elements.iter().zip(&after.elements).enumerate() {
                    match (i % 4, policy) {
                        (3, _) => assert!(*y == 0.0 || y.abs() < x.abs(), "{norm} {i}: {y}"),
                        (_, OnNonFinite::Zero) => assert_eq!(*y, 0.0, "{norm} {i}"),
                        _ => assert_eq!(x.to_bits(), y.to_bits(), "{norm} {i}"),
                    }
                }
            }
        }
        let parts = matrix.parts(context, &cut);
        let shard = |part| Shard::new(Projection::max_norm(1.0, 0), part).expect("valid");
        let local = parts.iter().map(|part| shard(part).statistics().expect("read"));
        let whole = merged(shard(&parts[0]).none(), &local.collect::<Vec<_>>());
        let norms = whole.norms();
        assert!(norms[0] == f64::INFINITY && norms[1].is_nan() && norms[2].is_nan(), "{norms:?}");
        assert!((norms[3] - 5.0).abs() < 1e-5, "{norms:?}");
    }
}

/// A bias that three ranks hold counts once, and stays the same on all of them.
#[test]
fn copies_count_once() {
    for context in contexts() {
        for norm in norms() {
            let (weights, bias) = ([3.0f32, 1.0, -2.0], [4.0f32, 0.5]);
            let projection = Projection::clip_norm(1.5, Axes::all()).norm_in(norm);
            let upload = |x: &[f32]| context.upload(x, [x.len()]).expect("upload");
            let shard = |part| Shard::new(projection, part).expect("valid");
            let parts = weights.map(|x| upload(&[x]));
            let copies = [upload(&bias), upload(&bias), upload(&bias)];
            let (own, copied) = (parts.each_ref().map(shard), copies.each_ref().map(shard));
            let measure = |shard: &Shard| shard.statistics().expect("read");
            let (own_local, copied_local) =
                (own.each_ref().map(measure), copied.each_ref().map(measure));
            let masked = |rank: usize, shard: &Shard| match rank {
                0 => copied_local[0].clone(),
                _ => shard.none(),
            };
            let sent: Vec<Statistics> =
                copied.iter().enumerate().map(|(rank, shard)| masked(rank, shard)).collect();
            let whole = merged(own[0].none(), own_local.iter().chain(&sent));
            for (shard, local) in own.iter().zip(&own_local).chain(copied.iter().zip(&copied_local))
            {
                shard.apply(local, &whole).expect("applied");
            }
            let first = copies[0].read().expect("read");
            for copy in &copies {
                assert_eq!(copy.read().expect("read"), first);
            }
            let elements: Vec<f32> = weights.into_iter().chain(bias).collect();
            let mut after = row(&elements);
            for (y, part) in after.elements.iter_mut().zip(&parts) {
                *y = part.read().expect("read")[0];
            }
            after.elements[3..].copy_from_slice(&first);
            let cut = Cut { axis: 1, sizes: vec![1, 1, 1, 2] };
            let bounds = run(context, projection, &row(&elements), &cut);
            let outcome = super::ranks::Outcome { matrix: after, ..bounds };
            judge::judge(&projection, &row(&elements), &outcome).expect("all promises hold");
            // Counted three times, it would end further inside than is granted.
            let wrong = merged(own[0].none(), own_local.iter().chain(&copied_local));
            let apart = wrong.norms()[0] / whole.norms()[0] - 1.0;
            assert!(if norm == Norm::Linf { apart == 0.0 } else { apart > 0.1 }, "{norm} {apart}");
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    for context in contexts() {
        let part = context.zeros([4, 6]).expect("zeros");
        let new = |projection| Shard::new(projection, &part);
        for projection in [
            Projection::unit_norm(0),
            Projection::bounds(-1.0, 1.0),
            Projection::simplex(1.0, 0),
            Projection::ball(Norm::L1, 1.0, 0),
            Projection::max_norm(1.0, 0).compat(Compat::Keras),
            Projection::max_norm(1.0, 0).on_non_finite(OnNonFinite::Propagate),
            Projection::max_norm(1.0, 0).on_non_finite(OnNonFinite::Poison),
        ] {
            let error = new(projection).expect_err("it is refused");
            assert!(matches!(error, Error::NotSharded { .. }), "{projection}: {error:?}");
        }
        let radius = new(Projection::max_norm(-1.0, 0)).expect_err("negative");
        assert!(matches!(radius, Error::Radius { radius: -1.0 }), "{radius:?}");
        let axis = new(Projection::max_norm(1.0, 2)).expect_err("a matrix has two");
        assert!(matches!(axis, Error::AxisOutOfRange { axis: 2, .. }), "{axis:?}");
        let shard = new(Projection::max_norm(1.0, 0)).expect("valid");
        let own = shard.none();
        for other in [
            Statistics::none(Norm::L2, DType::F32, 5),
            Statistics::none(Norm::L1, DType::F32, 6),
            Statistics::none(Norm::L2, DType::F64, 6),
        ] {
            let errors =
                [shard.apply(&own, &other), shard.apply(&other, &own), own.clone().merge(&other)];
            for error in errors.map(|result| result.expect_err("of other slices")) {
                assert!(matches!(error, Error::Statistics { .. }), "{error:?}");
            }
        }
    }
}

#[test]
fn nothing_is_projected_of_nothing() {
    for context in contexts() {
        for (shape, slices) in [([0, 3], 3), ([3, 0], 0), ([0, 0], 0)] {
            let part = context.zeros(shape).expect("zeros");
            let shard = Shard::new(Projection::max_norm(1.0, 0), &part).expect("valid");
            let local = shard.statistics().expect("measured");
            assert_eq!(local.norms(), vec![0.0; slices]);
            assert_eq!(local.length() == 0, shape[0] == 0);
            shard.apply(&local, &local).expect("applied");
        }
    }
}
