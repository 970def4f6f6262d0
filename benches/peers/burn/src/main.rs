//! Operations composed in Burn beside this library, on one device: the same process, adapter, buffers'
//! sizes and clock, the runs of both in turn. Prints what `benches/peers/merge.py` reads.
//!
//! `cargo run --release [-- CASE...]`, in this folder: it is a crate of its own, so that users of
//! normproj do not compile Burn. `NORMPROJ_ADAPTER=llvmpipe` chooses by part of a name.

mod cases;
mod device;

use std::time::Instant;

use burn::tensor::Tensor;
use normproj::{Clip, Group, Model, Projection};
use serde_json::{Value, json};

use cases::{Case, VIOLATING};
use device::Devices;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let devices = Devices::open(std::env::var("NORMPROJ_ADAPTER").ok())?;
    let mut peers = Vec::new();
    for case in cases::all().iter().filter(|case| case.elements() <= devices.most_elements()) {
        if chosen.is_empty() || chosen.iter().any(|name| name == case.id) {
            for v in VIOLATING {
                project(&devices, case, v, &mut peers)?;
            }
        }
    }
    let name = "clip_300_tensors_apart";
    // Only by its name: on lavapipe (Mesa 22.3.6) the process dies of the 36th tensor that Burn's fusion is
    // given, also with 16 storage buffers; why is not known.
    if chosen.iter().any(|chosen| chosen == name) {
        for v in [0.0, 1.0] {
            clip(&devices, name, v, &mut peers)?;
        }
    }
    println!("{}", json!({"adapter": devices.name(), "burn": "0.22", "peers": peers}));
    Ok(())
}

/// Medians in milliseconds of both, whose runs take turns; `restore` is not timed.
fn timed(
    devices: &Devices,
    mut restore: impl FnMut() -> Result<()>,
    mut ours: impl FnMut() -> Result<()>,
    mut theirs: impl FnMut() -> Result<()>,
) -> Result<[f64; 2]> {
    let mut times = [vec![], vec![]];
    for _ in 0..devices.runs() {
        restore()?;
        devices.wait()?;
        for (times, run) in times.iter_mut().zip([&mut ours as &mut dyn FnMut() -> _, &mut theirs])
        {
            let start = Instant::now();
            run()?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }))
}

fn push(peers: &mut Vec<Value>, id: &str, violating: f64, [ours, burn]: [f64; 2]) {
    eprintln!("{id} {violating}: normproj {ours:.4}, burn {burn:.4}, {:.2} times", burn / ours);
    peers.push(json!({"id": id, "violating": violating, "peer": "normproj", "ms": ours}));
    peers.push(json!({"id": id, "violating": violating, "peer": "burn", "ms": burn}));
}

/// As a user of Burn writes it: kept where the norm is at most c, else scaled.
fn max_norm(x: &Tensor<2>, axis: usize, c: f64) -> Tensor<2> {
    let norm = x.clone().square().sum_dim(axis).sqrt();
    x.clone() * (norm.recip() * c).clamp_max(1.0)
}

fn project(devices: &Devices, case: &Case, v: f64, peers: &mut Vec<Value>) -> Result<()> {
    let host = cases::uniform(case.elements());
    let c = case.radius(&host, v);
    let shape = [case.rows, case.columns];
    let base = devices.context.upload(&host, shape)?;
    let work = devices.context.zeros(shape)?;
    let tensor = devices.tensor(&host, shape);
    let (projection, everything) =
        (Projection::max_norm(c, case.axis as i32), Projection::max_norm(f64::INFINITY, 0));
    let restore = || Ok(devices.context.project_into(&everything, &base, &work)?);
    let ours = || {
        devices.context.project(&projection, &work)?;
        devices.wait()
    };
    let theirs = || {
        let _result = max_norm(&tensor, case.axis, c);
        Ok(devices.burn.sync()?)
    };
    restore()?;
    ours()?;
    let result: Vec<f32> =
        max_norm(&tensor, case.axis, c).into_data().try_to_vec().map_err(text)?;
    same(case.id, &work.read()?, &result)?;
    push(peers, case.id, v, timed(devices, restore, ours, theirs)?);
    Ok(())
}

/// The gradients of a model clipped by their global norm.
fn clip(devices: &Devices, id: &str, v: f64, peers: &mut Vec<Value>) -> Result<()> {
    let sizes = cases::model(devices.model_elements());
    let hosts: Vec<Vec<f32>> = sizes.iter().map(|&size| cases::uniform(size)).collect();
    let upload = |host: &Vec<f32>| devices.context.upload(host, [host.len()]);
    let buffers: Vec<_> = hosts.iter().map(upload).collect::<normproj::Result<_>>()?;
    let bases: Vec<_> = hosts.iter().map(upload).collect::<normproj::Result<_>>()?;
    let tensors: Vec<_> = hosts.iter().map(|host| devices.tensor(host, [1, host.len()])).collect();
    let square = hosts.iter().flatten().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let c = square.sqrt() * if v == 0.0 { 2.0 } else { 0.5 };
    let group = Group::new(Clip::global_norm(c), &Model::unnamed(&devices.context, &buffers)?)?;
    let everything = Projection::max_norm(f64::INFINITY, 0);
    let restore = || {
        for (base, buffer) in bases.iter().zip(&buffers) {
            devices.context.project_into(&everything, base, buffer)?;
        }
        Ok(())
    };
    let ours = || {
        group.enqueue()?;
        devices.wait()
    };
    let clipped = || {
        let squares = tensors.iter().map(|x| x.clone().square().sum());
        let total = squares.reduce(|a, b| a + b).ok_or("no tensors")?;
        let factor = (total.sqrt().recip() * c).clamp_max(1.0).unsqueeze::<2>();
        let scaled = tensors.iter().map(|x| x.clone() * factor.clone());
        Ok::<Vec<Tensor<2>>, Box<dyn std::error::Error>>(scaled.collect())
    };
    let theirs = || {
        let _results = clipped()?;
        Ok(devices.burn.sync()?)
    };
    restore()?;
    ours()?;
    for (buffer, result) in buffers.iter().zip(clipped()?) {
        same(id, &buffer.read()?, &result.into_data().try_to_vec::<f32>().map_err(text)?)?;
    }
    push(peers, id, v, timed(devices, restore, ours, theirs)?);
    Ok(())
}

fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// Nothing is timed that does not agree.
fn same(id: &str, ours: &[f32], theirs: &[f32]) -> Result<()> {
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 * a.abs().max(b.abs());
    match ours.len() == theirs.len() && ours.iter().zip(theirs).all(near) {
        true => Ok(()),
        false => Err(format!("{id}: Burn's result is another").into()),
    }
}
