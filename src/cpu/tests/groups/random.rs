//! Random models: arenas, interleaved and permuted views, weights beside them.

use super::super::random::{Random, view};
use super::fault::fault;
use super::naive::expected;
use super::{Case, Place};
use crate::layout::Layout;
use crate::model::{Clip, GivenNorm};
use crate::{Compat, Norm, OnNonFinite};

/// Views of one memory, and its elements.
fn memory(random: &mut Random, index: usize) -> (Vec<f32>, Vec<Place>) {
    let mut places = Vec::new();
    let mut end = random.below(3);
    for _ in 0..random.below(5) {
        if random.below(4) == 0 {
            // The columns of a matrix, dealt to several tensors.
            let (rows, columns) = (1 + random.below(9), 1 + random.below(9));
            let cut = random.below(columns + 1);
            for (first, width) in [(0, cut), (cut, columns - cut)] {
                let view = Layout::strided([rows, width], [columns, 1], end + first).unwrap();
                places.push((index, view));
            }
            end += rows * columns;
            continue;
        }
        let shape: Vec<usize> =
            (0..random.below(4)).map(|_| [0, 1, 2, 3, 7, 30][random.below(6)]).collect();
        let free = view(random, &shape);
        let placed = Layout::strided(&shape, free.strides(), end + free.offset()).unwrap();
        end = placed.end() + random.below(2);
        places.push((index, placed));
    }
    ((0..end + 2).map(|_| random.element()).collect(), places)
}

fn case(random: &mut Random) -> Case {
    let (mut memories, mut members) = (Vec::new(), Vec::new());
    for index in 0..random.below(4) {
        let (elements, places) = memory(random, index);
        memories.push(elements);
        members.extend(places);
    }
    for i in (1..members.len()).rev() {
        members.swap(i, random.below(i + 1));
    }
    let norm = Norm::ALL[random.below(3)];
    let clips = [Clip::global_norm(1.0), Clip::global_norm(1.0), Clip::each_norm(1.0)];
    let others = [Clip::value(-0.25, 0.5), Clip::norms(norm)];
    let clip = [&clips[..], &others[..]].concat()[random.below(5)].norm(norm);
    let mut case = Case::new(clip, memories, members);
    if random.below(3) == 0 {
        decay(random, &mut case);
    }
    if random.below(4) == 0 && !case.members.is_empty() {
        for _ in 0..1 + random.below(2) {
            let memory = case.members[random.below(case.members.len())].0;
            let memory = &mut case.memories[memory];
            let odd = [f32::INFINITY, f32::NEG_INFINITY, f32::from_bits(0xffc1_2345)];
            let place = random.below(memory.len());
            memory[place] = odd[random.below(3)];
        }
    }
    case.clip = case.clip.on_non_finite(OnNonFinite::ALL[random.below(4)]);
    // Half or twice the norm: away from the rim, where rounding decides.
    let whole = expected(&case).verdicts;
    let around = whole[random.below(whole.len())].0;
    let around = if around.is_finite() { around } else { 1.0 };
    let radii = [0.5 * around, 2.0 * around, 0.0, f64::INFINITY, 1e-30];
    case.clip = case.clip.with_radius(radii[random.below(5)]);
    if case.clip.radius().is_some() && random.below(4) == 0 {
        case.clip = case.clip.compat(Compat::Torch);
    }
    if case.clip.is_global() && case.clip.radius().is_some() && random.below(4) == 0 {
        case.clip = case.clip.use_norm(GivenNorm::Host(random.element().abs().into()));
    }
    case
}

/// Weights of some members, in memories of their own or after the gradients.
fn decay(random: &mut Random, case: &mut Case) {
    let shared = random.below(2) == 0;
    let mut weights = Vec::new();
    let count = random.below(case.members.len() + 1);
    for (memory, layout) in &case.members[..count] {
        let free = view(random, layout.shape());
        let (memory, first) = match shared {
            true => (*memory, case.memories[*memory].len()),
            false => (case.memories.len(), 0),
        };
        let place = Layout::strided(layout.shape(), free.strides(), first + free.offset()).unwrap();
        if !shared {
            case.memories.push(Vec::new());
        }
        let elements = &mut case.memories[memory];
        elements.extend((first..place.end() + 1).map(|_| random.element()));
        weights.push((memory, place));
    }
    case.decay = Some((0.125 + 0.5 * f64::from(random.element().abs()), weights));
}

#[test]
fn random_groups_agree_with_plain_arithmetic() {
    let mut random = Random(11);
    let (mut scaled, mut odd) = (0, 0);
    for _ in 0..1500 {
        let case = case(&mut random);
        case.each(|after| assert_eq!(fault(&case, &after), None, "{case:?}"));
        let verdicts = expected(&case).verdicts;
        scaled += usize::from(verdicts.iter().any(|&(_, scale)| scale < 1.0));
        odd += usize::from(!verdicts[0].0.is_finite());
    }
    // The cases are worth their time.
    assert!(scaled > 200 && odd > 100, "{scaled} scaled, {odd} not finite");
}
