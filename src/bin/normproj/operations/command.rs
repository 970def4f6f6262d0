//! The commands of the operations, made from their table.

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, FromArgMatches, Subcommand};
use normproj::{Axes, Operation};

use super::settings::{Setting, Settings};
use super::{ALL, Make, Number, Slices, Spec, Takes, find, run};
use crate::failure::Result;
use crate::job::{ANY_RANK, WEIGHTS};
use crate::options::{AxesOptions, InputOptions, ResultOptions, RunOptions};
use crate::parse;

/// An operation as it was asked for.
#[derive(Debug)]
pub struct Command {
    least_rank: usize,
    operation: Operation,
    input: InputOptions,
    result: ResultOptions,
    run: RunOptions,
}

impl Command {
    pub fn run(&self) -> Result<()> {
        let Command { least_rank, operation, input, result, run } = self;
        run::run(*operation, *least_rank, input, result, run)
    }
}

impl Takes {
    fn least_rank(self) -> usize {
        match self {
            Takes::Weights => WEIGHTS,
            Takes::Gradients => ANY_RANK,
        }
    }

    fn help(self) -> &'static str {
        match self {
            Takes::Weights => {
                "Of a .safetensors the floating point tensors of rank 2 and more are taken, unless \
                 --include names others; a .npy is always taken. What is not taken is copied byte for \
                 byte."
            }
            Takes::Gradients => {
                "Of a .safetensors all floating point tensors are taken, unless --include names others; \
                 a .npy is always taken. What is not taken is copied byte for byte."
            }
        }
    }
}

impl Number {
    fn argument(self) -> Arg {
        let Number(name, help) = self;
        let argument = Arg::new(name).value_name(name).help(help).required(true);
        argument.value_parser(parse::number).allow_hyphen_values(true)
    }

    fn of(self, matches: &ArgMatches) -> std::result::Result<f64, clap::Error> {
        matches.get_one(self.0).copied().ok_or_else(|| missing(self.0))
    }
}

impl Setting {
    fn argument(&'static self) -> Arg {
        let argument = Arg::new(self.name).long(self.name).value_name(self.value_name);
        let argument = argument
            .help(self.help)
            .value_parser(|text: &str| self.checked(text))
            .allow_hyphen_values(true);
        self.default.map_or(argument.clone(), |default| argument.default_value(default))
    }
}

impl Spec {
    fn command(&self) -> clap::Command {
        let numbers = match self.make {
            Make::Plain(_) => vec![],
            Make::One(number, _) => vec![number],
            Make::Two(numbers, _) => numbers.to_vec(),
        };
        let command = clap::Command::new(self.name).visible_aliases(self.aliases);
        let command = command.args(numbers.into_iter().map(Number::argument));
        let command = InputOptions::augment_args(command);
        let command = match self.slices {
            Slices::None => command,
            Slices::Tensors => AxesOptions::augment_args(command),
            Slices::Named => {
                let command = AxesOptions::augment_args(command);
                command.mut_group("AXES", |axes| axes.required(true))
            }
        };
        let command = command.args(self.settings.iter().map(|setting| setting.argument()));
        // Last: each group of options brings a description of its own.
        RunOptions::augment_args(ResultOptions::augment_args(command))
            .about(self.about)
            .long_about(format!("{}\n\n{} {}", self.about, self.details, self.takes.help()))
            .after_help(format!("Example: normproj {}", self.example))
    }

    fn operation(&self, matches: &ArgMatches) -> std::result::Result<Operation, clap::Error> {
        let axes = match self.slices {
            Slices::None => Axes::All,
            Slices::Named | Slices::Tensors => AxesOptions::from_arg_matches(matches)?.axes(),
        };
        let mut settings = Settings::over(axes);
        for setting in self.settings {
            let Some(text) = matches.get_one::<String>(setting.name) else { continue };
            let read = settings.set(setting, text);
            read.map_err(|reason| clap::Error::raw(ErrorKind::ValueValidation, reason))?;
        }
        let operation = match self.make {
            Make::Plain(make) => make(&settings),
            Make::One(number, make) => make(number.of(matches)?, &settings),
            Make::Two([a, b], make) => make(a.of(matches)?, b.of(matches)?, &settings),
        };
        Ok(settings.complete(operation))
    }
}

fn missing(what: &str) -> clap::Error {
    clap::Error::raw(ErrorKind::MissingRequiredArgument, format!("{what} is missing"))
}

impl FromArgMatches for Command {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let found = matches.subcommand().and_then(|(name, rest)| Some((find(name)?, rest)));
        let (spec, matches) = found.ok_or_else(|| missing("an operation"))?;
        Ok(Command {
            least_rank: spec.takes.least_rank(),
            operation: spec.operation(matches)?,
            input: InputOptions::from_arg_matches(matches)?,
            result: ResultOptions::from_arg_matches(matches)?,
            run: RunOptions::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Command {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        command.subcommands(ALL.map(Spec::command))
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        find(name).is_some()
    }
}
