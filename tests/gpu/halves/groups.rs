//! Clips of many tensors of several dtypes, in one memory and apart, whatever words they share.

use normproj::plan::group::{GroupPlan, GroupRequest};
use normproj::{
    Clip, Context, DType, DeviceBuffer, Group, GroupReport, Layout, Model, Norm, Rounding, bf16,
    f16, reference,
};

use super::Half;
use crate::contexts;
use crate::sets::Random;
use crate::truth::norm_of;

/// A tensor in a memory of halves of words.
#[derive(Clone, Copy)]
pub struct Tensor {
    pub dtype: DType,
    pub layout: Layout,
}

fn tensor(dtype: DType, shape: &[usize], strides: &[usize], offset: usize) -> Tensor {
    Tensor { dtype, layout: Layout::strided(shape, strides, offset).unwrap() }
}

const MEMORY: usize = 9000;

/// Side by side and interleaved, beginning and ending amid words.
pub fn odd() -> Vec<Tensor> {
    vec![
        tensor(DType::F16, &[33], &[1], 1),
        tensor(DType::F16, &[7], &[1], 34),
        tensor(DType::BF16, &[1], &[1], 41),
        tensor(DType::BF16, &[2], &[1], 42),
        tensor(DType::F32, &[60], &[1], 22),
        tensor(DType::F16, &[3, 5], &[14, 2], 201),
        tensor(DType::BF16, &[3, 5], &[14, 2], 202),
        tensor(DType::F32, &[3, 5], &[7, 1], 150),
        tensor(DType::F16, &[2047], &[1], 1001),
        tensor(DType::BF16, &[4099], &[1], 3048),
        tensor(DType::F16, &[6], &[3], 8001),
    ]
}

/// In whole loads, as most models are.
pub fn even() -> Vec<Tensor> {
    vec![
        tensor(DType::F16, &[32], &[1], 8),
        tensor(DType::BF16, &[4096], &[1], 40),
        tensor(DType::F32, &[16, 8], &[8, 1], 2500),
        tensor(DType::F16, &[10], &[1], 7000),
        tensor(DType::BF16, &[22], &[1], 7010),
    ]
}

/// Those of them that lie in loads of four, but for their ends.
fn runs() -> Vec<Tensor> {
    odd().into_iter().filter(|tensor| tensor.layout.is_contiguous()).collect()
}

/// What is in the memory: noise, but in the tensors numbers of about 1.
pub fn host(tensors: &[Tensor]) -> Vec<u16> {
    let mut random = Random(3);
    let mut memory: Vec<u16> = (0..MEMORY).map(|_| (random.unit() * 65_536.0) as u16).collect();
    for tensor in tensors {
        for place in reference::places(&tensor.layout) {
            put(&mut memory, tensor.dtype, place, 3.0 * random.unit() - 1.5);
        }
    }
    memory
}

fn put(memory: &mut [u16], dtype: DType, place: usize, x: f64) {
    match dtype {
        DType::F16 => memory[place] = f16::nearest(x).bits(),
        DType::BF16 => memory[place] = bf16::nearest(x).bits(),
        _ => {
            let bits = (x as f32).to_bits();
            (memory[2 * place], memory[2 * place + 1]) = (bits as u16, (bits >> 16) as u16);
        }
    }
}

fn get(memory: &[u16], dtype: DType, place: usize) -> f64 {
    match dtype {
        DType::F16 => f16::of_bits(memory[place]).into(),
        DType::BF16 => bf16::of_bits(memory[place]).into(),
        _ => {
            let [low, high] = [memory[2 * place], memory[2 * place + 1]].map(u32::from);
            f32::from_bits(low | high << 16).into()
        }
    }
}

pub fn elements(memory: &[u16], tensor: &Tensor) -> Vec<f64> {
    let places = reference::places(&tensor.layout).into_iter();
    places.map(|place| get(memory, tensor.dtype, place)).collect()
}

pub fn rounded(dtype: DType, rounding: Rounding, x: f64) -> f64 {
    match (dtype, rounding) {
        (DType::F16, Rounding::TowardZero) => f16::toward_zero(x).into(),
        (DType::BF16, Rounding::TowardZero) => bf16::toward_zero(x).into(),
        (DType::F16, _) => f16::nearest(x).into(),
        (DType::BF16, _) => bf16::nearest(x).into(),
        _ => f64::from(x as f32),
    }
}

/// The same memory on the device, as one buffer or as one for each tensor.
pub struct Device {
    memories: Vec<DeviceBuffer>,
    pub model: Model,
}

impl Device {
    pub fn new(context: &Context, tensors: &[Tensor], memory: &[u16], apart: bool) -> Self {
        let halves: Vec<bf16> = memory.iter().map(|&bits| bf16::from_bits(bits)).collect();
        let upload = || context.upload_as(&halves, [MEMORY]).unwrap();
        let memories: Vec<_> =
            (0..if apart { tensors.len() } else { 1 }).map(|_| upload()).collect();
        let view = |(i, tensor): (usize, &Tensor)| {
            memories[if apart { i } else { 0 }].view_as(tensor.layout, tensor.dtype).unwrap()
        };
        let views: Vec<DeviceBuffer> = tensors.iter().enumerate().map(view).collect();
        Device { model: Model::unnamed(context, &views).unwrap(), memories }
    }

