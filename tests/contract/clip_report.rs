//! What a clip says that it found and did, on the device and in its report.

use std::ops::Range;

use normproj::plan::margin::U;
use normproj::reference::Clipped;
use normproj::{DType, DeviceBuffer, Error, Group, GroupReport, Norm, reference};

use crate::clip_bounds::{Bounds, Place};
use crate::clip_compare::Judge;
use crate::clip_element::Element;
use crate::clip_scene::Scene;
use crate::values::{Value, for_dtype, least_normal};

/// What the device holds, and the report.
#[derive(Debug, Clone)]
pub struct Found {
    /// What results are.
    pub dtype: DType,
    pub norm: f64,
    pub norms: Vec<f64>,
    pub scale: Vec<f64>,
    /// Of the L2 norm.
    pub half_square: Option<f64>,
    /// As bits of the dtype.
    pub non_finite: u64,
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
        let read = |part: normproj::Result<DeviceBuffer>| numbers(&part.expect("a result"));
        let flag = group.non_finite().expect("a result");
        let squares = group.plan().request().clip.norm_used() == Some(Norm::L2);
        if !squares {
            let refused = group.half_square().map(drop);
            assert!(matches!(refused, Err(Error::PlanMismatch { .. })), "{refused:?}");
        }
        Some(Found {
            dtype: flag.dtype(),
            norm: read(group.norm())[0],
            norms: read(group.norms()),
            scale: read(group.scale()),
            half_square: squares.then(|| read(group.half_square())[0]),
            non_finite: for_dtype!(flag.dtype(), T => flag.read_as::<T>().expect("read")[0].bits()),
            report: report.expect("a report"),
        })
    }
}

/// Results on the device.
pub fn numbers(results: &DeviceBuffer) -> Vec<f64> {
    for_dtype!(results.dtype(), T => {
        results.read_as::<T>().expect("read").into_iter().map(|x| x.wide()).collect()
    })
}

/// The first thing that is wrong, in words.
pub fn check(judge: &Judge, scene: &Scene, found: &Found) -> Result<(), String> {
    let exact = reference::clip(&judge.clip, &scene.decayed(), scene.given).expect("valid");
    let elements = judge.elements(scene, scene, &exact.tensors);
    if found.dtype != scene.dtype() {
        return Err(format!("results of {}", found.dtype));
    }
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
        let dtype = found.dtype;
        let of_all = Exact { norm: self.exact.total, bounds: &all, elements: &whole };
        of_all.check("total", total, None)?;
        of_all.check("norm()", found.norm, Some(dtype))?;
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
            exact.check(name, verdict.norm, None)?;
            exact.check(&format!("norms()[{name}]"), found.norms[i], Some(dtype))?;
        }
        let Some(half) = found.half_square else { return Ok(()) };
        let exact = 0.5 * self.exact.total * self.exact.total;
        let allowed = (4.0 * all.sigma() + 8.0 * unit(dtype)) * exact
            + 2.0 * blur(&whole) * self.exact.total
            + least_normal(dtype);
        let right = match exact {
            exact if exact.is_nan() => half.is_nan(),
            exact if exact > dtype.largest() => {
                half == f64::INFINITY || exact < dtype.largest() * (1.0 + 1e-5)
            }
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
            scale.check("scale()", found.scale[number])?;
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
        let stored = unit(self.scene.dtype());
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
        let relative = bounds.relative() + bounds.lowered() + 4.0 * stored.max(bounds.unit());
        let allowed = relative * exact + blur + least_normal(self.scene.dtype());
        // An adapter may take subnormal numbers for zero.
        let zeros = elements.iter().all(|e| e.x.abs() < e.least_normal());
        let free = zeros || bounds.least_norm(&x).is_some();
        let zero = clip.writes() && clip.given().is_none() && free;
        Scale { exact, allowed, place, zero }
    }

    fn flags(&self, found: &Found) -> Result<(), String> {
        // The norm of finite elements may be beyond f64; of a norm that was given none is known.
        let given = self.judge.clip.given().is_some();
        let bad = |tensor: &Vec<Element>| !given && tensor.iter().any(|e| !e.x.is_finite());
        let count = self.elements.iter().filter(|tensor| bad(tensor)).count();
        let first = self.elements.iter().position(bad).map(|i| i.to_string());
        let all = if given { !self.exact.total.is_finite() } else { count > 0 };
        let one = for_dtype!(found.dtype, T => <T as Value>::of(1.0).bits());
        let flag = if all { one } else { 0 };
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
    /// Compares it with what a report says, or with what is stored as this dtype.
    fn check(&self, what: &str, found: f64, stored: Option<DType>) -> Result<(), String> {
        let (exact, unit) = (self.norm, self.bounds.unit());
        // Sums in f64 of less (the CPU backend) are as good as the oracle's own.
        let native = self.bounds.is_native();
        let unit = if native { 1e-12 } else { 4.0 * unit }
            + stored.map_or(0.0, |dtype| 2.0 * self::unit(dtype));
        let subnormal = self.bounds.tiny(self.elements.len().max(1));
        let floor = stored.map_or(0.0, least_normal).max(subnormal);
        let most = stored.map_or(f64::MAX, DType::largest);
        let allowed = (self.bounds.sigma() + unit) * exact + blur(self.elements) + floor;
        let finite = self.elements.iter().all(|e| e.x.is_finite());
        let right = match exact {
            exact if exact.is_nan() => found.is_nan(),
            exact if stored.is_some() && found.is_infinite() => exact + allowed > most,
            // Beyond f64, and not that of an infinity.
            exact if exact.is_infinite() && finite && self.bounds.given().is_none() => {
                found == f64::MAX
            }
            exact if exact.is_infinite() => found == exact,
            exact => {
                let x: Vec<f64> = self.elements.iter().map(|e| e.x).collect();
                let least = self.bounds.least_norm(&x).unwrap_or(exact);
                (least - allowed..=exact + allowed).contains(&found)
            }
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

/// Half of the spacing at 1 of what results are.
pub fn unit(dtype: DType) -> f64 {
    if dtype == DType::F64 { 0.5 * f64::EPSILON } else { U }
}

/// How far the elements themselves may move a norm.
fn blur(elements: &[Element]) -> f64 {
    let blur: f64 = elements.iter().map(|e| e.slack).sum();
    // Elements that are not finite leave no norm to be moved, but one that was given.
    if blur.is_finite() { blur } else { 0.0 }
}
