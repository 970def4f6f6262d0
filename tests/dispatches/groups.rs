//! Plans of many tensors, carried out on the host with the addresses of the kernels: every element
//! is summed once into a partial sum of its tensor, stored once in every window that is bound, and
//! meets the weights that decay with it.

use std::collections::HashMap;

use normproj::plan::group::{Companion, GroupPlan, GroupRequest, GroupStep, Member};
use normproj::plan::profile::GpuLimits;
use normproj::shader::group::params::Chunk;
use normproj::shader::group::variant::GroupKernel;
use normproj::{Clip, DType, DeviceProfile, Error, Layout, reference};

use crate::made_up;
use crate::random::Random;

/// A memory and a byte of it, where an element begins.
pub type Place = (usize, usize);

/// What a request means: for each element its tensor, and its weight if it decays.
fn expected(request: &GroupRequest) -> HashMap<Place, (usize, Option<Place>)> {
    let mut elements = HashMap::new();
    for (index, member) in request.members.iter().enumerate() {
        let bytes = |layout: &Layout| -> Vec<usize> {
            reference::places(layout).iter().map(|place| member.dtype.size() * place).collect()
        };
        let places = bytes(&member.layout);
        let companion = member.companion.filter(|companion| companion.rate != 0.0);
        let others = companion.map(|c| (c.memory, bytes(&c.layout)));
        for (i, &place) in places.iter().enumerate() {
            let other = others.as_ref().map(|(memory, places)| (*memory, places[i]));
            elements.insert((member.memory, place), (index, other));
        }
    }
    elements
}

pub struct Device<'a> {
    pub plan: &'a GroupPlan,
    pub limits: &'a GpuLimits,
}

impl Device<'_> {
    /// What may be bound in a dispatch.
    pub fn check(&self, step: &GroupStep) {
        let storage = step.variant.bindings().len() - 1;
        assert!(storage <= self.limits.storage_buffers as usize);
        assert!(step.workgroups.iter().all(|&groups| groups <= self.limits.workgroups));
        let Some(set) = step.set else { return };
        let binds = &self.plan.steps().sets[set];
        assert_eq!(binds.len(), step.variant.windows as usize);
        for (i, bind) in binds.iter().enumerate() {
            let window = bind.window;
            assert!(window.size > 0 && window.size <= self.limits.binding_bytes);
            assert_eq!(window.offset % u64::from(self.limits.storage_alignment), 0);
            assert!(window.offset + window.size <= self.plan.request().memories[bind.memory]);
            for other in &binds[i + 1..] {
                let apart = other.window.offset >= window.offset + window.size
                    || window.offset >= other.window.offset + other.window.size;
                assert!(other.memory != bind.memory || apart, "windows overlap");
            }
        }
    }

    /// Memory and byte that a kernel reaches at `at` of a slot, which holds loads of `width`.
    fn element(&self, step: &GroupStep, slot: u32, at: u32, i: u32) -> Place {
        let bind = &self.plan.steps().sets[step.set.expect("it touches tensors")][slot as usize];
        let (width, size) = (step.variant.width, step.variant.pack.bytes());
        // Half of a word is reached through the whole.
        let end = ((at + 1) * width * size).next_multiple_of(4);
        assert!(u64::from(end) <= bind.window.size, "beyond the window");
        (bind.memory, bind.window.offset as usize + ((at * width + i) * size) as usize)
    }

    /// The elements of a chunk and of its weights, in the order of `shaders/run`.
    pub fn run(&self, step: &GroupStep, chunk: &Chunk) -> Vec<(Place, Place)> {
        let mut found = Vec::new();
        let mut take = |at: u32, other: u32, i: u32| {
            let here = self.element(step, chunk.slot, at, i);
            let there = match chunk.rate {
                0.0 => here,
                _ => self.element(step, chunk.other_slot, other, i),
            };
            found.push((here, there));
        };
        if step.variant.width == 1 {
            for i in 0..chunk.length {
                take(
                    chunk.first + self.distance(chunk, i, 1),
                    chunk.other_first + self.distance(chunk, i, 2),
                    0,
                );
            }
            return found;
        }
        let other = |at: u32| (at + chunk.other_first / 4).wrapping_sub(chunk.first / 4);
        let (first, last) = (chunk.first.div_ceil(4), (chunk.first + chunk.length) / 4);
        for at in first..last {
            (0..4).for_each(|i| take(at, other(at), i));
        }
        for lane in 0..2 {
            if let Some(at) = edge_at(chunk, lane) {
                let inside = |e: u32| (chunk.first..chunk.first + chunk.length).contains(&e);
                (0..4).filter(|i| inside(4 * at + i)).for_each(|i| take(at, other(at), i));
            }
        }
        found
    }

    fn distance(&self, chunk: &Chunk, step: u32, stride: u32) -> u32 {
        if chunk.axes == u32::MAX {
            return step;
        }
        let boxes = &self.plan.steps().boxes;
        let (mut rest, mut at) = (chunk.skipped + step, 0);
        for d in (1..=boxes[chunk.axes as usize]).rev() {
            let axis = (chunk.axes + 3 * d - 2) as usize;
            at += rest % boxes[axis] * boxes[axis + stride as usize];
            rest /= boxes[axis];
        }
        at
    }
}