    /// What the memory holds now; where there are several, each has its own tensor.
    pub fn read(&self, tensors: &[Tensor], before: &[u16]) -> Vec<u16> {
        let read = |memory: &DeviceBuffer| super::bits(&memory.read_as::<bf16>().unwrap());
        if self.memories.len() == 1 {
            return read(&self.memories[0]);
        }
        let mut all = before.to_vec();
        for (tensor, memory) in tensors.iter().zip(&self.memories) {
            let found = read(memory);
            let per = tensor.dtype.size() / 2;
            let own = reference::places(&tensor.layout).into_iter();
            let own: Vec<usize> = own.flat_map(|place| per * place..per * place + per).collect();
            for (i, (found, before)) in found.iter().zip(before).enumerate() {
                assert!(own.contains(&i) || found == before, "{i}");
            }
            own.into_iter().for_each(|i| all[i] = found[i]);
        }
        all
    }
}

/// The chosen plan, and some that could have been.
fn plans(request: &GroupRequest, context: &Context) -> Vec<GroupPlan> {
    let profile = context.profile();
    let legal = GroupPlan::legal_schedules(profile).into_iter().step_by(5);
    let forced =
        legal.map(|forced| GroupPlan::with_schedule(request.clone(), profile, forced).unwrap());
    forced.chain([GroupPlan::new(request.clone(), profile).unwrap()]).collect()
}

/// A clip of tensors in one memory or apart.
struct Case<'a> {
    context: &'a Context,
    tensors: &'a [Tensor],
    clip: Clip,
    global: bool,
    rounding: Rounding,
    apart: bool,
}

impl Case<'_> {
    /// Carries out every plan twice, and gives their number.
    fn check(&self) -> usize {
        let before = host(self.tensors);
        let device = || Device::new(self.context, self.tensors, &before, self.apart);
        let request = GroupRequest::new(self.clip, &device().model, None).unwrap();
        let plans = plans(&request, self.context);
        for plan in &plans {
            let device = device();
            let group = Group::from_plan(plan.clone(), &device.model, None, None).unwrap();
            let report = group.run().unwrap().wait().unwrap();
            let after = device.read(self.tensors, &before);
            let norms: Vec<f64> = report.tensors().map(|(_, verdict)| verdict.norm).collect();
            self.compare(plan, &norms, &before, &after);
            let again = group.run().unwrap().wait().unwrap();
            assert_eq!(device.read(self.tensors, &before), after, "twice: {}", self.explain(plan));
            self.check_norms(plan, &again);
        }
        plans.len()
    }

    fn explain(&self, plan: &GroupPlan) -> String {
        format!("{}\n{}", self.context.describe(), plan.explain())
    }

    /// The elements are those of the formula, and nothing beside them has changed.
    fn compare(&self, plan: &GroupPlan, norms: &[f64], before: &[u16], after: &[u16]) {
        let all: Vec<f64> = self.tensors.iter().flat_map(|t| elements(before, t)).collect();
        let kappa = plan.margin().kappa;
        let mut beside = vec![true; MEMORY];
        for (tensor, norm) in self.tensors.iter().zip(norms) {
            let (x, y) = (elements(before, tensor), elements(after, tensor));
            let own = norm_of(Norm::L2, &x);
            assert!((norm / own - 1.0).abs() < kappa, "{}", self.explain(plan));
            let n = if self.global { norm_of(Norm::L2, &all) } else { own };
            for (x, y) in x.iter().zip(&y) {
                let t = x * n.recip().min(1.0);
                let error = 3.0 * kappa * t.abs();
                let of = |x: f64| rounded(tensor.dtype, self.rounding, x);
                let lies = (of(t - error)..=of(t + error)).contains(y);
                assert!(lies, "{x:e} → {y:e}, not {t:e}: {}", self.explain(plan));
            }
            let halves = tensor.dtype.size() / 2;
            for place in reference::places(&tensor.layout) {
                beside[halves * place..halves * place + halves].fill(false);
            }
        }
        let changed = (0..MEMORY).find(|&i| beside[i] && before[i] != after[i]);
        assert_eq!(changed, None, "{}", self.explain(plan));
    }

    /// Norms afterwards: at most 1, and what rounding to nearest adds.
    fn check_norms(&self, plan: &GroupPlan, report: &GroupReport) {
        let room = |tensors: &[Tensor]| {
            let grains = tensors.iter().map(|tensor| tensor.dtype.grain());
            let relative = grains.clone().map(|grain| grain.relative).fold(0.0, f64::max);
            let ones = tensors.iter().zip(grains).filter(|(_, grain)| grain.absolute > 0.0);
            let ones: usize = ones.map(|(tensor, _)| tensor.layout.len()).sum();
            match self.rounding {
                Rounding::TowardZero => 0.0,
                _ => relative + (ones as f64).sqrt() * 2f64.powi(-25),
            }
        };
        let most = |tensors: &[Tensor]| (1.0 + room(tensors)) * (1.0 + plan.margin().sigma);
        if self.global {
            let total = report.total().norm;
            assert!(total <= most(self.tensors), "{total}: {}", self.explain(plan));
        }
        for (tensor, (_, verdict)) in self.tensors.iter().zip(report.tensors()) {
            let most = most(std::slice::from_ref(tensor));
            let norm = verdict.norm;
            assert!(self.global || norm <= most, "{norm}: {}", self.explain(plan));
        }
    }
}

#[test]
fn clips_of_mixed_dtypes() {
    for context in contexts() {
        let mut checked = 0;
        for (tensors, apart) in [(odd(), false), (runs(), true), (even(), false), (runs(), false)] {
            for (clip, global) in [(Clip::global_norm(1.0), true), (Clip::each_norm(1.0), false)] {
                for rounding in [Rounding::Feasible, Rounding::TowardZero] {
                    let (tensors, clip) = (&tensors, clip.rounding(rounding));
                    let case = Case { context, tensors, clip, global, rounding, apart };
                    checked += case.check();
                }
            }
        }
        println!("{checked} clips were right on {}", context.describe());
    }
}
