//! Clips of tensors of every dtype, alone and mixed in one group, by the schedule that is chosen: its programs
//! differ from those of f32 in what they load, store and compute with.

use normproj::plan::group::{GroupPlan, GroupRequest};
use normproj::plan::margin::Margin;
use normproj::reference::Elements;
use normproj::{Clip, Context, DType, Group, Layout, Model, Norm, Result, bf16, f16, reference};

use super::Outcome;
use super::compare::{Found, same_bits};
use super::family::serves;
use super::tasks::Task;

/// Nothing, or what was wrong.
type Held = std::result::Result<(), String>;

/// Elements of the tensors, which lie side by side and share words.
const SIZES: [usize; 4] = [1003, 7, 4001, 1];
/// Bytes before a tensor that belong to nobody, as the first of its elements.
const GAP: usize = 3;

/// The dtypes of the tensors of a group.
#[derive(Clone, Copy)]
struct Mixture {
    name: &'static str,
    dtypes: [DType; 4],
}

/// Each dtype but f32 alone, and groups of several.
fn mixtures(context: &Context) -> Vec<Mixture> {
    use DType::{BF16, F16, F32, F64};
    let all = [
        Mixture { name: "f16", dtypes: [F16; 4] },
        Mixture { name: "bf16", dtypes: [BF16; 4] },
        Mixture { name: "f64", dtypes: [F64; 4] },
        Mixture { name: "f32 with 16 bits", dtypes: [F32, F16, BF16, F32] },
        Mixture { name: "f64 with others", dtypes: [F64, F16, F32, BF16] },
    ];
    let served = |mixture: &Mixture| mixture.dtypes.iter().all(|&dtype| serves(context, dtype));
    all.into_iter().filter(served).collect()
}

fn clips() -> Result<Vec<Clip>> {
    let lp = Norm::lp(3.5)?;
    Ok(vec![
        Clip::global_norm(0.5),
        Clip::global_norm(1e3),
        Clip::global_norm(0.5).norm(Norm::L1),
        Clip::global_norm(0.25).norm(Norm::Linf),
        Clip::each_norm(0.25),
        Clip::each_norm(0.25).norm(lp),
        Clip::norms(lp),
        Clip::value(-0.5, 0.75),
    ])
}

/// Every clip of every mixture that a device has the dtypes of.
pub fn tasks(context: &Context) -> Result<Vec<Task<'static>>> {
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for mixture in mixtures(context) {
        for clip in clips()? {
            tasks.push(Box::new(move |context| Ok(vec![examine(context, &mixture, clip)?])));
        }
    }
    Ok(tasks)
}

fn examine(context: &Context, mixture: &Mixture, clip: Clip) -> Result<Outcome> {
    let memory = Memory::new(mixture)?;
    let (found, kappa) = match memory.trial(context, clip) {
        Ok(done) => done,
        Err(error) => (Err(error.to_string()), 0.0),
    };
    Ok(Outcome {
        case: mixture.name,
        shape: vec![memory.tensors.len()],
        axes: "of tensors".to_string(),
        form: clip.to_string(),
        schedule: "as chosen".to_string(),
        kappa,
        error: found.as_ref().copied().unwrap_or(0.0),
        mismatch: found.err(),
    })
}

/// An arena, and what lies where in it.
#[derive(Clone)]
struct Memory {
    bytes: Vec<u8>,
    tensors: Vec<(Layout, DType)>,
}

impl Memory {
    fn new(mixture: &Mixture) -> Result<Self> {
        let (mut tensors, mut end) = (Vec::new(), 0usize);
        for (size, dtype) in SIZES.into_iter().zip(mixture.dtypes) {
            let first = (end + GAP).div_ceil(dtype.size());
            let layout = Layout::strided([size], [1], first)?;
            end = dtype.size() * layout.end();
            tensors.push((layout, dtype));
        }
        // What is between them is NaN in every dtype.
        let mut memory = Memory { bytes: vec![0xff; end.next_multiple_of(8) + 8], tensors };
        for (tensor, (layout, dtype)) in memory.tensors.clone().into_iter().enumerate() {
            for (i, at) in (layout.offset()..layout.end()).enumerate() {
                // From -1 to 1, without a pattern that lanes or chunks could share.
                let hash = (i as u32 + 7919 * tensor as u32).wrapping_mul(0x9e37_79b1) >> 8;
                memory.set(dtype, at, f64::from(hash) / f64::from(1 << 23) - 1.0);
            }
        }
        Ok(memory)
    }

