//! A device on the host: an element is a number, an accumulator the sum of the numbers that it
//! covers, and every access is checked.

use std::cell::Cell;

use normproj::plan::gpu::steps::{Step, Steps, state_bytes, summary_bytes};
use normproj::plan::profile::GpuLimits;
use normproj::plan::request::Output;
use normproj::shader::variant::{Kernel, SetKind, Storage, Verdict};
use normproj::{Layout, Precision, Request, reference};

use crate::place::{at_place, met};
use crate::radii::Radii;
use crate::sums::{Sums, add, number, read, write};
use crate::walk::{Place, Walker};

/// What memory holds that was never written.
const GARBAGE: u64 = 0xdead_beef_dead_beef;

pub struct Device<'a> {
    request: &'a Request,
    limits: &'a GpuLimits,
    /// The element at each place, if there is one.
    source: Vec<Option<usize>>,
    target: Vec<Option<usize>>,
    /// The same of the direction, and which of its elements each element meets.
    direction: Vec<Option<usize>>,
    met: Vec<usize>,
    slice_of: Vec<usize>,
    radii: Radii,
    /// What the sum of each slice must be.
    expected: Vec<u64>,
    /// How often each element was loaded by a reduction, and stored.
    loaded: Vec<Cell<u32>>,
    stored: Vec<u32>,
    /// How often each element was loaded by a search, and how many rounds its slice has gone.
    sought: Vec<Cell<u32>>,
    states: Vec<u64>,
    norms: Vec<u32>,
    reported: Vec<u32>,
    partials: Vec<u64>,
    verdicts: Vec<u64>,
    summaries: Vec<u32>,
}

impl<'a> Device<'a> {
    pub fn new(request: &'a Request, limits: &'a GpuLimits, steps: &Steps) -> Self {
        let slices = reference::slices(request.axes(), request.source.shape()).expect("valid axes");
        let elements = request.source.len();
        let mut slice_of = vec![0; elements];
        for (slice, members) in slices.iter().enumerate() {
            members.iter().for_each(|&element| slice_of[element] = slice);
        }
        let memory = |layout: &Layout| {
            let mut memory = vec![None; layout.end()];
            for (element, place) in reference::places(layout).into_iter().enumerate() {
                memory[place] = Some(element);
            }
            memory
        };
        let written = match &request.output {
            Output::Into(layout) => layout,
            _ => &request.source,
        };
        let sum = |members: &Vec<usize>| members.iter().fold(0, |a, &e| number(e).wrapping_add(a));
        let words = steps
            .steps
            .first()
            .map_or(3, |step| step.variant.norm.accumulator_words(Precision::Single));
        let sums = |bytes: u64| vec![GARBAGE; (bytes / u64::from(4 * words)) as usize];
        let none = Layout::contiguous([0]).expect("small");
        let along = request.direction.unwrap_or(none);
        let met = match request.direction {
            Some(along) => met(request.source.shape(), along.shape()),
            None => Vec::new(),
        };
        Device {
            request,
            limits,
            source: memory(&request.source),
            target: memory(written),
            direction: memory(&along),
            met,
            slice_of,
            radii: Radii::new(request, slices.len()),
            expected: slices.iter().map(sum).collect(),
            loaded: vec![Cell::new(0); elements],
            stored: vec![0; elements],
            sought: vec![Cell::new(0); elements],
            states: vec![GARBAGE; (steps.state_bytes / state_bytes(Precision::Single)) as usize],
            norms: vec![0; slices.len()],
            reported: vec![0; slices.len()],
            partials: sums(steps.partial_bytes),
            verdicts: sums(steps.verdict_bytes),
            summaries: vec![0; (steps.summary_bytes / summary_bytes(Precision::Single)) as usize],
        }
    }

    pub fn run(&mut self, step: &Step) {
        assert!(step.workgroups.iter().all(|n| (1..=self.limits.workgroups).contains(n)));
        assert!(step.variant.lanes() <= self.limits.invocations);
        let windows =
            [step.source, step.target, step.direction, step.norms, step.radii, step.uppers];
        for window in windows.into_iter().flatten() {
            assert_eq!(window.offset % u64::from(self.limits.storage_alignment), 0);
            assert!(window.size <= self.limits.binding_bytes, "{window:?}");
        }
        let groups = step.workgroups[0] * step.workgroups[1];
        for group in 0..groups {
            match step.variant.kernel {
                Kernel::Resident | Kernel::AlongResident => self.whole(step, group),
                Kernel::Streamed => self.whole(step, group),
                Kernel::Partial | Kernel::ShrinkPartial | Kernel::AlongPartial => {
                    self.partial(step, group);
                }
                Kernel::ShrinkDecide => self.shrink_decide(step, group),
                Kernel::Decide => self.decide(step, group),
                Kernel::Rescale | Kernel::AlongRescale => self.rescale(step, group, groups),
                Kernel::Summary => self.summary(step, group),
                Kernel::Claim | Kernel::Release => panic!("there are no indices here"),
            }
        }
    }

