//! Clips of many tensors: every schedule that is legal, against the oracle.

use std::sync::Arc;

use normproj::plan::group::{GroupPlan, GroupRequest, GroupSchedule};
use normproj::plan::margin::Margin;
use normproj::reference::{Clipped, Elements};
use normproj::{Clip, Context, DeviceBuffer, Group, Layout, Model, Norm, Result, reference};

use super::Outcome;
use super::compare::{Found, same_bits};
use super::tasks::Task;

/// Nothing, or what was wrong.
type Held = std::result::Result<(), String>;

/// Tensors in some memories, with room between them that nothing may touch.
struct Scene {
    name: &'static str,
    /// The memory of each tensor and its place there.
    tensors: Vec<(usize, Layout)>,
    /// What elements are multiplied by: some leave the range where plain squares are safe.
    scales: [f32; 3],
}

/// Scenes that reach every way to bind and to walk.
fn scenes() -> Result<Vec<Scene>> {
    let run = |size: usize, first| Layout::strided([size], [1], first);
    let (long, one) = (run(40_001, 1012)?, run(1, 41_020)?);
    let arena = || Ok(vec![(0, run(1000, 3)?), (0, run(7, 1003)?), (0, long), (0, one)]);
    let apart = (0..40).map(|i| Ok((i, run(1 + i * i, i % 3)?))).collect::<Result<Vec<_>>>()?;
    let strided = vec![
        (0, Layout::strided([31, 29], [40, 1], 3)?),
        (0, Layout::strided([17, 19], [60, 3], 1300)?),
        (1, Layout::strided([43, 59], [1, 43], 5)?),
    ];
    let scene = |name, tensors, scales| Scene { name, tensors, scales };
    Ok(vec![
        scene("arena", arena()?, [1.0; 3]),
        scene("arena, wide range", arena()?, [1.0, 1e25, 1e-25]),
        scene("buffers", apart, [1.0; 3]),
        scene("strided tensors", strided, [1.0; 3]),
    ])
}

/// Each kind, in each norm, inside and outside; those of any power by the schedule that is chosen alone,
/// because they differ in what a term is.
fn clips() -> Result<Vec<(Clip, bool)>> {
    let by_norm = Norm::ALL.into_iter().flat_map(|norm| {
        let global = [1e30, 0.5].map(|radius| Clip::global_norm(radius).norm(norm));
        global.into_iter().chain([Clip::each_norm(2.0).norm(norm), Clip::norms(norm)])
    });
    let lp = Norm::lp(3.5)?;
    let powers = [Clip::global_norm(0.5).norm(lp), Clip::each_norm(2.0).norm(lp), Clip::norms(lp)];
    let all = by_norm.chain([Clip::value(-0.5, 0.75)]).map(|clip| (clip, true));
    Ok(all.chain(powers.map(|clip| (clip, false))).collect())
}

/// Every clip of every scene.
pub fn tasks() -> Result<Vec<Task<'static>>> {
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for scene in scenes()?.into_iter().map(Arc::new) {
        for (clip, forced) in clips()? {
            let scene = scene.clone();
            tasks.push(Box::new(move |context| Ok(examine(context, &scene, clip, forced))));
        }
    }
    Ok(tasks)
}

/// A clip of a scene by the schedule that is chosen, or by all that are legal.
fn examine(context: &Context, scene: &Scene, clip: Clip, forced: bool) -> Vec<Outcome> {
    let schedules = if forced { GroupPlan::legal_schedules(context.profile()) } else { vec![] };
    let outcome = |schedule: Option<GroupSchedule>| {
        let (found, kappa) = match scene.trial(context, clip, schedule) {
            Ok(done) => done,
            // A schedule that is listed as legal and then refused is wrong, too.
            Err(error) => (Err(error.to_string()), 0.0),
        };
        Outcome {
            case: scene.name,
            shape: vec![scene.tensors.len()],
            axes: "of tensors".to_string(),
            form: clip.to_string(),
            schedule: schedule.map_or("as chosen".to_string(), |s| s.to_string()),
            kappa,
            error: found.as_ref().copied().unwrap_or(0.0),
            mismatch: found.err(),
        }
    };
    // The CPU backend has one way.
    std::iter::once(None).chain(schedules.into_iter().map(Some)).map(outcome).collect()
}