fn edge_at(chunk: &Chunk, lane: u32) -> Option<u32> {
    let end = chunk.first + chunk.length;
    let (before, after) = (chunk.first / 4, end / 4);
    let starts = !chunk.first.is_multiple_of(4);
    match lane {
        0 => starts.then_some(before),
        _ => (!end.is_multiple_of(4) && (after != before || !starts)).then_some(after),
    }
}

fn prove(plan: &GroupPlan, limits: &GpuLimits) {
    let steps = plan.steps();
    let device = Device { plan, limits };
    let expected = expected(plan.request());
    let mut partials = vec![false; steps.partials as usize];
    for kernel in [GroupKernel::Partial, GroupKernel::Rescale, GroupKernel::Clamp] {
        let mut met = HashMap::new();
        let here = steps.steps.iter().filter(|step| step.variant.kernel == kernel);
        let mut any = false;
        for step in here {
            any = true;
            device.check(step);
            let chunks = steps.chunks_of(step);
            assert_eq!(step.variant.precision, steps.precision);
            let size = u64::from(step.variant.pack.bytes());
            let bytes: u64 = chunks.iter().map(|chunk| size * u64::from(chunk.length)).sum();
            assert!(bytes <= limits.dispatch_bytes || chunks.len() == 1);
            for chunk in chunks {
                let loads = chunk.length.div_ceil(step.variant.lanes * step.variant.width);
                assert!(loads <= plan.schedule().expect("a GPU").loads, "{chunk:?}");
                let words = kernel != GroupKernel::Partial && size == 2 && step.variant.width == 4;
                let amid = chunk.first % 2 != 0 || (chunk.first + chunk.length) % 2 != 0;
                assert!(!words || step.variant.shared || !amid, "half of a word is stored");
                for (element, other) in device.run(step, chunk) {
                    let (member, weight) = expected[&element];
                    let dtype = plan.request().members[member].dtype;
                    assert_eq!(step.variant.pack.dtype(), dtype);
                    assert_eq!(met.insert(element, ()), None, "{kernel:?} meets {element:?} twice");
                    assert_eq!(weight.is_some(), chunk.rate != 0.0);
                    assert!(weight.is_none_or(|weight| weight == other));
                    let global = plan.request().clip.is_global();
                    assert_eq!(chunk.verdict as usize, if global { 0 } else { member + 1 });
                    if kernel == GroupKernel::Partial {
                        let [first, count, _] = steps.segments[member + 1];
                        assert!((first..first + count).contains(&chunk.partial));
                    }
                }
                if kernel == GroupKernel::Partial {
                    assert!(!std::mem::replace(&mut partials[chunk.partial as usize], true));
                }
            }
        }
        assert!(!any || met.len() == expected.len(), "{kernel:?} leaves elements out");
    }
    assert!(partials.iter().all(|&written| written) || plan.request().clip.norm_used().is_none());
    for step in steps.steps.iter().filter(|step| step.set.is_none()) {
        device.check(step);
        let groups = u64::from(step.workgroups[0]) * u64::from(step.workgroups[1]);
        assert!(groups >= u64::from(step.params.segments));
    }
}

impl Random {
    /// Tensors side by side, apart or interleaved in some buffers, with or without weights.
    fn group(&mut self) -> GroupRequest {
        let buffers = 1 + self.below(12);
        let mut ends = vec![0; 2 * buffers];
        let mut members = Vec::new();
        let decays = self.below(3) == 0;
        let dtypes = self.pick(&[
            [DType::F32; 3],
            [DType::F16; 3],
            [DType::F32, DType::F16, DType::BF16],
            [DType::F64; 3],
            [DType::F64, DType::F32, DType::F16],
        ]);
        for _ in 0..1 + self.below(24) {
            let dtype = self.pick(&dtypes);
            let shape = [1 + self.below(40), 1 + self.below(60)];
            let shape = if self.below(9) == 0 { [0, 3] } else { shape };
            let memory = self.below(buffers);
            let layout = self.placed(shape, dtype, &mut ends[memory]);
            let companion = (decays && self.below(2) == 0).then(|| {
                let memory = buffers + self.below(buffers);
                let layout = self.placed(shape, dtype, &mut ends[memory]);
                Companion { layout, memory, rate: self.pick(&[0.0, 0.5]) }
            });
            members.push(Member { layout, memory, dtype, companion });
        }
        // Buffers end with a word.
        let end = |end: &usize| (end.next_multiple_of(4) + 4 * self.below(3)) as u64;
        let memories = ends.iter().map(end).collect();
        let clips = [Clip::global_norm(1.0), Clip::each_norm(1.0), Clip::value(-1.0, 1.0)];
        GroupRequest { clip: self.pick(&clips), members, memories, others: Vec::new(), sums: None }
    }