    /// Everything that was asked for was done, once.
    pub fn finish(&self) {
        let once =
            |counts: &[u32], times| assert!(counts.iter().all(|&n| n == times), "{counts:?}");
        let norms = matches!(self.request.output, Output::Norms(_));
        self.loaded.iter().for_each(|n| assert_eq!(n.get(), 1));
        let sought = self.sought.first().map_or(0, Cell::get);
        self.sought.iter().for_each(|n| assert_eq!(n.get(), sought));
        once(&self.stored, u32::from(!norms));
        once(&self.norms, u32::from(norms));
        if !self.stored.is_empty() {
            once(&self.reported, u32::from(self.request.report));
        }
        once(&self.summaries, 1);
    }

    /// Whole slices, held in registers or read again.
    fn whole(&mut self, step: &Step, group: u32) {
        let walk = Walker { variant: &step.variant, params: &step.params };
        let fan = step.variant.fan;
        let held = match step.variant.kernel {
            Kernel::Streamed => step.params.steps.div_ceil(fan),
            _ => step.variant.held,
        };
        let steps = |position| {
            (0..held).map(move |i| position + i * fan).filter(|&at| at < step.params.steps)
        };
        let placed = |lane| (walk.place(group, lane), walk.fan_position(lane));
        let totals = self.reduce(&walk, |device, lane| {
            let (here, position) = placed(lane);
            let steps = steps(position).filter(|_| here.inside);
            steps.fold([0; 4], |sum, at| add(sum, device.load(step, &walk, here, at)))
        });
        for (lane, total) in totals.into_iter().enumerate() {
            let (here, position) = placed(lane as u32);
            if here.inside && position == 0 {
                self.settle(step, here.slice, total);
            }
            if here.inside {
                self.radii.check(step, here.slice, walk.slices());
            }
            if here.inside && step.variant.storage != Storage::ReadOnly {
                steps(position).for_each(|at| self.store(step, &walk, here, at, total));
            }
        }
    }

    fn partial(&mut self, step: &Step, group: u32) {
        let walk = Walker { variant: &step.variant, params: &step.params };
        let params = &step.params;
        let (chunk, tile) = (group / params.tiles, group % params.tiles);
        let active = |here: Place| here.inside && chunk < params.chunks;
        let totals = self.reduce(&walk, |device, lane| {
            let here = walk.place(tile, lane);
            if !active(here) {
                return [0; 4];
            }
            device.radii.check(step, here.slice, walk.slices());
            let first = chunk * params.chunk + walk.fan_position(lane);
            let last = (chunk * params.chunk + params.chunk).min(params.steps);
            let steps = (first..last).step_by(step.variant.fan as usize);
            steps.fold([0; 4], |sum, at| add(sum, device.load(step, &walk, here, at)))
        });
        for (lane, total) in totals.into_iter().enumerate() {
            let here = walk.place(tile, lane as u32);
            if active(here) && walk.fan_position(lane as u32) == 0 {
                let at = (params.first_chunk + chunk) * params.slices + here.slice;
                write(&mut self.partials, at, walk.slices(), total);
            }
        }
    }

    fn decide(&mut self, step: &Step, group: u32) {
        let (params, tile) = (&step.params, step.variant.tile);
        let width = Walker { variant: &step.variant, params }.slices();
        for lane in 0..tile {
            let slice = (group * tile + lane) * width;
            if slice < params.slices {
                let total = (0..params.partials).fold([0; 4], |sum, i| {
                    add(sum, read(&self.partials, i * params.slices + slice, width))
                });
                self.settle(step, slice, total);
            }
        }
    }

    fn shrink_decide(&mut self, step: &Step, group: u32) {
        let (params, tile) = (&step.params, step.variant.tile);
        let width = Walker { variant: &step.variant, params }.slices();
        for lane in 0..tile {
            let slice = (group * tile + lane) * width;
            if slice < params.slices {
                self.radii.check(step, slice, width);
                let total = (0..params.partials).fold([0; 4], |sum, i| {
                    add(sum, read(&self.partials, i * params.slices + slice, width))
                });
                assert_eq!(total, read(&self.verdicts, slice, width), "another slice's tally");
                let rounds = read(&self.states, slice, width).map(|n| n.wrapping_add(1));
                write(&mut self.states, slice, width, rounds);
            }
        }
    }

    fn rescale(&mut self, step: &Step, group: u32, groups: u32) {
        let walk = Walker { variant: &step.variant, params: &step.params };
        let (params, fan) = (&step.params, step.variant.fan);
        let count = params.tiles * params.chunks;
        assert!(count <= groups);
        if group >= count {
            return;
        }
        let (chunk, tile) =
            ((count - 1 - group) / params.tiles, (count - 1 - group) % params.tiles);
        for lane in 0..step.variant.lanes() {
            let (here, position) = (walk.place(tile, lane), walk.fan_position(lane));
            if !here.inside {
                continue;
            }
            self.radii.check(step, here.slice, walk.slices());
            let sums = if step.decided { &self.verdicts } else { &self.partials };
            let total = (0..params.partials).fold([0; 4], |sum, i| {
                add(sum, read(sums, i * params.slices + here.slice, walk.slices()))
            });
            if position == 0 && params.first_chunk + chunk == 0 {
                self.settle(step, here.slice, total);
            }
            if step.variant.set == SetKind::Shrink {
                let rounds = read(&self.states, here.slice, walk.slices());
                let most = u64::from(usize::BITS - self.length().leading_zeros() + 16);
                assert!(rounds[..walk.slices() as usize].iter().all(|&n| n == most), "{rounds:?}");
            }
            let first = chunk * params.chunk + position;
            let last = (chunk * params.chunk + params.chunk).min(params.steps);
            if first >= last {
                continue;
            }
            let mut at = first + (last - 1 - first) / fan * fan;
            loop {
                self.store(step, &walk, here, at, total);
                if at < first + fan {
                    break;
                }
                at -= fan;
            }
        }
    }

