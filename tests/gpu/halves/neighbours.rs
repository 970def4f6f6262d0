//! Nothing beside a view is written, wherever it begins and ends in a word of 32 bits, and slices
//! that share words do not disturb each other.

use normproj::{Axes, Layout, Norm, Projection, Request, bf16, f16};

use super::{Half, bits, plans};
use crate::contexts;
use crate::sets::Random;

/// Views of memory of 1,100 elements: shape, strides, offset, axes.
fn views() -> Vec<(Layout, Axes)> {
    let view = |shape: &[usize], strides: &[usize], offset: usize, axes: Axes| {
        (Layout::strided(shape, strides, offset).unwrap(), axes)
    };
    vec![
        view(&[5, 7], &[7, 1], 1, 1.into()),
        view(&[5, 7], &[7, 1], 0, 0.into()),
        view(&[5, 8], &[9, 1], 3, 1.into()),
        view(&[5, 8], &[12, 1], 4, 1.into()),
        view(&[6, 12], &[16, 1], 4, 0.into()),
        view(&[11, 3], &[1, 11], 5, 0.into()),
        view(&[40], &[3], 2, Axes::all()),
        view(&[4, 5, 3], &[50, 3, 1], 7, [0, 2].into()),
        view(&[1], &[1], 9, Axes::all()),
        view(&[33, 17], &[17, 1], 13, 1.into()),
        view(&[33, 17], &[17, 1], 13, 0.into()),
        view(&[501], &[2], 1, Axes::each()),
    ]
}

/// Bits of all kinds, NaN among them, beside the view; in it numbers of about 1.
fn memory<T: Half>(view: &Layout) -> Vec<T> {
    let mut random = Random(21);
    let mut host: Vec<T> =
        (0..1100).map(|_| T::of_bits((random.unit() * 65_536.0) as u16)).collect();
    for place in normproj::reference::places(view) {
        host[place] = T::nearest(random.unit() + 0.5);
    }
    host
}

/// One that scales and one that clamps.
fn projections(axes: Axes) -> [Projection; 2] {
    [Projection::max_norm(0.25, axes), Projection::ball(Norm::Linf, 0.25, axes)]
}

fn in_place<T: Half>() {
    let mut checked = 0;
    for context in contexts().step_by(2) {
        for (view, axes) in views() {
            let host = memory::<T>(&view);
            let inside = normproj::reference::places(&view);
            for projection in projections(axes) {
                let request = Request::in_place(projection, view).of(T::DTYPE);
                for plan in plans(&request, context, checked, 17) {
                    let memory = context.upload_as(&host, [host.len()]).unwrap();
                    let tensor = memory.view(view).unwrap();
                    let _ = context.run(&plan, &tensor, &tensor).unwrap();
                    let found = bits(&memory.read_as::<T>().unwrap());
                    for (place, (found, host)) in found.iter().zip(&host).enumerate() {
                        let here = inside.contains(&place);
                        let what = format!("element {place}: {}", plan.explain());
                        // Every slice is too long, and all of its elements are smaller afterwards.
                        let changed = T::of_bits(*found).into() < (*host).into();
                        assert_eq!(
                            if here { changed } else { *found != host.bits() },
                            here,
                            "{what}"
                        );
                    }
                    checked += 1;
                }
            }
        }
    }
    println!("{checked} views of {} left their neighbours alone", T::DTYPE);
}

#[test]
fn in_place_neighbours_keep_their_bits() {
    in_place::<f16>();
    in_place::<bf16>();
}

/// Out of place into other memory, and into the memory of the source, right behind it.
fn elsewhere<T: Half>() {
    let mut checked = 0;
    for context in contexts().step_by(2) {
        for (shape, axes) in [([5, 7], 1), ([6, 8], 1), ([6, 8], 0), ([1, 1], 0)] {
            let len = shape[0] * shape[1];
            let source = Layout::contiguous(shape).unwrap().at(8).unwrap();
            for offset in [len + 8, len + 9, len + 12] {
                let target = Layout::contiguous(shape).unwrap().at(offset).unwrap();
                let host = memory::<T>(&source);
                for projection in projections(axes.into()) {
                    let request = Request::into(projection, source, target).of(T::DTYPE);
                    for plan in plans(&request, context, checked, 17) {
                        let memory = context.upload_as(&host, [host.len()]).unwrap();
                        let other = context.upload_as(&host, [host.len()]).unwrap();
                        let from = memory.view(source).unwrap();
                        let results = [&memory, &other].map(|to| {
                            let _ = context.run(&plan, &from, &to.view(target).unwrap()).unwrap();
                            bits(&to.read_as::<T>().unwrap())
                        });
                        assert_eq!(results[0], results[1], "{}", plan.explain());
                        for (place, found) in results[0].iter().enumerate() {
                            let here = (offset..offset + len).contains(&place);
                            let kept = *found == host[place].bits();
                            let what = format!("element {place}: {}", plan.explain());
                            if here {
                                let x: f64 = host[place - offset + 8].into();
                                assert!(T::of_bits(*found).into() < x, "{what}");
                            } else {
                                assert!(kept, "{what}");
                            }
                        }
                        checked += 1;
                    }
                }
            }
        }
    }
    println!("{checked} targets of {} left their neighbours alone", T::DTYPE);
}

#[test]
fn out_of_place_neighbours_keep_their_bits() {
    elsewhere::<f16>();
    elsewhere::<bf16>();
}

/// Two million elements in slices of one, three and odd lengths: every word is shared by two slices,
/// and many of them by two workgroups.
#[test]
fn slices_that_share_words_do_not_disturb_each_other() {
    for context in contexts().step_by(2) {
        for (slices, length) in [(200_001, 1), (66_667, 3), (1_001, 201)] {
            let host: Vec<f16> =
                (0..slices * length).map(|i| f16::from_f64(1.0 + (i % 7) as f64)).collect();
            let projection = Projection::max_norm(0.5, 1);
            let layout = Layout::contiguous([slices, length]).unwrap();
            let plan =
                context.plan(&Request::in_place(projection, layout).of(normproj::DType::F16));
            let found = super::run(context, &plan.unwrap(), &host);
            // Slices are alike every seven.
            let period = 7 * length;
            for (i, y) in found.iter().enumerate() {
                assert_eq!(y.to_bits(), found[i % period].to_bits(), "element {i}");
                assert!(*y < host[i]);
            }
        }
    }
}
