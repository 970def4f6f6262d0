//! Rows of a table that indices name, each once.

use std::sync::{Arc, RwLock};

use half::{bf16, f16};

use super::general;
use super::memory::Memory;
use super::number::Number;
use crate::dtype::DType;
use crate::host::{HostMemory, lock_write};
use crate::plan::Plan;
use crate::report::Tally;

/// Carries out a plan for the rows that indices name; i32 and u32 that name none are beyond the last.
pub(crate) fn run(plan: &Plan, table: &Arc<RwLock<HostMemory>>, indices: &[u32]) -> Tally {
    let geometry = plan.geometry();
    let mut rows: Vec<usize> = indices.iter().map(|&index| index as usize).collect();
    rows.retain(|&row| row < plan.request().source.shape()[0]);
    let out_of_range = (indices.len() - rows.len()) as u64;
    rows.sort_unstable();
    rows.dedup();
    if geometry.is_empty() {
        return Tally::default();
    }
    let mut memory = lock_write(table);
    let tally = match plan.request().dtype {
        DType::F32 => project::<f32>(plan, &mut memory, &rows),
        DType::F16 => project::<f16>(plan, &mut memory, &rows),
        DType::BF16 => project::<bf16>(plan, &mut memory, &rows),
        DType::F64 => project::<f64>(plan, &mut memory, &rows),
    };
    // Slices are indices, of which a report leaves out those that name no row.
    Tally { slices: tally.slices + out_of_range, out_of_range, ..tally }
}

fn project<T: Number>(plan: &Plan, memory: &mut HostMemory, rows: &[usize]) -> Tally {
    let table = &mut memory.of_mut::<T>()[plan.geometry().target_offset..];
    general::project(plan, None, Some(rows), Memory::InPlace(table))
}
