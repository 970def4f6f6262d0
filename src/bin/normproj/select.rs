//! Which tensors are worked on.

use globset::{GlobBuilder, GlobMatcher};

use crate::failure::{Failure, Result};
use crate::files::{Format, Input};
use crate::options::InputOptions;

/// Marks the tensors to work on: of a .safetensors the floating point tensors of a least rank,
/// unless `--include` names others; a .npy always, unless `--exclude` names it.
pub fn take(inputs: &mut [Input], options: &InputOptions, least_rank: usize) -> Result<()> {
    let mut include = patterns("--include", &options.include, options.ignore_case)?;
    let mut exclude = patterns("--exclude", &options.exclude, options.ignore_case)?;
    for input in inputs {
        for tensor in &mut input.tensors {
            // Asked in any case: a pattern that matches nothing is a mistake.
            let by_name = named(&mut include, &tensor.name);
            let excluded = named(&mut exclude, &tensor.name);
            let by_kind = tensor.is_float() && tensor.shape.len() >= least_rank;
            let wanted = if options.include.is_empty() { by_kind } else { by_name };
            let taken = (wanted || input.format == Format::Npy) && !excluded;
            if taken && !tensor.is_float() {
                let (name, dtype) = (&tensor.name, tensor.dtype_name());
                let reason = format!(
                    "`{name}` is {dtype}, not floating point; leave it out with --exclude '{name}'"
                );
                return Err(Failure::file(&input.path, reason));
            }
            tensor.taken = taken;
        }
    }
    match include.iter().chain(&exclude).find(|pattern| !pattern.used) {
        Some(Pattern { option, text, .. }) => Err(Failure::new(format!(
            "{option} '{text}' matches no tensor; see the names with norms --axis all"
        ))),
        None => Ok(()),
    }
}

struct Pattern {
    option: &'static str,
    text: String,
    matcher: GlobMatcher,
    used: bool,
}

fn patterns(option: &'static str, texts: &[String], ignore_case: bool) -> Result<Vec<Pattern>> {
    let pattern = |text: &String| {
        let glob = GlobBuilder::new(text)
            .literal_separator(false)
            .backslash_escape(true)
            .case_insensitive(ignore_case)
            .build()
            .map_err(|error| Failure::usage(format!("{option} '{text}': {}", error.kind())))?;
        let matcher = glob.compile_matcher();
        Ok(Pattern { option, text: text.clone(), matcher, used: false })
    };
    texts.iter().map(pattern).collect()
}

/// Whether a pattern matches a name. All are asked, so that each learns whether it is of use.
fn named(patterns: &mut [Pattern], name: &str) -> bool {
    patterns.iter_mut().fold(false, |any, pattern| {
        let matches = pattern.matcher.is_match(name);
        pattern.used |= matches;
        any | matches
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_dots_and_slashes() {
        let matches = |text: &str, name: &str| {
            named(&mut patterns("--include", &[text.to_string()], false).unwrap(), name)
        };
        assert!(matches("*kernel", "lstm.lstm_cell.recurrent_kernel"));
        assert!(matches("*kernel", "model/dense/kernel"));
        assert!(matches("enc*.weight", "encoder/0/proj.weight"));
        assert!(!matches("kernel", "dense.kernel"));
        assert!(!matches("*kernel", "kernel.bias"));
    }

    #[test]
    fn a_broken_pattern_is_wrong_usage() {
        assert!(patterns("--include", &["a[".to_string()], false).is_err());
    }
}
