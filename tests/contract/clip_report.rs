//! What a clip says that it found and did, on the device and in its report.

use std::ops::Range;

use normproj::plan::margin::U;
use normproj::reference::Clipped;
use normproj::{Error, Group, GroupReport, Norm, reference};

use crate::clip_bounds::{Bounds, Place};
use crate::clip_compare::Judge;
use crate::clip_element::Element;
use crate::clip_scene::Scene;

/// What the device holds, and the report.
#[derive(Debug, Clone)]
pub struct Found {
    pub norm: f32,
    pub norms: Vec<f32>,
    pub scale: Vec<f32>,
    /// Of the L2 norm.
    pub half_square: Option<f32>,
    pub non_finite: u32,
    pub report: GroupReport,
}

impl Found {
    /// Reads everything; none of a clip by value, where each part is refused.
    pub fn read(group: &Group, report: Result<GroupReport, Error>) -> Option<Found> {
        if group.plan().request().clip.norm_used().is_none() {
            assert_eq!(report, Err(Error::NoReport));
            for part in [group.norm(), group.norms(), group.scale(), group.half_square()] {
                assert_eq!(part.map(drop), Err(Error::NoReport));
            }
            assert_eq!(group.non_finite().map(drop), Err(Error::NoReport));
            return None;
        }
        let read = |part: normproj::Result<normproj::DeviceBuffer>| {
            part.expect("a part of the results").read().expect("read")
        };
        let squares = group.plan().request().clip.norm_used() == Some(Norm::L2);
        if !squares {
            let refused = group.half_square().map(drop);
            assert!(matches!(refused, Err(Error::PlanMismatch { .. })), "{refused:?}");
        }
        Some(Found {
            norm: read(group.norm())[0],
            norms: read(group.norms()),
            scale: read(group.scale()),
            half_square: squares.then(|| read(group.half_square())[0]),
            non_finite: read(group.non_finite())[0].to_bits(),
            report: report.expect("a report"),
        })
    }
}

/// The first thing that is wrong, in words.
pub fn check(judge: &Judge, scene: &Scene, found: &Found) -> Result<(), String> {
    let exact = reference::clip(&judge.clip, &scene.decayed(), scene.given).expect("valid");
    let elements = judge.elements(scene, scene, &exact.tensors);
    let reading = Reading { judge, scene, elements: &elements, exact: &exact };
    reading.norms(found)?;
    reading.scales(found)?;
    reading.flags(found)
}

struct Reading<'a> {
    judge: &'a Judge,
    scene: &'a Scene,
    elements: &'a [Vec<Element>],
    exact: &'a Clipped,
}