    pub fn placed(&mut self, shape: [usize; 2], dtype: DType, end: &mut usize) -> Layout {
        let first = end.div_ceil(dtype.size()) + self.below(6);
        let pad = if self.below(3) == 0 { self.below(4) } else { 0 };
        let row = shape[1] + pad;
        let layout = match self.below(6) {
            0 => Layout::strided(shape, [1, shape[0].max(1)], first),
            1 => Layout::strided(shape, [2 * row, 2], first),
            _ => Layout::strided(shape, [row.max(1), 1], first),
        };
        let layout = layout.expect("a valid layout");
        *end = dtype.size() * layout.end();
        layout
    }
}

#[test]
fn every_element_of_a_group_is_met_once() {
    let mut random = Random(7);
    let mut plans = 0;
    for _ in 0..80 {
        let (request, limits) = (random.group(), random.limits());
        let profile = made_up(&limits);
        prove(&GroupPlan::new(request.clone(), &profile).expect("a valid request"), &limits);
        for schedule in GroupPlan::legal_schedules(&profile) {
            let plan = GroupPlan::with_schedule(request.clone(), &profile, schedule);
            prove(&plan.expect("a legal schedule"), &limits);
            plans += 1;
        }
    }
    println!("{plans} plans of groups were carried out");
    assert!(plans > 400);
}

#[test]
#[should_panic]
fn an_element_that_is_met_twice_is_noticed() {
    let member = |offset| Member {
        layout: Layout::strided([8], [1], offset).expect("a valid layout"),
        memory: 0,
        dtype: DType::F32,
        companion: None,
    };
    // Requests refuse tensors that share an element; made by hand, this one does.
    let members = vec![member(0), member(7)];
    let request = GroupRequest {
        clip: Clip::each_norm(1.0),
        members,
        memories: vec![64],
        others: Vec::new(),
        sums: None,
    };
    let profile = made_up(&GpuLimits::BROWSER);
    let plan = GroupPlan::new(request, &profile).expect("it is not checked here");
    prove(&plan, &GpuLimits::BROWSER);
}

#[test]
fn requests_made_by_hand_are_refused_and_do_not_panic() {
    let layout = Layout::contiguous([64]).unwrap();
    let member = Member { layout, memory: 0, dtype: DType::F32, companion: None };
    let weights = |shape: &[usize], memory| {
        let layout = Layout::contiguous(shape).unwrap();
        Member { companion: Some(Companion { layout, memory, rate: 1.0 }), ..member }
    };
    let huge = Member { layout: Layout::contiguous([1 << 50]).unwrap(), ..member };
    for profile in [DeviceProfile::browser(), DeviceProfile::native(2)] {
        let plan = |member, bytes, radius| {
            let clip = Clip::global_norm(radius);
            let request = GroupRequest {
                clip,
                members: vec![member],
                memories: vec![bytes],
                others: Vec::new(),
                sums: None,
            };
            GroupPlan::new(request, &profile).err()
        };
        assert_eq!(plan(member, 256, 1.0), None);
        let elsewhere = plan(Member { memory: 3, ..member }, 256, 1.0);
        assert!(matches!(elsewhere, Some(Error::PlanMismatch { .. })), "{elsewhere:?}");
        let elsewhere = plan(weights(&[64], 1), 256, 1.0);
        assert!(matches!(elsewhere, Some(Error::PlanMismatch { .. })), "{elsewhere:?}");
        let short = Some(Error::OutOfBounds { needed: 256, available: 255 });
        assert_eq!(plan(member, 255, 1.0), short);
        let shape = plan(weights(&[], 0), 256, 1.0);
        assert!(matches!(shape, Some(Error::Shape { .. })), "{shape:?}");
        assert_eq!(plan(member, 256, -1.0), Some(Error::Radius { radius: -1.0 }));
        let huge = plan(huge, u64::MAX, 1.0);
        assert!(matches!(huge, Some(Error::Unsupported { .. })), "{huge:?}");
    }
}
