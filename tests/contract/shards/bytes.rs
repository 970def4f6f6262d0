//! Statistics as values: merged in any order, and taken through bytes.

use normproj::{Axes, Context, DType, Error, Norm, Projection, Shard, Statistics};

use super::ranks::{Cut, merged};
use super::{case, norms};

fn parts(norm: Norm, scale: f64) -> Vec<Statistics> {
    let context = Context::cpu();
    let (matrix, c) = case::<f32>(norm, Axes::from(0), scale, 5);
    let cut = Cut { axis: 0, sizes: vec![5, 1, 0, 7, 10] };
    let projection = Projection::max_norm(c, 0).norm_in(norm);
    let measure = |part| Shard::new(projection, part).expect("valid").statistics().expect("read");
    matrix.parts(&context, &cut).iter().map(measure).collect()
}

#[test]
fn the_order_of_merges_changes_roundings_alone() {
    for norm in norms() {
        for scale in [1.0, 1e-38, 1e30] {
            let parts = parts(norm, scale);
            let none = || Statistics::none(norm, DType::F32, 19);
            let forward = merged(none(), &parts);
            let backward = merged(none(), parts.iter().rev());
            // A tree.
            let (left, right) = (merged(none(), &parts[..2]), merged(none(), &parts[2..]));
            let tree = merged(left, [&right]);
            for other in [&backward, &tree] {
                assert_eq!((other.length(), other.slices()), (23, 19));
                for (a, b) in forward.norms().into_iter().zip(other.norms()) {
                    assert!((a - b).abs() <= 1e-15 * a, "{norm}: {a:e} and {b:e}");
                }
            }
            // Two of them in either order: the same bits.
            let mut swapped = parts[1].clone();
            swapped.merge(&parts[0]).expect("of the same slices");
            assert_eq!(swapped, merged(parts[0].clone(), [&parts[1]]));
            // None is neutral on both sides.
            assert_eq!(merged(none(), [&parts[0]]), parts[0]);
            assert_eq!(merged(parts[0].clone(), [&none()]), parts[0]);
        }
    }
}

#[test]
fn bytes_are_what_the_table_says() {
    let mut all = merged(Statistics::none(Norm::L2, DType::F32, 19), &parts(Norm::L2, 1.0));
    let bytes = all.to_bytes();
    assert_eq!(bytes.len(), 32 + 19 * 16);
    assert_eq!(bytes.len(), Statistics::bytes(19));
    assert_eq!(Statistics::from_bytes(&bytes), Ok(all.clone()));
    assert_eq!((&bytes[..4], bytes[4]), (&b"nps1"[..], 0));
    assert_eq!(bytes[8..16], 2f64.to_le_bytes());
    assert_eq!(bytes[24..32], 23u64.to_le_bytes());
    let mantissa = f64::from_le_bytes(bytes[32..40].try_into().expect("eight"));
    let exponent = i32::from_le_bytes(bytes[40..44].try_into().expect("four"));
    let square = all.norms()[0].powi(2);
    assert!((mantissa * f64::from(exponent).exp2() / square - 1.0).abs() < 1e-15);
    assert_eq!(bytes[44..48], [0; 4]);
    all.merge(&Statistics::none(Norm::L2, DType::F32, 19)).expect("of the same slices");
    assert_eq!(all.to_bytes(), bytes);
    for dtype in DType::ALL {
        for norm in norms() {
            let none = Statistics::none(norm, dtype, 2);
            assert_eq!(Statistics::from_bytes(&none.to_bytes()), Ok(none));
        }
    }
}

#[test]
fn bytes_that_are_no_statistics_are_refused() {
    let bytes = parts(Norm::L2, 1.0)[0].to_bytes();
    let refused = |at: usize, with: &[u8]| {
        let mut wrong = bytes.clone();
        wrong[at..at + with.len()].copy_from_slice(with);
        Statistics::from_bytes(&wrong).expect_err("these are none")
    };
    let of_slice = [
        refused(32, &f64::NAN.to_le_bytes()),
        refused(32, &2f64.to_le_bytes()),
        refused(32, &(-1f64).to_le_bytes()),
        refused(40, &i32::MAX.to_le_bytes()),
        refused(40, &i32::MIN.to_le_bytes()),
        refused(44, &3u32.to_le_bytes()),
    ];
    let of_head = [
        refused(0, b"npz"),
        refused(4, &9u32.to_le_bytes()),
        refused(16, &f64::NAN.to_le_bytes()),
        refused(16, &1f64.to_le_bytes()),
        Statistics::from_bytes(&bytes[..31]).expect_err("half a head"),
        Statistics::from_bytes(&bytes[..bytes.len() - 1]).expect_err("a part of a slice"),
    ];
    for error in of_slice.iter().chain(&of_head) {
        assert!(matches!(error, Error::Statistics { .. }), "{error:?}");
    }
    let power = refused(8, &(-2f64).to_le_bytes());
    assert!(matches!(power, Error::Power { p: -2.0 }), "{power:?}");
}