impl Scene {
    /// A clip, carried out twice; and its κ.
    fn trial(
        &self,
        context: &Context,
        clip: Clip,
        schedule: Option<GroupSchedule>,
    ) -> Result<(Found, f64)> {
        let before = self.contents();
        let upload = |memory: &Vec<f32>| context.upload(memory, [memory.len()]);
        let memories = before.iter().map(upload).collect::<Result<Vec<DeviceBuffer>>>()?;
        let view = |&(memory, layout): &(usize, Layout)| memories[memory].view(layout);
        let tensors = self.tensors.iter().map(view).collect::<Result<Vec<_>>>()?;
        let model = Model::unnamed(context, &tensors)?;
        let request = GroupRequest::new(clip, &model, None)?;
        let plan = match schedule {
            Some(schedule) => GroupPlan::with_schedule(request, context.profile(), schedule)?,
            None => GroupPlan::new(request, context.profile())?,
        };
        let margin = plan.margin();
        let group = Group::from_plan(plan, &model, None, None)?;
        let read = || memories.iter().map(DeviceBuffer::read).collect::<Result<Vec<_>>>();
        group.enqueue()?;
        let once = read()?;
        group.enqueue()?;
        let twice = read()?;
        let norm = match clip.norm_used() {
            // The second run read what the first one wrote.
            Some(_) if !clip.writes() => Some(group.norm()?.read()?[0]),
            _ => None,
        };
        let kappa = clip.norm_used().map_or(margin.kappa, |norm| margin.of(norm).kappa);
        Ok((self.judge(clip, &before, &once, &twice, norm, margin)?, kappa))
    }

    /// The memories before a clip.
    fn contents(&self) -> Vec<Vec<f32>> {
        let count = self.tensors.iter().map(|(memory, _)| memory + 1).max().unwrap_or(0);
        let mut memories = vec![Vec::new(); count];
        for (memory, layout) in &self.tensors {
            let size = memories[*memory].len().max(layout.end() + 5);
            memories[*memory].resize(size, f32::NAN);
        }
        for (tensor, (memory, layout)) in self.tensors.iter().enumerate() {
            for (i, place) in reference::places(layout).into_iter().enumerate() {
                // From -1 to 1, without a pattern that lanes or chunks could share.
                let hash = (i as u32 + 7919 * tensor as u32).wrapping_mul(0x9e37_79b1) >> 8;
                let unit = hash as f32 / (1 << 23) as f32 - 1.0;
                memories[*memory][place] = unit * self.scales[tensor % 3];
            }
        }
        memories
    }

    fn exact(&self, clip: &Clip, memories: &[Vec<f32>]) -> Result<Clipped> {
        let tensors = self.elements(memories);
        let wide: Vec<Elements> = tensors.iter().map(|tensor| Elements::of(tensor)).collect();
        reference::clip(clip, &wide, None)
    }

    fn elements(&self, memories: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let of = |(memory, layout): &(usize, Layout)| {
            reference::places(layout).into_iter().map(|at| memories[*memory][at]).collect()
        };
        self.tensors.iter().map(of).collect()
    }

    fn judge(
        &self,
        clip: Clip,
        before: &[Vec<f32>],
        once: &[Vec<f32>],
        twice: &[Vec<f32>],
        norm: Option<f32>,
        margin: Margin,
    ) -> Result<Found> {
        let exact = self.exact(&clip, before)?;
        if let Some(norm) = norm {
            let kappa = clip.norm_used().map_or(margin.kappa, |norm| margin.of(norm).kappa);
            let error = (f64::from(norm) / exact.total - 1.0).abs() / kappa;
            let wrong = || format!("the norm is {norm:e}, not {:e}", exact.total);
            return Ok(if error <= 1.0 { Ok(error) } else { Err(wrong()) });
        }
        let same = |(a, b): (&Vec<f32>, &Vec<f32>)| same_bits(a, b);
        let again = once.iter().zip(twice).try_for_each(same);
        let again = again.map_err(|i| format!("element {i} changed the second time"));
        let relative = relative(&clip, &margin);
        Ok(self.neighbours(before, once).and(again).and_then(|()| {
            let (given, found) = (self.elements(before), self.elements(once));
            feasible(&clip, &found)?;
            let tensors = given.iter().zip(&found).zip(&exact.tensors).enumerate();
            tensors.into_iter().try_fold(0f64, |worst, (i, ((given, found), exact))| {
                Ok(worst.max(close(given, found, exact, relative, i)?))
            })
        }))
    }

