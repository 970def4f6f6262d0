//! The one line: bound the norm of the incoming weights of each unit.

use normproj::{Context, project_max_norm};

fn main() -> normproj::Result<()> {
    // The best GPU; the native CPU backend if there is none.
    let context = Context::new()?;
    println!("on {}", context.describe());

    let host: Vec<f32> = (0..784 * 256).map(|i| (i as f32).sin()).collect();
    let weights = context.upload(&host, [784, 256])?;

    // Axis 0 is reduced: each of the 256 columns ends with norm 3 at most. On a GPU this is queued
    // and the host does not wait.
    project_max_norm(&weights, 0, 3.0)?;

    // Reading waits.
    let host: Vec<f32> = weights.read()?;
    let norm = |unit: usize| -> f64 {
        (0..784).map(|input| f64::from(host[input * 256 + unit]).powi(2)).sum::<f64>().sqrt()
    };
    println!("the largest norm is {}", (0..256).map(norm).fold(0.0, f64::max));
    Ok(())
}
