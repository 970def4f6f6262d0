//! Tensors whose parts are on MPI ranks, bounded together: see `README.md`.

mod check;
mod gather;
mod scene;

use std::error::Error;
use std::process::ExitCode;

use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use normproj::{Context, Norm, Projection, Shard, Statistics};
use scene::{COLUMNS, Spread, Tensor};

fn main() -> ExitCode {
    let Some(universe) = mpi::initialize() else {
        eprintln!("MPI is initialised already");
        return ExitCode::FAILURE;
    };
    let world = universe.world();
    let failures = run(&world).unwrap_or_else(|error| {
        eprintln!("rank {}: {error}", world.rank());
        // The others would wait for this rank.
        world.abort(1)
    });
    let mut everywhere = 0;
    world.all_reduce_into(&failures, &mut everywhere, SystemOperation::sum());
    if world.rank() == 0 {
        println!("{everywhere} differences on {} ranks", world.size());
    }
    if everywhere == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many checks failed on this rank.
fn run(world: &SimpleCommunicator) -> Result<u64, Box<dyn Error>> {
    let gpu = std::env::args().any(|argument| argument == "--gpu");
    let context = if gpu { Context::new()? } else { Context::cpu() };
    println!("rank {} of {}: {}", world.rank(), world.size(), context.describe());
    // 2κ + 5δ: sums are f32 on a GPU.
    let room = if gpu { 5e-5 } else { 4e-6 };
    let mut failures = 0;
    for tensor in scene::tensors() {
        for norm in [Norm::L1, Norm::L2, Norm::Linf, Norm::lp(3.0)?] {
            // Just over a column in the middle, so that some are inside and none is at the rim.
            let column: Vec<f32> =
                tensor.elements.iter().skip(COLUMNS / 2).step_by(COLUMNS).copied().collect();
            let c = 1.01 * normproj::reference::norm(norm, &column);
            let projection = Projection::max_norm(c, 0).norm_in(norm);
            failures += project(world, &context, &tensor, projection, room)?;
        }
    }
    Ok(failures)
}

/// Projects a tensor together with the other ranks; how many checks failed here.
fn project(
    world: &SimpleCommunicator,
    context: &Context,
    tensor: &Tensor,
    projection: Projection,
    room: f64,
) -> Result<u64, Box<dyn Error>> {
    let (rank, ranks) = (world.rank() as usize, world.size() as usize);
    let (host, rows) = tensor.part(rank, ranks);
    let part = context.upload(host, [rows.len(), COLUMNS])?;
    let shard = Shard::new(projection, &part)?;
    let local = shard.statistics()?;
    // All copies are projected, and one is counted.
    let masked = tensor.spread == Spread::Copied && rank != 0;
    let sent = if masked { shard.none() } else { local.clone() };
    let whole = gather::gathered(world, shard.none(), &sent)?;
    shard.apply(&local, &whole)?;
    let after = part.read()?;

    let own = whole.to_bytes();
    let alike = gather::from_all(world, &own).chunks(own.len()).all(|other| other == own);
    let mut failures = u64::from(!alike);
    if !alike {
        println!("rank {rank}, {} {projection}: ranks have merged other bits", tensor.name);
    }
    if tensor.spread == Spread::Copied {
        let bits: Vec<u8> = after.iter().flat_map(|y| y.to_le_bytes()).collect();
        let alike = gather::from_all(world, &bits).chunks(bits.len()).all(|other| other == bits);
        failures += u64::from(!alike);
        return Ok(failures + report(world, tensor, projection, &after, room)?);
    }
    Ok(failures + report(world, tensor, projection, &joined(world, tensor, &after), room)?)
}

/// The tensor that the parts make up now, on rank 0; nothing elsewhere.
fn joined(world: &SimpleCommunicator, tensor: &Tensor, part: &[f32]) -> Vec<f32> {
    let root = world.process_at_rank(0);
    if world.rank() != 0 {
        root.gather_varcount_into(part);
        return Vec::new();
    }
    let ranks = world.size() as usize;
    let rows = |rank| tensor.part(rank, ranks).1;
    let counts: Vec<i32> = (0..ranks).map(|k| (rows(k).len() * COLUMNS) as i32).collect();
    let first: Vec<i32> = (0..ranks).map(|k| (rows(k).start * COLUMNS) as i32).collect();
    let mut whole = vec![0f32; tensor.elements.len()];
    root.gather_varcount_into_root(
        part,
        &mut PartitionMut::new(&mut whole[..], counts, &first[..]),
    );
    whole
}

/// On rank 0: compares with the oracle, and prints what came of it and what travelled.
fn report(
    world: &SimpleCommunicator,
    tensor: &Tensor,
    projection: Projection,
    after: &[f32],
    room: f64,
) -> Result<u64, Box<dyn Error>> {
    if world.rank() != 0 {
        return Ok(0);
    }
    let wrong = check::differs(&projection, &tensor.elements, after, room)?;
    let moved = tensor.elements.iter().zip(after).filter(|(x, y)| x.to_bits() != y.to_bits());
    println!(
        "{:8} {projection}: {} of {} elements changed, {} bytes sent by each rank: {}",
        tensor.name,
        moved.count(),
        after.len(),
        Statistics::bytes(COLUMNS),
        wrong.as_deref().unwrap_or("as the oracle has it"),
    );
    Ok(u64::from(wrong.is_some()))
}
