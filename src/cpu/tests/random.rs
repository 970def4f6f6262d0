//! Random views and what is asked of them.

use crate::Axes;
use crate::layout::Layout;

/// A small generator, so that cases are the same everywhere.
pub(super) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn element(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// A view of random strides with gaps, its axes in random order.
pub(super) fn view(random: &mut Random, shape: &[usize]) -> Layout {
    let mut order: Vec<usize> = (0..shape.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, random.below(i + 1));
    }
    if random.below(2) == 0 {
        order.sort_unstable();
    }
    let gaps = random.below(2) == 0;
    let (mut strides, mut step) = (vec![0; shape.len()], 1);
    for &d in order.iter().rev() {
        step += if gaps && random.below(3) == 0 { random.below(3) } else { 0 };
        strides[d] = step;
        step *= shape[d];
    }
    Layout::strided(shape, strides, random.below(5)).unwrap()
}

pub(super) struct Case {
    pub source: Layout,
    pub target: Layout,
    pub axes: Axes,
    pub data: Vec<f32>,
    pub c: f64,
}

/// Random shapes, views, axes, radii; some slices inside, some outside, some not finite.
pub(super) fn cases(count: usize) -> Vec<Case> {
    let mut random = Random(7);
    (0..count)
        .map(|_| {
            let rank = random.below(6);
            let shape: Vec<usize> =
                (0..rank).map(|_| [1, 2, 3, 5, 9, 40][random.below(6)]).collect();
            let shape = if shape.iter().product::<usize>() > 4000 { vec![70, 33] } else { shape };
            let axes: Vec<i32> = (0..shape.len() as i32).filter(|_| random.below(2) == 0).collect();
            let (source, target) = (view(&mut random, &shape), view(&mut random, &shape));
            let mut data: Vec<f32> = (0..source.end() + 3).map(|_| random.element()).collect();
            if random.below(3) == 0 {
                for _ in 0..3 {
                    let value = [f32::NAN, f32::INFINITY, -0.0, f32::from_bits(0x7f80_0001)];
                    let place = random.below(data.len());
                    data[place] = value[random.below(4)];
                }
            }
            let length: usize = axes.iter().map(|&d| shape[d as usize]).product();
            let scales = [1.0, 0.0, 0.5, 1.0, 1.0, 1e-30, f64::INFINITY];
            let c = scales[random.below(7)] * (length as f64 / 3.0).sqrt();
            Case { source, target, axes: Axes::from(&axes[..]), data, c }
        })
        .collect()
}
