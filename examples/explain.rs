//! Prints what would be done with a few typical tensors, and with the gradients of a model of 300, on
//! three devices, without touching any.

use normproj::plan::group::{GroupPlan, GroupRequest, Member};
use normproj::{Axes, Clip, DType, DeviceProfile, Layout, Plan, Projection, Request};

fn main() -> normproj::Result<()> {
    let cases: [(&[usize], Axes); 9] = [
        (&[65_536, 4096], 1.into()),
        (&[262_144, 1024], 1.into()),
        (&[8192, 65_536], 1.into()),
        (&[4096, 32], 1.into()),
        (&[4096, 4096], 0.into()),
        (&[16_384, 16_384], 0.into()),
        (&[128_256, 4096], 0.into()),
        (&[784, 256], 0.into()),
        (&[3, 3, 512, 512], [0, 1, 2].into()),
    ];
    for profile in [DeviceProfile::h200(), DeviceProfile::browser(), DeviceProfile::native(2)] {
        for (shape, axes) in cases {
            let projection = Projection::max_norm(3.0, axes);
            let request = Request::in_place(projection, Layout::contiguous(shape)?);
            println!("{}\n", Plan::new(&request, &profile)?.explain());
        }
        for arena in [true, false] {
            println!("{}\n", GroupPlan::new(model(arena)?, &profile)?.explain());
        }
    }
    Ok(())
}

/// 60 kernels of half a million elements, each with four biases of under a thousand: in one buffer,
/// or each in its own.
fn model(arena: bool) -> normproj::Result<GroupRequest> {
    let sizes = (0..300).map(|i| if i % 5 == 0 { 498_000 } else { 64 + i * 37 % 900 });
    let (mut members, mut end) = (Vec::new(), 0);
    for (i, size) in sizes.enumerate() {
        let (memory, first) = if arena { (0, end) } else { (i, 0) };
        let layout = Layout::contiguous([size])?.at(first)?;
        members.push(Member { layout, memory, dtype: DType::F32, companion: None });
        end += size;
    }
    let bytes = |member: &Member| 4 * member.layout.len().next_multiple_of(4) as u64;
    let memories = if arena { vec![4 * end as u64] } else { members.iter().map(bytes).collect() };
    let (clip, others) = (Clip::global_norm(1.0), Vec::new());
    Ok(GroupRequest { clip, members, memories, others, sums: None })
}
