//! The operations that write tensors: each is a command, and a key of a rule for `apply`. A new one is
//! a file here and a line in [`ALL`].

mod ball;
mod bounds;
mod clip_average_norm;
mod clip_global_norm;
mod clip_norm;
mod clip_rms;
mod clip_value;
mod command;
mod max_norm;
mod min_max_norm;
mod non_negative;
mod run;
pub mod settings;
mod simplex;
mod sphere;
mod unit_norm;

pub use command::Command;
pub use run::{check, warn};

use normproj::Operation;
use settings::{Setting, Settings};

/// Every operation, in the order of the help.
pub const ALL: [&Spec; 13] = [
    &max_norm::SPEC,
    &unit_norm::SPEC,
    &min_max_norm::SPEC,
    &ball::SPEC,
    &sphere::SPEC,
    &simplex::SPEC,
    &bounds::SPEC,
    &non_negative::SPEC,
    &clip_norm::SPEC,
    &clip_average_norm::SPEC,
    &clip_rms::SPEC,
    &clip_value::SPEC,
    &clip_global_norm::SPEC,
];

/// The operation of a name.
pub fn find(name: &str) -> Option<&'static Spec> {
    ALL.into_iter().find(|spec| spec.names().any(|own| own == name))
}

/// What a command and a key of a rule mean.
#[derive(Debug)]
pub struct Spec {
    pub name: &'static str,
    /// Other names of the command.
    aliases: &'static [&'static str],
    /// What it does, in a line that states the set.
    about: &'static str,
    /// What else there is to know: a paragraph.
    details: &'static str,
    /// The rest of a line that starts with the name of the program.
    example: &'static str,
    takes: Takes,
    pub slices: Slices,
    pub settings: &'static [&'static Setting],
    pub make: Make,
}

/// Which tensors of a .safetensors are taken unless their names are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Those of rank 2 and more: a bias or a gain has no units.
    Weights,
    /// Those of any rank.
    Gradients,
}

/// What the norm runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slices {
    /// Axes, which have no default.
    Named,
    /// Axes, or whole tensors if none are named.
    Tensors,
    /// No axes are asked for: elements by themselves, or all tensors together.
    None,
}

impl Spec {
    /// What it is called by.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// How the operation is made of numbers and settings.
#[derive(Debug, Clone, Copy)]
pub enum Make {
    Plain(fn(&Settings) -> Operation),
    One(Number, fn(f64, &Settings) -> Operation),
    Two([Number; 2], fn(f64, f64, &Settings) -> Operation),
}

/// A number that an operation needs: its name, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Number(&'static str, &'static str);
