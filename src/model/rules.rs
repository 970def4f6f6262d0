//! Which operation each tensor of a model gets, by name.

use globset::GlobMatcher;

use crate::error::{Error, Result};
use crate::model::Clip;
use crate::model::filter::glob;
use crate::projection::Projection;

/// What a rule does with the tensors that it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// The slices of each tensor are put inside a set, each tensor by itself.
    Project(Projection),
    /// One group is made of all of them: see [`Clip`].
    Clip(Clip),
    /// They keep every bit.
    Leave,
    /// They share their elements with tensors of other names, under which they are worked on;
    /// under these names nothing is done.
    Tied,
}

impl Operation {
    /// Whether the tensors may be read or written.
    pub fn works(&self) -> bool {
        matches!(self, Operation::Project(_) | Operation::Clip(_))
    }
}

impl From<Projection> for Operation {
    fn from(projection: Projection) -> Self {
        Operation::Project(projection)
    }
}

impl From<Clip> for Operation {
    fn from(clip: Clip) -> Self {
        Operation::Clip(clip)
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Operation::Project(projection) => projection.fmt(formatter),
            Operation::Clip(clip) => clip.fmt(formatter),
            Operation::Leave => formatter.write_str("leave"),
            Operation::Tied => formatter.write_str("tied"),
        }
    }
}

/// An ordered list of patterns and operations. A tensor gets the operation of the first pattern
/// that matches its name; one that no pattern matches is left. `*` crosses `.` and `/`.
///
/// ```
/// use normproj::{Axes, Clip, Operation, Projection, Rules, WeightLayout};
/// let units = Axes::per_unit(WeightLayout::Keras);
/// let rules = Rules::new()
///     .rule("conv*.kernel", Projection::max_norm(3.0, units))
///     .rule("*bias*", Operation::Leave)
///     .rule("*", Clip::global_norm(0.5));
/// assert_eq!(rules.iter().count(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    list: Vec<(String, Operation)>,
    ignore_case: bool,
}

impl Rules {
    /// No rule yet.
    pub fn new() -> Self {
        Rules::default()
    }

    /// The same rules and one more, for tensors that none of them takes.
    #[must_use]
    pub fn rule(mut self, pattern: impl Into<String>, operation: impl Into<Operation>) -> Self {
        self.list.push((pattern.into(), operation.into()));
        self
    }

    /// Upper and lower case are the same.
    #[must_use]
    pub fn ignore_case(self) -> Self {
        Rules { ignore_case: true, ..self }
    }

    /// Patterns and their operations, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Operation)> + DoubleEndedIterator {
        self.list.iter().map(|(pattern, operation)| (pattern.as_str(), operation))
    }

    /// The rule of a place in the list.
    pub fn get(&self, rule: usize) -> Option<(&str, &Operation)> {
        self.list.get(rule).map(|(pattern, operation)| (pattern.as_str(), operation))
    }

    /// The rule that takes each of the names, by its place in the list; none if no pattern matches.
    ///
    /// # Errors
    /// [`Error::Pattern`]; [`Error::NoMatch`] for a rule that matches no name;
    /// [`Error::Shadowed`] for one that matches only what earlier rules take.
    pub fn assign<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<Option<usize>>> {
        let compile = |(pattern, _): &(String, Operation)| glob(pattern, self.ignore_case);
        let globs = self.list.iter().map(compile).collect::<Result<Vec<GlobMatcher>>>()?;
        let first = |name: &N| globs.iter().position(|glob| glob.is_match(name.as_ref()));
        let taken: Vec<Option<usize>> = names.iter().map(first).collect();
        for (rule, glob) in globs.iter().enumerate() {
            if taken.contains(&Some(rule)) {
                continue;
            }
            let pattern = self.list[rule].0.clone();
            let match_and_taker = names.iter().zip(&taken).find_map(|(name, taken)| {
                taken.filter(|_| glob.is_match(name.as_ref())).map(|by| (name, by))
            });
            return Err(match match_and_taker {
                None => Error::NoMatch { pattern },
                Some((name, by)) => Error::Shadowed {
                    pattern,
                    name: name.as_ref().to_string(),
                    by: self.list[by].0.clone(),
                },
            });
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["conv1.kernel", "conv1.Bias", "dense/kernel", "step"];

    fn assign(patterns: &[&str]) -> Result<Vec<Option<usize>>> {
        let add = |rules: Rules, pattern: &&str| rules.rule(*pattern, Operation::Leave);
        patterns.iter().fold(Rules::new(), add).assign(&NAMES)
    }

    #[test]
    fn the_first_match_wins_and_the_rest_is_left() {
        assert_eq!(
            assign(&["conv*kernel", "*kernel", "*Bias"]),
            Ok(vec![Some(0), Some(2), Some(1), None])
        );
        assert_eq!(assign(&[]), Ok(vec![None; 4]));
    }

    #[test]
    fn case_matters_unless_ignored() {
        let pattern = "*bias".to_string();
        assert_eq!(assign(&["*bias"]), Err(Error::NoMatch { pattern }));
        let rules = Rules::new().rule("*bias", Operation::Leave).ignore_case();
        assert_eq!(rules.assign(&NAMES), Ok(vec![None, Some(0), None, None]));
    }

    #[test]
    fn rules_of_no_use_are_errors() {
        let unmatched = Error::NoMatch { pattern: "lstm*".to_string() };
        assert_eq!(assign(&["*kernel", "lstm*"]), Err(unmatched));
        let shadowed = assign(&["*", "*kernel"]).unwrap_err();
        assert_eq!(
            shadowed.to_string(),
            "`*kernel` matches only tensors that earlier rules take (`conv1.kernel` goes to `*`); \
             put it before them, or leave it out"
        );
        assert!(matches!(assign(&["a["]), Err(Error::Pattern { .. })));
    }
}