    fn set(&mut self, dtype: DType, at: usize, value: f64) {
        let mut put = |bytes: &[u8]| {
            self.bytes[at * bytes.len()..(at + 1) * bytes.len()].copy_from_slice(bytes);
        };
        match dtype {
            DType::F16 => put(&f16::from_f64(value).to_le_bytes()),
            DType::BF16 => put(&bf16::from_f64(value).to_le_bytes()),
            DType::F64 => put(&value.to_le_bytes()),
            _ => put(&(value as f32).to_le_bytes()),
        }
    }

    fn words(&self) -> Vec<f32> {
        bytemuck::pod_collect_to_vec(&self.bytes)
    }

    /// The elements of each tensor.
    fn elements(&self) -> Vec<Elements> {
        let of = |&(layout, dtype): &(Layout, DType)| {
            let bytes = &self.bytes[dtype.size() * layout.offset()..dtype.size() * layout.end()];
            match dtype {
                DType::F16 => Elements::of(&bytemuck::pod_collect_to_vec::<u8, f16>(bytes)),
                DType::BF16 => Elements::of(&bytemuck::pod_collect_to_vec::<u8, bf16>(bytes)),
                DType::F64 => Elements::of(&bytemuck::pod_collect_to_vec::<u8, f64>(bytes)),
                _ => Elements::of(&bytemuck::pod_collect_to_vec::<u8, f32>(bytes)),
            }
        };
        self.tensors.iter().map(of).collect()
    }

    /// A clip, carried out twice; and its κ.
    fn trial(&self, context: &Context, clip: Clip) -> Result<(Found, f64)> {
        let words = self.words();
        let arena = context.upload(&words, [words.len()])?;
        let views = self.tensors.iter().map(|&(layout, dtype)| arena.view_as(layout, dtype));
        let model = Model::unnamed(context, &views.collect::<Result<Vec<_>>>()?)?;
        let request = GroupRequest::new(clip, &model, None)?;
        let plan = GroupPlan::new(request, context.profile())?;
        let margins = self.tensors.iter().map(|&(_, dtype)| plan.margin_of(dtype)).collect();
        let group = Group::from_plan(plan, &model, None, None)?;
        let total = match clip.norm_used() {
            Some(_) => Some(group.run()?.wait()?.total().norm),
            None => group.enqueue().map(|()| None)?,
        };
        let once = arena.read()?;
        group.enqueue()?;
        let again = same_bits(&once, &arena.read()?);
        let after =
            Memory { bytes: bytemuck::cast_slice(&once).to_vec(), tensors: self.tensors.clone() };
        let judge = Judge { clip, margins, margin: group.plan().margin() };
        let held = again.map_err(|i| format!("word {i} changed the second time"));
        let found = held.and_then(|()| judge.check(self, &after, total));
        Ok((found, judge.margin.of(clip.norm_used().unwrap_or(Norm::L2)).kappa))
    }
}

/// What a clip is judged by.
struct Judge {
    clip: Clip,
    /// Of the norm of each tensor, and of all.
    margins: Vec<Margin>,
    margin: Margin,
}

impl Judge {
    /// The largest error as a fraction of the bound, or what was wrong.
    fn check(&self, before: &Memory, after: &Memory, total: Option<f64>) -> Found {
        let exact = reference::clip(&self.clip, &before.elements(), None);
        let exact = exact.map_err(|error| error.to_string())?;
        let norm = self.clip.norm_used();
        if let (Some(total), Some(norm)) = (total, norm) {
            let off = (total / exact.total - 1.0).abs();
            if off.is_nan() || off > self.margin.of(norm).kappa {
                return Err(format!("the norm is {total:e}, not {:e}", exact.total));
            }
        }
        neighbours(before, after)?;
        let mut worst = 0f64;
        let tensors = after.elements();
        for (number, (found, exact)) in tensors.iter().zip(&exact.tensors).enumerate() {
            let kappa = norm.map_or(0.0, |norm| self.margins[number].of(norm).kappa);
            let grain = found.dtype.grain();
            for (&y, &exact) in found.values.iter().zip(exact) {
                let own = 2.0 * kappa * exact.abs() + f64::from(f32::MIN_POSITIVE);
                let scaled = own + grain.relative * (exact.abs() + own) + grain.absolute;
                // Clipping by value is exact.
                let room = if norm.is_some() { scaled } else { 0.0 };
                let error = if y == exact { 0.0 } else { (y - exact).abs() / room };
                if error.is_nan() || error > 1.0 {
                    return Err(format!("tensor {number}: {y:e} instead of {exact:e}"));
                }
                worst = worst.max(error);
            }
        }
        self.feasible(&tensors).map(|()| worst)
    }

