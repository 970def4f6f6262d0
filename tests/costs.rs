//! What plans cost, held against `tests/data/costs.txt`: dispatches, bytes and scratch cannot grow
//! unseen. After a change that is meant, `UPDATE_EXPECT=1 cargo test --test costs` writes the file.

use std::fmt::Write;

use expect_test::expect_file;
use normproj::plan::group::{GroupPlan, GroupRequest, Member};
use normproj::{Axes, Clip, DType, DeviceProfile, Layout, Plan, Projection, Request, Result};

const DTYPES: [DType; 2] = [DType::F32, DType::F16];

fn cases() -> Vec<(Vec<usize>, Axes)> {
    vec![
        (vec![65_536, 4096], 1.into()),
        (vec![262_144, 1024], 1.into()),
        (vec![8192, 65_536], 1.into()),
        (vec![4096, 32_768], 1.into()),
        (vec![4096, 32], 1.into()),
        (vec![1, 67_108_864], 1.into()),
        (vec![4096, 4096], 0.into()),
        (vec![16_384, 16_384], 0.into()),
        (vec![128_256, 4096], 0.into()),
        (vec![784, 256], 0.into()),
        (vec![3, 3, 512, 512], [0, 1, 2].into()),
        (vec![256, 256, 256], [0, 2].into()),
    ]
}

fn sets(axes: Axes) -> [Projection; 3] {
    use normproj::Norm::L1;
    [Projection::max_norm(3.0, axes), Projection::unit_norm(axes), Projection::ball(L1, 3.0, axes)]
}

#[test]
fn projections_cost_what_they_did() {
    let mut table = String::new();
    for profile in [DeviceProfile::h200(), DeviceProfile::browser(), DeviceProfile::native(2)] {
        writeln!(table, "{}: dispatches; bytes an element, v = 0, 1%, 1; scratch", profile.name)
            .expect("a string");
        for (shape, axes) in cases() {
            for dtype in DTYPES {
                let lines = sets(axes).map(|set| line(&set, &shape, dtype, &profile));
                lines.into_iter().for_each(|line| table += &line.expect("a legal plan"));
            }
        }
    }
    expect_file!["data/costs.txt"].assert_eq(&table);
}

fn line(
    set: &Projection,
    shape: &[usize],
    dtype: DType,
    profile: &DeviceProfile,
) -> Result<String> {
    let request = Request::in_place(*set, Layout::contiguous(shape)?).of(dtype);
    let plan = Plan::new(&request, profile)?;
    let cost = plan.cost();
    let [none, some, all] = [0.0, 0.01, 1.0].map(|v| cost.bytes_per_element(v));
    let set = format!("{:?}", set.set());
    let (set, scratch) = (set.split(' ').next().unwrap_or(""), plan.steps().scratch_bytes());
    let (dispatches, schedule) = (cost.dispatches, plan.schedule());
    Ok(format!(
        "  {set} {shape:?} {dtype}: {dispatches}; {none:.3} {some:.3} {all:.3}; {scratch}  {schedule}\n"
    ))
}

#[test]
fn clips_of_a_model_cost_what_they_did() {
    let mut table = String::new();
    for profile in [DeviceProfile::h200(), DeviceProfile::browser(), DeviceProfile::native(2)] {
        for arena in [true, false] {
            let model = model(arena, &[DType::F32]).expect("a model");
            let plan = GroupPlan::new(model, &profile).expect("a plan");
            writeln!(table, "{}\n", plan.explain()).expect("a string");
        }
    }
    for dtypes in [&[DType::F64][..], &[DType::F64, DType::F32, DType::BF16]] {
        let model = model(true, dtypes).expect("a model");
        let plan = GroupPlan::new(model, &DeviceProfile::h200()).expect("a plan");
        writeln!(table, "of {dtypes:?}: {}\n", plan.explain()).expect("a string");
    }
    expect_file!["data/clip_costs.txt"].assert_eq(&table);
}

/// 60 kernels of half a million elements, each with four biases of under a thousand: in one buffer,
/// or each in its own, of these dtypes in turn.
fn model(arena: bool, dtypes: &[DType]) -> Result<GroupRequest> {
    let sizes = (0..300).map(|i| if i % 5 == 0 { 498_000 } else { 64 + i * 37 % 900 });
    let (mut members, mut end) = (Vec::new(), 0);
    for (i, size) in sizes.enumerate() {
        let (memory, first): (usize, usize) = if arena { (0, end) } else { (i, 0) };
        let dtype = dtypes[i % dtypes.len()];
        let first = first.div_ceil(dtype.size());
        let layout = Layout::contiguous([size])?.at(first)?;
        members.push(Member { layout, memory, dtype, companion: None });
        end = dtype.size() * layout.end();
    }
    let bytes = |member: &Member| 4 * member.layout.len().next_multiple_of(4) as u64;
    let memories = if arena {
        vec![end.next_multiple_of(8) as u64]
    } else {
        members.iter().map(bytes).collect()
    };
    Ok(GroupRequest { clip: Clip::global_norm(1.0), members, memories, others: vec![], sums: None })
}
