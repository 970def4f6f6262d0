//! Plans of examples, carried out on the host with the addresses of the kernels: every element of an
//! example is summed once into a partial sum of it, and added once to the sum that it belongs to.

use std::collections::{HashMap, HashSet};

use normproj::plan::group::{Companion, GroupPlan, GroupRequest, Member, Sum, Sums};
use normproj::plan::profile::GpuLimits;
use normproj::shader::group::variant::GroupKernel;
use normproj::{Clip, DType, Layout, reference};

use crate::groups::{Device, Place};
use crate::made_up;
use crate::random::Random;

impl Random {
    /// Gradients of some examples and their sums, in some buffers.
    fn examples(&mut self) -> GroupRequest {
        let examples = self.below(12);
        let buffers = 1 + self.below(4);
        let mut ends = vec![0; 2 * buffers];
        let dtypes = self.pick(&[
            [DType::F32; 3],
            [DType::F32, DType::F16, DType::BF16],
            [DType::F64; 3],
            [DType::F64, DType::F32, DType::BF16],
        ]);
        let mut rows = Vec::new();
        let mut tensors = Vec::new();
        for _ in 0..1 + self.below(6) {
            let dtype = self.pick(&dtypes);
            let width = self.below(400);
            let memory = self.below(buffers);
            let batch = self.placed([examples, width], dtype, &mut ends[memory]);
            let row = Layout::strided([width], [batch.strides()[1]], batch.offset());
            let row = row.expect("a row");
            let stride = batch.strides()[0];
            let own = buffers + self.below(buffers);
            let sum = self.placed([1, width], dtype, &mut ends[own]);
            let layout = Layout::strided([width], [sum.strides()[1]], sum.offset()).expect("a row");
            let companion = Companion { layout: row, memory, rate: 1.0 };
            let companion = (examples > 0).then_some(companion);
            tensors.push(Sum { member: Member { layout, memory: own, dtype, companion }, stride });
            rows.push((row, memory, dtype, stride));
        }
        let member =
            |example: usize, (row, memory, dtype, stride): &(Layout, usize, DType, usize)| {
                let layout = row.at(row.offset() + example * stride).expect("inside");
                Member { layout, memory: *memory, dtype: *dtype, companion: None }
            };
        let members = (0..examples)
            .flat_map(|example| rows.iter().map(move |row| member(example, row)))
            .collect();
        let memories = ends.iter().map(|end: &usize| end.next_multiple_of(4) as u64).collect();
        let clip = Clip::each_norm(1.0);
        let sums = Some(Sums { examples, tensors });
        GroupRequest { clip, members, memories, others: Vec::new(), sums }
    }
}

fn bytes(member: &Member, layout: &Layout) -> Vec<usize> {
    reference::places(layout).into_iter().map(|place| member.dtype.size() * place).collect()
}

/// How many dispatches add to sums that are there already.
fn prove(plan: &GroupPlan, limits: &GpuLimits) -> usize {
    let (steps, device) = (plan.steps(), Device { plan, limits });
    let sums = plan.request().sums.as_ref().expect("of examples");
    let tensors = sums.tensors.len();
    let mut examples: HashMap<Place, usize> = HashMap::new();
    for (index, member) in plan.request().members.iter().enumerate() {
        let places = bytes(member, &member.layout);
        examples.extend(places.into_iter().map(|at| ((member.memory, at), index / tensors)));
    }
    let (mut met, mut partials) = (HashSet::new(), HashSet::new());
    for step in steps.steps.iter().filter(|step| step.variant.kernel == GroupKernel::Partial) {
        device.check(step);
        for chunk in steps.chunks_of(step) {
            assert!(partials.insert(chunk.partial));
            for (element, _) in device.run(step, chunk) {
                assert!(met.insert(element), "{element:?} is met twice");
                let [first, count, _] = steps.segments[1 + examples[&element]];
                assert!((first..first + count).contains(&chunk.partial));
            }
        }
    }
    assert_eq!((met.len(), partials.len()), (examples.len(), steps.partials as usize));
    assert_eq!(steps.segments.len(), 1 + sums.examples);
    // Of each element of a sum, where each example has its own.
    let mut wanted: HashMap<Place, Vec<Place>> = HashMap::new();
    for Sum { member, stride } in &sums.tensors {
        // Without examples nothing is added.
        let first = member.companion.map(|first| (first.memory, bytes(member, &first.layout)));
        for (i, at) in bytes(member, &member.layout).into_iter().enumerate() {
            let of_example = |example: usize| {
                let (memory, places) = first.as_ref().expect("there are examples");
                (*memory, places[i] + example * stride * member.dtype.size())
            };
            wanted.insert((member.memory, at), (0..sums.examples).map(of_example).collect());
        }
    }
    let mut added: HashMap<Place, Vec<usize>> = HashMap::new();
    let mut later = 0;
    for step in steps.steps.iter().filter(|step| step.variant.kernel == GroupKernel::Sum) {
        device.check(step);
        later += usize::from(steps.chunks_of(step).iter().any(|chunk| chunk.adds > 0));
        let mut stored = HashSet::new();
        for chunk in steps.chunks_of(step) {
            let first = chunk.verdict as usize - 1;
            let size = step.variant.pack.bytes() as usize * step.variant.width as usize;
            let window = steps.sets[step.set.expect("it adds")][chunk.other_slot as usize].window;
            for (element, other) in device.run(step, chunk) {
                assert!(stored.insert(element), "{element:?} is stored twice at once");
                assert_eq!(added.contains_key(&element), chunk.adds > 0, "{chunk:?}");
                let known = added.entry(element).or_default();
                for row in 0..chunk.rows as usize {
                    let there = (other.0, other.1 + row * size * chunk.stride as usize);
                    assert_eq!(wanted[&element][first + row], there);
                    assert!(there.1 as u64 >= window.offset);
                    assert!((there.1 as u64) < window.offset + window.size, "beyond the window");
                    known.push(first + row);
                }
            }
        }
    }
    assert_eq!(added.len(), wanted.len());
    for mut known in added.into_values() {
        known.sort_unstable();
        assert!(known.into_iter().eq(0..sums.examples));
    }
    later
}

#[test]
fn every_example_is_added_once() {
    let mut random = Random(11);
    let (mut plans, mut later) = (0, 0);
    for _ in 0..30 {
        let (request, limits) = (random.examples(), random.limits());
        let profile = made_up(&limits);
        let chosen = GroupPlan::new(request.clone(), &profile).expect("a valid request");
        later += prove(&chosen, &limits);
        for schedule in GroupPlan::legal_schedules(&profile) {
            let plan = GroupPlan::with_schedule(request.clone(), &profile, schedule);
            later += prove(&plan.expect("a legal schedule"), &limits);
            plans += 1;
        }
    }
    assert!(plans > 100 && later > 10, "{plans} plans, {later} dispatches that add");
}