impl Reading<'_> {
    fn norms(&self, found: &Found) -> Result<(), String> {
        let total = found.report.total().norm;
        let whole = self.elements(0..self.elements.len());
        let all = self.bounds(0..self.elements.len());
        let of_all = Exact { norm: self.exact.total, bounds: &all, elements: &whole };
        of_all.check("total", total, false)?;
        of_all.check("norm()", found.norm.into(), true)?;
        let names: Vec<String> = (0..self.elements.len()).map(|i| i.to_string()).collect();
        let reported: Vec<(&str, _)> = found.report.tensors().collect();
        if found.norms.len() != names.len()
            || !reported.iter().map(|(name, _)| *name).eq(names.iter().map(String::as_str))
        {
            return Err(format!("{} norms, for {reported:?}", found.norms.len()));
        }
        for (i, (name, verdict)) in reported.iter().enumerate() {
            let (own, bounds) = (self.elements(i..i + 1), self.bounds(i..i + 1));
            let exact = Exact { norm: self.exact.norms[i], bounds: &bounds, elements: &own };
            exact.check(name, verdict.norm, false)?;
            exact.check(&format!("norms()[{name}]"), found.norms[i].into(), true)?;
        }
        let Some(half) = found.half_square else { return Ok(()) };
        let (half, exact) = (f64::from(half), 0.5 * self.exact.total * self.exact.total);
        let allowed = (4.0 * all.sigma() + 8.0 * U) * exact
            + 2.0 * blur(&whole) * self.exact.total
            + 2f64.powi(-126);
        let right = match exact {
            exact if exact.is_nan() => half.is_nan(),
            exact if exact > f32::MAX.into() => half == f64::INFINITY || exact < 3.403e38,
            exact => (half - exact).abs() <= allowed,
        };
        if right { Ok(()) } else { Err(format!("half_square(): {half:e}, not {exact:e}")) }
    }

    /// What the norm of some tensors is measured by: of one alone, too, if one norm is over all.
    fn bounds(&self, tensors: Range<usize>) -> Bounds {
        Bounds::new(self.judge, self.scene, &tensors)
    }

    fn scales(&self, found: &Found) -> Result<(), String> {
        let (clip, tensors) = (self.judge.clip, self.elements.len());
        let own = clip.norm_used().is_some() && !clip.is_global();
        let reported: Vec<f64> = found.report.tensors().map(|(_, verdict)| verdict.scale).collect();
        if found.scale.len() != if own { tensors } else { 1 } {
            return Err(format!("{} factors for {tensors} tensors", found.scale.len()));
        }
        for (number, group) in self.judge.groups(tensors).into_iter().enumerate() {
            let scale = self.scale(&group);
            scale.check("scale()", found.scale[number].into())?;
            for i in group {
                scale.check("a tensor's scale", reported[i])?;
            }
            if !own {
                scale.check("the total's scale", found.report.total().scale)?;
            }
        }
        let total = found.report.total().scale;
        let clipped = total < 1.0 || reported.iter().any(|&scale| scale < 1.0);
        if own && total != 1.0 || found.report.clipped() != clipped {
            return Err(format!("clipped: {}", found.report.clipped()));
        }
        Ok(())
    }

    /// What the elements of a group may be said to be multiplied by.
    fn scale(&self, group: &Range<usize>) -> Scale {
        let elements = self.elements(group.clone());
        let exact = match self.judge.clip.is_global() {
            true => self.exact.scale,
            false => self.exact.scales[group.start],
        };
        let x: Vec<f64> = elements.iter().map(|e| e.x).collect();
        let (clip, bounds) = (self.judge.clip, self.bounds(group.clone()));
        // What is not finite is replaced, if anything.
        let replaced = exact == 1.0 && !x.iter().all(|x| x.is_finite());
        let place = match clip.writes() && !replaced {
            true => bounds.place(&x, &elements),
            false => Place::Inside,
        };
        let blur = match (blur(&elements), exact) {
            (0.0, _) | (_, 0.0) => 0.0,
            (blur, _) => blur * exact / bounds.radius,
        };
        let relative = bounds.relative() + bounds.lowered() + 4.0 * U;
        let allowed = relative * exact + blur + 2f64.powi(-126);
        // An adapter may take subnormal numbers for zero.
        let zeros = elements.iter().all(|e| e.x.abs() < e.least_normal());
        let zero = clip.writes() && clip.given().is_none() && zeros;
        Scale { exact, allowed, place, zero }
    }

    fn flags(&self, found: &Found) -> Result<(), String> {
        // The norm of finite elements may be beyond f64; of a norm that was given none is known.
        let given = self.judge.clip.given().is_some();
        let bad = |tensor: &Vec<Element>| !given && tensor.iter().any(|e| !e.x.is_finite());
        let count = self.elements.iter().filter(|tensor| bad(tensor)).count();
        let first = self.elements.iter().position(bad).map(|i| i.to_string());
        let all = if given { !self.exact.total.is_finite() } else { count > 0 };
        let flag = if all { 1f32.to_bits() } else { 0 };
        let report = &found.report;
        let told = (report.non_finite(), report.first_non_finite().map(str::to_string));
        if found.non_finite != flag || told != (count, first.clone()) {
            return Err(format!("non_finite() {:#x}, {told:?}, not {flag:#x}", found.non_finite));
        }
        let expected = match first {
            Some(name) => Err(Error::NonFinite { name, count }),
            None if flag != 0 => Err(Error::NonFinite { name: "the norm".into(), count: 0 }),
            None => Ok(()),
        };
        let checked = report.clone().checked().map(drop);
        if checked == expected { Ok(()) } else { Err(format!("checked: {checked:?}")) }
    }

    fn elements(&self, tensors: Range<usize>) -> Vec<Element> {
        self.elements[tensors].concat()
    }
}

/// What a norm is compared with.
struct Exact<'a> {
    norm: f64,
    bounds: &'a Bounds,
    elements: &'a [Element],
}

impl Exact<'_> {
    /// Compares it with what a report says, or with what is stored as f32.
    fn check(&self, what: &str, found: f64, stored: bool) -> Result<(), String> {
        let (exact, unit) = (self.norm, self.bounds.unit());
        // Sums in f64 of less (the CPU backend) are as good as the oracle's own.
        let native = self.bounds.is_native();
        let unit = if native { 1e-12 } else { 4.0 * unit } + if stored { 2.0 * U } else { 0.0 };
        let subnormal = self.bounds.tiny(self.elements.len().max(1));
        let floor = if stored { 2f64.powi(-126).max(subnormal) } else { subnormal };
        let allowed = (self.bounds.sigma() + unit) * exact + blur(self.elements) + floor;
        let finite = self.elements.iter().all(|e| e.x.is_finite());
        let right = match exact {
            exact if exact.is_nan() => found.is_nan(),
            exact if stored && found.is_infinite() => exact + allowed > f32::MAX.into(),
            // Beyond f64, and not that of an infinity.
            exact if exact.is_infinite() && finite && self.bounds.given().is_none() => {
                found == f64::MAX
            }
            exact if exact.is_infinite() => found == exact,
            exact => (found - exact).abs() <= allowed,
        };
        if right { Ok(()) } else { Err(format!("{what}: {found:e}, not {exact:e}")) }
    }
}

/// What a factor is compared with.
struct Scale {
    exact: f64,
    allowed: f64,
    place: Place,
    /// What zeros are multiplied by is free.
    zero: bool,
}

impl Scale {
    fn check(&self, what: &str, found: f64) -> Result<(), String> {
        let near = (found - self.exact).abs() <= self.allowed;
        let right = match self.place {
            _ if self.zero => (0.0..=1.0).contains(&found),
            Place::Inside => found == 1.0,
            Place::Rim { .. } => near || found == 1.0,
            Place::Outside => near,
        };
        let wrong = || format!("{what}: {found:e}, not {:e} ({:?})", self.exact, self.place);
        if right { Ok(()) } else { Err(wrong()) }
    }
}

/// How far the elements themselves may move a norm.
fn blur(elements: &[Element]) -> f64 {
    let blur: f64 = elements.iter().map(|e| e.slack).sum();
    // Elements that are not finite leave no norm to be moved, but one that was given.
    if blur.is_finite() { blur } else { 0.0 }
}
