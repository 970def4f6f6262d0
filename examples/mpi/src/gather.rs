//! Statistics to every rank.

use mpi::traits::*;
use normproj::Statistics;

/// The statistics of all parts, merged in the order of ranks: `bytes` are those of every rank, one after
/// the other. Whatever the transport is, this is what comes after it.
pub fn merged(none: Statistics, bytes: &[u8]) -> normproj::Result<Statistics> {
    let size = Statistics::bytes(none.slices());
    bytes.chunks(size).try_fold(none, |mut whole, part| {
        whole.merge(&Statistics::from_bytes(part)?)?;
        Ok(whole)
    })
}

/// One all-gather of a fixed size. `none` are the statistics of no elements.
pub fn gathered<C: Communicator>(
    world: &C,
    none: Statistics,
    own: &Statistics,
) -> normproj::Result<Statistics> {
    merged(none, &from_all(world, &own.to_bytes()))
}

/// The bytes of every rank, as many of each.
pub fn from_all<C: Communicator>(world: &C, own: &[u8]) -> Vec<u8> {
    let mut all = vec![0u8; own.len() * world.size() as usize];
    world.all_gather_into(own, &mut all[..]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use normproj::{Context, Projection, Shard};

    #[test]
    fn bytes_of_ranks_are_merged() -> normproj::Result<()> {
        let context = Context::cpu();
        let measured = |x: f32| {
            let part = context.upload(&[x], [1])?;
            Shard::new(Projection::max_norm(1.0, 0), &part)?.statistics()
        };
        let ranks = [measured(3.0)?, measured(4.0)?];
        let bytes: Vec<u8> = ranks.iter().flat_map(Statistics::to_bytes).collect();
        let none = Statistics::none(normproj::Norm::L2, normproj::DType::F32, 1);
        assert_eq!(merged(none.clone(), &bytes)?.norms(), [5.0]);
        assert!(merged(none, &bytes[1..]).is_err());
        Ok(())
    }
}
