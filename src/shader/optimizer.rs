//! The fragments of an optimizer, and of a copy of the weights that it keeps.

use crate::shader::variant::{Kernel, Lane, Optimizer, Pack, Variant};

impl Variant {
    /// What becomes of weights when they are loaded for the first time.
    pub(super) fn optimizer(&self) -> Vec<&'static str> {
        let taken = match (self.kernel, self.optimizer) {
            (
                Kernel::Resident | Kernel::Streamed | Kernel::Partial | Kernel::Rescale,
                Optimizer::None,
            ) => return vec![fragment!("optimizer/none")],
            (_, Optimizer::None) => return vec![],
            (_, Optimizer::Done) => {
                return vec![fragment!("optimizer/numbers"), fragment!("optimizer/coefficients")];
            }
            (Kernel::Resident, _) => fragment!("optimizer/held"),
            _ => fragment!("optimizer/stored"),
        };
        let [gradient, first, second] = if self.in_halves() {
            [
                fragment!("optimizer/halves/beside"),
                fragment!("optimizer/halves/first"),
                fragment!("optimizer/halves/second"),
            ]
        } else {
            [
                fragment!("optimizer/beside"),
                fragment!("optimizer/first"),
                fragment!("optimizer/second"),
            ]
        };
        let mut texts = vec![
            taken,
            fragment!("optimizer/numbers"),
            fragment!("optimizer/coefficients"),
            fragment!("optimizer/direction"),
            gradient,
        ];
        match self.optimizer {
            Optimizer::None | Optimizer::Done => {}
            Optimizer::Sgd => texts.push(fragment!("optimizer/sgd")),
            Optimizer::Momentum => texts.extend([fragment!("optimizer/momentum"), first]),
            Optimizer::Adam => texts.extend([fragment!("optimizer/adam"), first, second]),
        }
        texts
    }

    /// How the copy of weights is written that are stored.
    pub(super) fn copy(&self) -> Vec<&'static str> {
        let Some(pack) = self.copy else { return vec![] };
        let stored = match self.lane {
            Lane::One => vec![fragment!("pack/halves"), fragment!("copy/halves")],
            Lane::FourInRow | Lane::FourColumns => vec![fragment!("copy/words")],
        };
        [pack.narrow(), &stored].concat()
    }
}

impl Pack {
    /// How the bits of an f32 become those of 16.
    pub(super) fn narrow(self) -> &'static [&'static str] {
        match self {
            Pack::F16 => &[fragment!("pack/narrow/f16")],
            Pack::Bf16 => &[fragment!("pack/narrow/bf16")],
            Pack::F32 | Pack::F64 => &[],
        }
    }
}
