//! What is refused, what is empty, and what is shared or changes between two runs.

use normproj::{Axes, Context, DType, Error, Indices, Layout, Norm, Projection, Request};

use super::Scene;
use crate::contexts::contexts;
use crate::values::Fill;

fn max_norm() -> Projection {
    Projection::max_norm(1.0, Axes::keep(0))
}

#[test]
fn other_requests_are_refused() {
    let table = Layout::contiguous([6, 4]).expect("small");
    let list = Layout::contiguous([3]).expect("small");
    for context in contexts() {
        let refused = |request: Request| {
            let found = context.plan(&request.rows(list));
            assert!(matches!(found, Err(Error::PlanMismatch { .. })), "{found:?}");
        };
        refused(Request::in_place(Projection::max_norm(1.0, 0), table));
        refused(Request::in_place(Projection::bounds(-1.0, 1.0), table));
        refused(Request::into(max_norm(), table, table));
        refused(
            Request::in_place(max_norm(), table)
                .with_radii(Layout::contiguous([1]).expect("small")),
        );
        refused(Request::in_place(Projection::line(1), table).along(table));
        let norms = Layout::contiguous([6]).expect("small");
        refused(Request::norms(Norm::L2, 1, table, norms));
        let negative = Request::in_place(Projection::max_norm(-1.0, 1), table).rows(list);
        assert!(matches!(context.plan(&negative), Err(Error::Radius { .. })));
    }
}

#[test]
fn indices_must_be_those_of_the_plan() {
    for context in contexts() {
        let table = context.zeros([6, 4]).expect("zeros");
        let indices = Indices::upload(context, &[1u32, 2]).expect("upload");
        let longer = Indices::upload(context, &[1i32, 2, 3]).expect("upload");
        let request = Request::in_place(max_norm(), *table.layout()).rows(*indices.layout());
        let plan = context.plan(&request).expect("valid");
        let found = context.run_rows(&plan, &table, &longer);
        assert!(matches!(found, Err(Error::PlanMismatch { .. })), "{found:?}");
        let found = context.run(&plan, &table, &table);
        assert!(matches!(found, Err(Error::PlanMismatch { .. })), "{found:?}");
        let elsewhere = Indices::upload(&Context::cpu(), &[1u32, 2]).expect("upload");
        let found = context.project_rows(&max_norm(), &table, &elsewhere);
        assert!(matches!(found, Err(Error::OtherContext { .. })), "{found:?}");
        let inside = table.view(Layout::contiguous([2]).expect("small")).expect("inside");
        let inside = Indices::of(&inside).expect("words");
        let found = context.project_rows(&max_norm(), &table, &inside);
        assert!(matches!(found, Err(Error::Overlap { .. })), "{found:?}");
        assert!(matches!(Indices::of(&table), Err(Error::Unsupported { .. })));
        let halves = context.zeros_as([4], DType::F16).expect("zeros");
        assert!(matches!(Indices::of(&halves), Err(Error::Dtype { .. })));
    }
}

#[test]
fn nothing_is_named_or_nothing_is_there() {
    for context in contexts() {
        for (shape, indices) in [
            (vec![4usize, 3], vec![]),
            (vec![4, 0], vec![1u32, 9]),
            (vec![0, 3], vec![0]),
            (vec![4, 3], vec![4, u32::MAX]),
        ] {
            let table = context.zeros(&shape).expect("zeros");
            let list = Indices::upload(context, &indices).expect("upload");
            let report = context.project_rows_reported(&max_norm(), &table, &list).expect("valid");
            let report = report.wait().expect("a report");
            assert_eq!((report.slices, report.changed), (0, 0), "{shape:?} {indices:?}");
        }
    }
}

/// One preparation, and other indices and another table each time: owners do not outlast a run.
#[test]
fn indices_change_between_runs() {
    for context in contexts() {
        let layout = Layout::contiguous([50, 8]).expect("small");
        let host: Vec<f32> = (0..400).map(|i| 5.0 * Fill::Normal.value::<f32>(1, i)).collect();
        let lists = [[7u32, 7, 3, 49], [3, 9, 9, 50], [0, 1, 2, 3], [7, 7, 7, 7]];
        let indices = Indices::upload(context, &lists[0]).expect("upload");
        for list in lists {
            let table = context.upload(&host, [50, 8]).expect("upload");
            indices.write(&list).expect("write");
            context.project_rows(&max_norm(), &table, &indices).expect("valid");
            let scene =
                Scene { projection: max_norm(), table: layout, memory: &host, indices: &list };
            let plan = context.plan(&scene.request()).expect("valid");
            let (_, report) = scene.run(context, &plan, 1);
            let after = table.read().expect("read");
            scene.judge(context, &plan, &after, &report).expect("as a table of its own");
        }
        let Some(gpu) = context.as_gpu() else { continue };
        let table = context.upload(&host, [50, 8]).expect("upload");
        let request = Request::in_place(max_norm(), layout).rows(*indices.layout());
        let prepared = gpu.prepare(&context.plan(&request).expect("valid")).expect("prepared");
        let bound = prepared.bind_rows(&table, &indices).expect("bound");
        for list in lists {
            indices.write(&list).expect("write");
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            bound.record_pass(&mut encoder);
            gpu.queue().submit([encoder.finish()]);
        }
        let all: Vec<u32> = lists.concat();
        let scene = Scene { projection: max_norm(), table: layout, memory: &host, indices: &all };
        let plan = context.plan(&scene.request()).expect("valid");
        let (_, report) = scene.run(context, &plan, 1);
        scene
            .judge(context, &plan, &table.read().expect("read"), &report)
            .expect("all were projected");
    }
}

/// Indices and table in one memory.
#[test]
fn indices_beside_their_table() {
    for context in contexts() {
        let names: Vec<f32> = [2u32, 0, 2, 77].into_iter().map(f32::from_bits).collect();
        let host = [vec![3.0f32; 24], names].concat();
        let arena = context.upload(&host, [28]).expect("upload");
        let table = arena.view(Layout::contiguous([4, 6]).expect("small")).expect("inside");
        let list = Layout::contiguous([4]).expect("small").at(24).expect("small");
        let indices = Indices::of(&arena.view(list).expect("inside")).expect("words");
        context.project_rows(&max_norm(), &table, &indices).expect("valid");
        let after = table.read().expect("read");
        let still: Vec<bool> = after.chunks(6).map(|row| row == [3.0; 6]).collect();
        assert_eq!(still, [false, true, false, true], "{}", context.describe());
        assert_eq!(indices.len(), 4);
    }
}

/// Rows that do not stay on chip, by several workgroups each.
#[test]
fn long_rows() {
    let (rows, width) = (5, 40_003);
    let fill =
        |i: usize| Fill::Normal.value::<f32>(3, i) * [1.0, 1e25, 1e-25, 1e-3, 0.0][i / width];
    let memory: Vec<f32> = (0..rows * width).map(fill).collect();
    let table = Layout::contiguous([rows, width]).expect("small");
    for context in contexts() {
        for projection in [max_norm(), Projection::unit_norm(Axes::keep(0))] {
            let indices = [4, 1, 1, 2, 9, 3];
            Scene { projection, table, memory: &memory, indices: &indices }.prove(context, 5);
        }
    }
}
