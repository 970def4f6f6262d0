//! Which tensors of a model, by name.

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, Result};

/// Which tensors, by name: those that an included pattern matches (all, if none is given) and no
/// excluded one does. `*` crosses `.` and `/`; case matters unless it is ignored. Where names are
/// taken, a pattern of either kind that matches none of them is an error: it may be a slip.
///
/// ```
/// use normproj::Filter;
/// // TensorFlow's idiom: no decay on biases, nor on what is marked.
/// let filter = Filter::all().exclude("*bias*").exclude("*noreg*").ignore_case();
/// assert!(filter.takes("dense.kernel")? && !filter.takes("dense.Bias")?);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    include: Vec<String>,
    exclude: Vec<String>,
    ignore_case: bool,
}

impl Filter {
    /// Every tensor.
    pub fn all() -> Self {
        Filter::default()
    }

    /// These too; the first replaces "all".
    #[must_use]
    pub fn include(mut self, pattern: impl Into<String>) -> Self {
        self.include.push(pattern.into());
        self
    }

    /// But not these.
    #[must_use]
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.exclude.push(pattern.into());
        self
    }

    /// Upper and lower case are the same.
    #[must_use]
    pub fn ignore_case(self) -> Self {
        Filter { ignore_case: true, ..self }
    }

    /// Whether a tensor of this name is taken.
    ///
    /// # Errors
    /// [`Error::Pattern`].
    pub fn takes(&self, name: &str) -> Result<bool> {
        let any = |patterns: &[String]| -> Result<bool> {
            let globs = globs(patterns, self.ignore_case)?;
            Ok(globs.iter().any(|glob| glob.is_match(name)))
        };
        Ok((self.include.is_empty() || any(&self.include)?) && !any(&self.exclude)?)
    }

    /// The places of the names that are taken.
    ///
    /// # Errors
    /// [`Error::Pattern`]; [`Error::NoMatch`] for a pattern that matches none of the names.
    pub(crate) fn take(&self, names: &[String]) -> Result<Vec<usize>> {
        let matched = |patterns: &[String]| -> Result<Vec<bool>> {
            let mut taken = vec![false; names.len()];
            for (pattern, glob) in patterns.iter().zip(globs(patterns, self.ignore_case)?) {
                let mut any = false;
                for (taken, name) in taken.iter_mut().zip(names) {
                    let here = glob.is_match(name);
                    (any, *taken) = (any | here, *taken | here);
                }
                if !any {
                    return Err(Error::NoMatch { pattern: pattern.clone() });
                }
            }
            Ok(taken)
        };
        let (included, excluded) = (matched(&self.include)?, matched(&self.exclude)?);
        let all = self.include.is_empty();
        Ok((0..names.len()).filter(|&i| (all || included[i]) && !excluded[i]).collect())
    }
}

fn globs(patterns: &[String], ignore_case: bool) -> Result<Vec<GlobMatcher>> {
    patterns.iter().map(|pattern| glob(pattern, ignore_case)).collect()
}

/// A pattern, compiled. Its `*` crosses `/`, because names of tensors are not paths.
pub(crate) fn glob(pattern: &str, ignore_case: bool) -> Result<GlobMatcher> {
    let glob =
        GlobBuilder::new(pattern).literal_separator(false).case_insensitive(ignore_case).build();
    match glob {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(error) => {
            let reason = error.kind().to_string();
            Err(Error::Pattern { pattern: pattern.to_string(), reason })
        }
    }
}
