//! Devices whose bindings hold a part of the table, and of the indices.

use normproj::{Axes, Context, Error, Layout, Projection, Request, adapters, f16};

use super::Scene;
use crate::values::{Fill, Value, hash};

/// Every adapter with bindings of 8 KiB.
fn contexts() -> Vec<Context> {
    let limits =
        wgpu::Limits { max_storage_buffer_binding_size: 8 << 10, ..wgpu::Limits::default() };
    let open = |adapter| Context::on_with_limits(adapter, limits.clone()).expect("it opens");
    adapters().iter().map(open).collect()
}

fn prove<T: Value>(context: &Context, rows: usize, width: usize) {
    let memory: Vec<T> = (0..rows * width).map(|i| Fill::Normal.value(9, i)).collect();
    let table = Layout::contiguous([rows, width]).expect("small");
    let name = |i: usize| (hash(4, i) % (rows as u64 + 3)) as u32;
    let indices: Vec<u32> = (0..2500).map(name).collect();
    let projection = Projection::max_norm(1.0, Axes::keep(0));
    let scene = Scene { projection, table, memory: &memory, indices: &indices };
    let plan = context.plan(&scene.request()).expect("valid");
    let (after, report) = scene.run(context, &plan, 1);
    let windows = plan.steps().steps.len();
    assert!(windows > 8, "{}", plan.explain());
    scene.judge(context, &plan, &after, &report).expect("in windows as in one");
}

#[test]
fn tables_and_indices_are_bound_in_parts() {
    let turn = crate::contexts::alone();
    for context in contexts() {
        prove::<f32>(&context, 900, 20);
        prove::<f16>(&context, 900, 33);
        // Whole rows only, and one word for each.
        for shape in [[3, 2048], [3000, 4]] {
            let table = Layout::contiguous(shape).expect("small");
            let list = Layout::contiguous([2]).expect("small");
            let request = Request::in_place(Projection::max_norm(1.0, 1), table).rows(list);
            let found = context.plan(&request);
            assert!(matches!(found, Err(Error::Unsupported { .. })), "{shape:?}: {found:?}");
        }
    }
    drop(turn);
}
