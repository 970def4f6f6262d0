//! The caller's device, buffers, encoder and pass.

use normproj::{Context, DeviceBuffer, Error, Layout, PendingReport, Projection, Request};

use crate::turns::Turn;
use crate::{all, contexts};

fn ones(context: &Context) -> DeviceBuffer {
    context.upload(&[1.0; 64 * 48], [64, 48]).unwrap()
}

fn norm_of_column(buffer: &DeviceBuffer) -> f64 {
    let host = buffer.read().unwrap();
    (0..64).map(|row| f64::from(host[row * 48]).powi(2)).sum::<f64>().sqrt()
}

fn request(radius: f64) -> Request {
    Request::in_place(Projection::max_norm(radius, 0), Layout::contiguous([64, 48]).unwrap())
}

#[test]
fn a_foreign_buffer_is_used_without_a_copy() {
    for context in contexts() {
        let gpu = context.as_gpu().unwrap();
        let theirs = Context::from_wgpu(gpu.device().clone(), gpu.queue().clone());
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST;
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 4 * (64 * 48 + 17),
            usage,
            mapped_at_creation: false,
        });
        gpu.queue().write_buffer(&buffer, 0, bytemuck::cast_slice(&[1.0f32; 64 * 48 + 17]));
        // An offset of 13 elements takes the scalar programs, and spares what lies around.
        let layout = Layout::strided([64, 48], [48, 1], 13).unwrap();
        let view = theirs.wrap(buffer.clone(), layout).unwrap();
        normproj::project_max_norm(&view, 0, 2.0).unwrap();
        assert!(norm_of_column(&view) <= 2.0);
        let whole = theirs.wrap(buffer, Layout::contiguous([64 * 48 + 17]).unwrap()).unwrap();
        let host = whole.read().unwrap();
        assert!(host[..13].iter().chain(&host[64 * 48 + 13..]).all(|&x| x == 1.0));
    }
}

#[test]
fn two_radii_in_one_submission_do_not_see_each_other() {
    for context in contexts() {
        let gpu = context.as_gpu().unwrap();
        let prepared = gpu.prepare(&context.plan(&request(2.0)).unwrap()).unwrap();
        let (first, second) = (ones(context), ones(context));
        let bounds = [
            prepared.bind(&first).unwrap(),
            prepared.with_radius(0.5).unwrap().bind(&second).unwrap(),
        ];
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        bounds.iter().for_each(|bound| bound.record(&mut pass));
        drop(pass);
        gpu.queue().submit([encoder.finish()]);
        assert!((norm_of_column(&first) - 2.0).abs() < 1e-4);
        assert!((norm_of_column(&second) - 0.5).abs() < 1e-5);
    }
}

/// A report recorded into an encoder that is then submitted, or not.
fn pending(context: &Context, submit: bool) -> PendingReport {
    let gpu = context.as_gpu().unwrap();
    let plan = context.plan(&request(2.0).with_report()).unwrap();
    let bound = gpu.prepare(&plan).unwrap().bind(&ones(context)).unwrap();
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    bound.record_pass(&mut encoder);
    let report = bound.report(&mut encoder).unwrap();
    if submit {
        gpu.queue().submit([encoder.finish()]);
    }
    report
}

#[test]
fn a_report_may_be_read_any_time_later_or_never() {
    for context in contexts() {
        let later = pending(context, true);
        drop(pending(context, true));
        for _ in 0..3 {
            normproj::project_max_norm(&ones(context), 0, 1.0).unwrap();
        }
        let report = later.wait().unwrap();
        assert_eq!((report.slices, report.changed), (48, 48));
        assert!((report.largest_norm - 8.0).abs() < 1e-6);
    }
}

#[test]
fn a_report_that_was_never_submitted_is_an_error() {
    for context in contexts() {
        assert_eq!(pending(context, false).wait(), Err(Error::NotSubmitted));
    }
}

#[test]
fn a_report_needs_a_plan_with_one() {
    for context in contexts() {
        let gpu = context.as_gpu().unwrap();
        let bound = gpu
            .prepare(&context.plan(&request(2.0)).unwrap())
            .unwrap()
            .bind(&ones(context))
            .unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        assert_eq!(bound.report(&mut encoder).unwrap_err(), Error::NoReport);
    }
}

#[test]
fn a_destroyed_buffer_is_an_error_and_not_a_panic() {
    for context in contexts() {
        let gpu = context.as_gpu().unwrap();
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 4 * 64 * 48,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        });
        let view = context.wrap(buffer.clone(), Layout::contiguous([64, 48]).unwrap()).unwrap();
        buffer.destroy();
        let result = normproj::project_max_norm(&view, 0, 1.0);
        assert!(matches!(result, Err(Error::Validation { .. })), "{result:?}");
    }
}

#[test]
fn a_buffer_of_another_device_is_an_error_and_not_a_panic() {
    for pair in all().chunks(2) {
        let _turn = Turn::of(pair);
        let [one, other] = pair else { continue };
        let gpu = other.as_gpu().unwrap();
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 4 * 64 * 48,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        });
        // Wrapped by the wrong context, as a caller with two devices might.
        let view = one.wrap(buffer, Layout::contiguous([64, 48]).unwrap()).unwrap();
        let result = normproj::project_max_norm(&view, 0, 1.0);
        assert!(matches!(result, Err(Error::Validation { .. })), "{result:?}");
    }
}
