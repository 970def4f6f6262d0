//! Prints what would be done with a few typical tensors on two devices, without touching either.

use normproj::{Axes, DeviceProfile, Layout, Plan, Projection, Request};

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
    }
    Ok(())
}
