//! How a request is carried out: the choice that changes speed, never a result beyond its bound.

use crate::plan::geometry::Walk;

/// The way in which a request is carried out. Any legal one can be forced with
/// [`Plan::with_schedule`](crate::Plan::with_schedule).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schedule {
    /// On a GPU: one dispatch; a slice stays in registers between its reduction and its store.
    Resident {
        /// How lanes map to elements.
        tiling: Tiling,
        /// How many loads of a slice a lane holds.
        held: u32,
    },
    /// On a GPU: one dispatch; a workgroup reads its slices, and those that violate a second time.
    Streamed {
        /// How lanes map to elements.
        tiling: Tiling,
    },
    /// On a GPU: one dispatch writes partial sums of chunks, a second rescales what violates.
    Partial {
        /// How lanes map to elements.
        tiling: Tiling,
        /// How many steps of a slice a workgroup reduces.
        chunk: u32,
        /// Whether a dispatch between the two combines the partial sums of each slice.
        decide: bool,
    },
    /// On the native CPU backend.
    Native {
        /// How slices are walked.
        walk: Walk,
        /// How many columns a thread reduces and stores while they are in its cache; 0: a matrix
        /// that exceeds the cache is swept twice.
        panel: u32,
    },
}

/// How the lanes of a workgroup map to slices and to the elements of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tiling {
    /// How slices are walked.
    pub walk: Walk,
    /// Elements for each load: 4 or 1.
    pub width: u32,
    /// Slices side by side in a workgroup (groups of `width` slices in columns): a power of two.
    pub tile: u32,
    /// Lanes that share a slice: a power of two.
    pub fan: u32,
}

impl Tiling {
    /// The size of the workgroup.
    pub fn lanes(&self) -> u32 {
        self.tile * self.fan
    }

    /// How many slices a lane works on at once.
    pub fn slices_per_lane(&self) -> u32 {
        if self.walk == Walk::Columns { self.width } else { 1 }
    }

    /// How many elements of a slice one step of a lane covers.
    pub fn elements_per_step(&self) -> u32 {
        if self.walk == Walk::Columns { 1 } else { self.width }
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Schedule::Resident { tiling, held } => {
                write!(formatter, "{}_resident({tiling}, {held} held)", tiling.walk)
            }
            Schedule::Streamed { tiling } => {
                write!(formatter, "{}_streamed({tiling})", tiling.walk)
            }
            Schedule::Partial { tiling, chunk, decide } => {
                let decide = if *decide { "decide, " } else { "" };
                write!(formatter, "{}_partial({tiling}, {decide}{chunk} steps)", tiling.walk)
            }
            Schedule::Native { walk, panel: 0 } => write!(formatter, "native_{walk}"),
            Schedule::Native { walk, panel } => {
                write!(formatter, "native_{walk}(panels of {panel})")
            }
        }
    }
}

impl std::fmt::Display for Tiling {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tiling { width, tile, fan, .. } = self;
        write!(formatter, "{tile}×{fan} lanes of {width}")
    }
}

impl std::fmt::Display for Walk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Walk::Rows => "rows",
            Walk::Columns => "columns",
            Walk::Strided => "strided",
        })
    }
}