    fn summary(&mut self, step: &Step, group: u32) {
        let params = &step.params;
        let width = Walker { variant: &step.variant, params }.slices();
        let lanes = step.variant.lanes();
        for index in (group * lanes..(group + 1) * lanes).filter(|&i| i < params.summaries) {
            let mut slice = index * width;
            while slice < params.slices {
                self.radii.check(step, slice, width);
                let sums = read(&self.verdicts, slice, width);
                for i in 0..width {
                    let logical = (params.first_norm + slice + i) as usize;
                    assert_eq!(sums[i as usize], self.expected[logical], "slice {logical}");
                    self.reported[logical] += 1;
                }
                slice += params.summaries * width;
            }
            self.summaries[(params.first_summary + index) as usize] += 1;
        }
    }

    /// The elements of a slice.
    fn length(&self) -> usize {
        self.slice_of.len() / self.expected.len().max(1)
    }

    /// The totals of all lanes, each that of its fan.
    fn reduce(&self, walk: &Walker<'_>, own: impl Fn(&Self, u32) -> Sums) -> Vec<Sums> {
        let lanes = walk.variant.lanes();
        let mut totals = vec![[0; 4]; lanes as usize];
        for lane in 0..lanes {
            let leader = walk.leader(lane) as usize;
            totals[leader] = add(totals[leader], own(self, lane));
        }
        (0..lanes).map(|lane| totals[walk.leader(lane) as usize]).collect()
    }

    fn load(&self, step: &Step, walk: &Walker<'_>, here: Place, at: u32) -> Sums {
        let mut sums = [0u64; 4];
        for i in 0..walk.width() {
            let element = at_place(&self.source, step.source, walk, walk.at(here, at).0, i);
            self.check_direction(step, walk, here, at, i, element);
            let count = match step.variant.kernel {
                Kernel::ShrinkPartial => &self.sought[element],
                _ => &self.loaded[element],
            };
            count.set(count.get() + 1);
            let slice = i as usize % walk.slices() as usize;
            sums[slice] = sums[slice].wrapping_add(number(element));
        }
        sums
    }

    fn store(&mut self, step: &Step, walk: &Walker<'_>, here: Place, at: u32, total: Sums) {
        let into = step.variant.storage == Storage::Into;
        let window = if into { step.target } else { step.source };
        for i in 0..walk.width() {
            let (from, to) = walk.at(here, at);
            let to = if into { to } else { from };
            let element = at_place(&self.target, window, walk, to, i);
            let source = at_place(&self.source, step.source, walk, from, i);
            assert_eq!(source, element, "another element's value");
            self.check_direction(step, walk, here, at, i, element);
            let sum = total[i as usize % walk.slices() as usize];
            assert_eq!(sum, self.expected[self.slice_of[element]], "decided by another sum");
            self.stored[element] += 1;
        }
    }

    /// Part `i` of the load of the direction belongs to the element.
    fn check_direction(
        &self,
        step: &Step,
        walk: &Walker<'_>,
        here: Place,
        at: u32,
        i: u32,
        element: usize,
    ) {
        if step.variant.kernel.touches_direction() {
            let load = walk.direction_at(walk.direction_of(here), at);
            let found = at_place(&self.direction, step.direction, walk, load, i);
            assert_eq!(found, self.met[element], "another element's direction");
        }
    }

    fn settle(&mut self, step: &Step, slice: u32, total: Sums) {
        let width = Walker { variant: &step.variant, params: &step.params }.slices();
        match step.variant.verdict {
            Verdict::None => {}
            Verdict::Store => write(&mut self.verdicts, slice, width, total),
            Verdict::Begin => {
                self.radii.check(step, slice, width);
                write(&mut self.verdicts, slice, width, total);
                write(&mut self.states, slice, width, [0; 4]);
            }
            Verdict::Norm => {
                let window = step.norms.expect("a window of norms");
                for i in 0..width {
                    let place = u64::from(step.params.first_norm + slice + i);
                    assert!(4 * place + 4 <= window.size, "a norm outside its window");
                    let offset = self.request.target().offset() as u64;
                    let logical = (window.offset / 4 + place - offset) as usize;
                    assert_eq!(total[i as usize], self.expected[logical], "norm {logical}");
                    self.norms[logical] += 1;
                }
            }
        }
    }
}