    /// What is between the tensors keeps its bits.
    fn neighbours(&self, before: &[Vec<f32>], after: &[Vec<f32>]) -> Held {
        let mut outside = after.to_vec();
        for (memory, layout) in &self.tensors {
            for at in reference::places(layout) {
                outside[*memory][at] = before[*memory][at];
            }
        }
        let same = |(a, b): (&Vec<f32>, &Vec<f32>)| same_bits(a, b);
        let kept = before.iter().zip(&outside).try_for_each(same);
        kept.map_err(|i| format!("element {i} between tensors changed"))
    }
}

/// The relative error that is allowed: 2κ of the norm that is used, and none of a clamp.
fn relative(clip: &Clip, margin: &Margin) -> f64 {
    match clip.norm_used() {
        Some(norm) => 2.0 * margin.of(norm).kappa,
        None => 0.0,
    }
}

/// Compares a tensor with the exact one.
fn close(before: &[f32], found: &[f32], exact: &[f64], relative: f64, tensor: usize) -> Found {
    let mut worst = 0f64;
    for ((&x, &y), &exact) in before.iter().zip(found).zip(exact) {
        let kept = f64::from(x) == exact && x.to_bits() == y.to_bits();
        let allowed = relative * exact.abs() + f64::from(f32::MIN_POSITIVE);
        let error = if kept { 0.0 } else { (f64::from(y) - exact).abs() / allowed };
        if error.is_nan() || error > 1.0 {
            return Err(format!("tensor {tensor}: {y:e} instead of {exact:e}"));
        }
        worst = worst.max(error);
    }
    Ok(worst)
}

/// No group ends beyond its radius, exactly.
fn feasible(clip: &Clip, found: &[Vec<f32>]) -> Held {
    let (Some(norm), Some(radius)) = (clip.norm_used(), clip.radius()) else { return Ok(()) };
    let radius = reference::radius(radius);
    let groups = if clip.is_global() { vec![found.concat()] } else { found.to_vec() };
    let beyond = |group: &Vec<f32>| match norm {
        // No exact sum of powers is to be had.
        Norm::Lp(_) => reference::norm(norm, group) > radius * (1.0 + 1e-14),
        _ => reference::exceeds_in(norm, group, radius),
    };
    match groups.iter().position(beyond) {
        Some(group) => Err(format!("group {group} ends beyond {radius}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(spoil: impl Fn(&mut Vec<Vec<f32>>)) -> Found {
        let scene = &scenes().unwrap()[0];
        let (clip, context) = (Clip::global_norm(0.5), Context::cpu());
        let before = scene.contents();
        let exact = scene.exact(&clip, &before).unwrap();
        let mut once = before.clone();
        for ((memory, layout), values) in scene.tensors.iter().zip(&exact.tensors) {
            for (at, value) in reference::places(layout).into_iter().zip(values) {
                // A little inside, as a clip that is feasible.
                once[*memory][at] = (value * (1.0 - 1e-6)) as f32;
            }
        }
        spoil(&mut once);
        let (found, _) = scene.trial(&context, clip, None).unwrap();
        assert!(found.is_ok());
        scene.judge(clip, &before, &once, &once, None, Margin::f32(30)).unwrap()
    }

    #[test]
    fn planted_errors_are_found() {
        assert!(judged(|_| ()).is_ok());
        assert!(judged(|memories| memories[0][500] *= 1.0001).is_err());
        assert!(judged(|memories| memories[0][1011] = 1.0).unwrap_err().contains("between"));
        let scale = |x: &mut f32| *x *= 1.0 + 2e-6;
        assert!(judged(|memories| memories[0].iter_mut().for_each(scale)).is_err());
    }
}
