//! How long a GPU takes, by its own timestamps.

use std::cell::Cell;
use std::time::{Duration, Instant};

use normproj::gpu::Gpu;

use crate::failure::{Failure, Result};

/// Runs that one set of queries holds.
const MOST_RUNS: u32 = 256;

/// A GPU that idled runs at a low frequency for a while; one that just worked does not.
const IDLE: Duration = Duration::from_millis(20);
const WARM_UP: [Duration; 2] = [Duration::from_millis(3), Duration::from_millis(300)];

/// Times compute passes.
pub struct Clock {
    gpu: Gpu,
    stamps: Option<Stamps>,
    /// When the device last worked.
    worked: Cell<Option<Instant>>,
}

/// Two timestamps for each run.
struct Stamps {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    staged: wgpu::Buffer,
}

pub type Prepare<'a> = &'a dyn Fn(&mut wgpu::CommandEncoder);
pub type Timed<'a> = &'a dyn Fn(&mut wgpu::ComputePass<'_>);

impl Clock {
    pub fn new(gpu: &Gpu) -> Self {
        let device = gpu.device();
        let stamps = || {
            let buffer = |usage| {
                let size = u64::from(16 * MOST_RUNS);
                let label = Some("timestamps");
                device.create_buffer(&wgpu::BufferDescriptor {
                    label,
                    size,
                    usage,
                    mapped_at_creation: false,
                })
            };
            Stamps {
                queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("timestamps"),
                    ty: wgpu::QueryType::Timestamp,
                    count: 2 * MOST_RUNS,
                }),
                resolved: buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
                staged: buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST),
            }
        };
        let can = device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        Clock { gpu: gpu.clone(), stamps: can.then(stamps), worked: Cell::new(None) }
    }

    /// Whether times are the device's own; else they hold the host's submission, too.
    pub fn is_the_devices(&self) -> bool {
        self.stamps.is_some()
    }

    /// The median of some runs, in milliseconds. What `prepare` records is not timed.
    pub fn time(&self, runs: u32, prepare: Prepare<'_>, timed: Timed<'_>) -> Result<f64> {
        let runs = runs.clamp(1, MOST_RUNS);
        self.warm_up(prepare, timed)?;
        let time = match &self.stamps {
            Some(stamps) => self.by_stamps(stamps, runs, prepare, timed),
            None => self.by_wall(runs, prepare, timed),
        };
        self.worked.set(Some(Instant::now()));
        time
    }

    fn warm_up(&self, prepare: Prepare<'_>, timed: Timed<'_>) -> Result<()> {
        let idled = self.worked.get().is_none_or(|worked| worked.elapsed() > IDLE);
        let start = Instant::now();
        loop {
            self.submit(|encoder| {
                prepare(encoder);
                timed(&mut encoder.begin_compute_pass(&Default::default()));
            });
            self.wait()?;
            if start.elapsed() > WARM_UP[usize::from(idled)] {
                return Ok(());
            }
        }
    }

    fn by_stamps(
        &self,
        stamps: &Stamps,
        runs: u32,
        prepare: Prepare<'_>,
        timed: Timed<'_>,
    ) -> Result<f64> {
        let Stamps { queries, resolved, staged } = stamps;
        for run in 0..runs {
            self.submit(|encoder| {
                prepare(encoder);
                let writes = wgpu::ComputePassTimestampWrites {
                    query_set: queries,
                    beginning_of_pass_write_index: Some(2 * run),
                    end_of_pass_write_index: Some(2 * run + 1),
                };
                timed(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some("timed"),
                    timestamp_writes: Some(writes),
                }));
            });
        }
        let bytes = u64::from(16 * runs);
        self.submit(|encoder| {
            encoder.resolve_query_set(queries, 0..2 * runs, resolved, 0);
            encoder.copy_buffer_to_buffer(resolved, 0, staged, 0, bytes);
        });
        let slice = staged.slice(..bytes);
        slice.map_async(wgpu::MapMode::Read, |_| {});
        self.wait()?;
        let stamps: Vec<u64> = {
            let view = slice.get_mapped_range().map_err(|error| Failure::new(error.to_string()))?;
            bytemuck::pod_collect_to_vec(&view)
        };
        staged.unmap();
        let period = f64::from(self.gpu.queue().get_timestamp_period());
        let took = |pair: &[u64]| pair[1].saturating_sub(pair[0]) as f64 * period * 1e-6;
        Ok(median(stamps.chunks_exact(2).map(took).collect()))
    }

    /// The median of some runs from submission to the end, in milliseconds.
    pub fn by_wall(&self, runs: u32, prepare: Prepare<'_>, timed: Timed<'_>) -> Result<f64> {
        let mut times = Vec::new();
        for _ in 0..runs {
            self.submit(prepare);
            self.wait()?;
            let start = Instant::now();
            self.submit(|encoder| timed(&mut encoder.begin_compute_pass(&Default::default())));
            self.wait()?;
            times.push(milliseconds(start.elapsed()));
        }
        Ok(median(times))
    }

    /// The host's time to record into an encoder that is there, in microseconds.
    pub fn recording(&self, runs: u32, timed: Timed<'_>) -> f64 {
        let record = |_| {
            let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
            let start = Instant::now();
            timed(&mut encoder.begin_compute_pass(&Default::default()));
            microseconds(start.elapsed())
        };
        median((0..runs).map(record).collect())
    }

    pub fn submit(&self, record: impl FnOnce(&mut wgpu::CommandEncoder)) {
        let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
        record(&mut encoder);
        self.gpu.queue().submit([encoder.finish()]);
    }

    pub fn wait(&self) -> Result<()> {
        let waited = self.gpu.device().poll(wgpu::PollType::wait_indefinitely());
        waited.map(drop).map_err(|error| Failure::new(format!("the device: {error}")))
    }
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The middle of some times; infinite if there is none.
pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(super::median(vec![3.0, 1.0, 9.0]), 3.0);
        assert_eq!(super::median(vec![]), f64::INFINITY);
    }
}