    /// No group ends beyond its radius by more than rounding its elements adds.
    fn feasible(&self, tensors: &[Elements]) -> Held {
        let (Some(norm), Some(radius)) = (self.clip.norm_used(), self.clip.radius()) else {
            return Ok(());
        };
        let groups: Vec<&[Elements]> =
            if self.clip.is_global() { vec![tensors] } else { tensors.chunks(1).collect() };
        for (number, group) in groups.into_iter().enumerate() {
            let values: Vec<f64> = group.iter().flat_map(|t| t.values.iter().copied()).collect();
            let grain =
                group.iter().map(|tensor| tensor.dtype.grain().relative).fold(0.0, f64::max);
            // Elements of f16 that are subnormal lie far below this.
            let most = radius * (1.0 + grain) * (1.0 + if grain > 0.0 { 1e-4 } else { 1e-14 });
            let found = reference::norm(norm, &values);
            if found > most {
                return Err(format!("group {number} ends at {found:e}, beyond {radius}"));
            }
        }
        Ok(())
    }
}

/// What is between the tensors keeps its bits.
fn neighbours(before: &Memory, after: &Memory) -> Held {
    let mut own = vec![false; before.bytes.len()];
    for (layout, dtype) in &before.tensors {
        own[dtype.size() * layout.offset()..dtype.size() * layout.end()].fill(true);
    }
    let changed = |&i: &usize| !own[i] && before.bytes[i] != after.bytes[i];
    match (0..own.len()).find(changed) {
        Some(i) => Err(format!("byte {i} between tensors changed")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of an honest clip of every dtype once a tensor of it is spoilt.
    fn planted(clip: Clip, spoil: impl Fn(&mut Memory)) -> Found {
        let context = Context::cpu();
        let mixture = &mixtures(&context)[4];
        let before = Memory::new(mixture).unwrap();
        let (found, _) = before.trial(&context, clip).unwrap();
        assert!(found.is_ok(), "{found:?}");
        let margin = Margin::f64(100);
        let judge = Judge { clip, margins: vec![margin; 4], margin };
        let exact = reference::clip(&clip, &before.elements(), None).unwrap();
        let mut after = before.clone();
        for (&(layout, dtype), values) in before.tensors.iter().zip(&exact.tensors) {
            for (at, y) in (layout.offset()..layout.end()).zip(values) {
                // A little inside, as a clip that is feasible.
                after.set(dtype, at, y * (1.0 - 1e-7));
            }
        }
        spoil(&mut after);
        judge.check(&before, &after, None)
    }

    #[test]
    fn planted_errors_are_found() {
        let scaled = |tensor: usize, factor: f64| {
            move |memory: &mut Memory| {
                let (layout, dtype) = memory.tensors[tensor];
                let value = memory.elements()[tensor].values[0];
                memory.set(dtype, layout.offset(), value * factor);
            }
        };
        for clip in [Clip::global_norm(0.5), Clip::each_norm(0.25).norm(Norm::lp(3.5).unwrap())] {
            assert!(planted(clip, |_| ()).is_ok());
            for (tensor, factor) in [(0, 1.0 + 2e-6), (1, 1.002), (2, 1.0 + 2e-6), (3, 1.02)] {
                let found = planted(clip, scaled(tensor, factor));
                assert!(found.is_err(), "{clip}: tensor {tensor}");
            }
            let beside = planted(clip, |memory| memory.bytes[1] = 0);
            assert!(beside.unwrap_err().contains("between"));
        }
    }
}
