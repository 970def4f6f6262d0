//! What is timed: the cases of `normproj bench`, as matrices.

pub struct Case {
    pub id: &'static str,
    pub rows: usize,
    pub columns: usize,
    pub axis: usize,
}

pub const VIOLATING: [f64; 4] = [0.0, 0.01, 0.1, 1.0];

pub fn all() -> Vec<Case> {
    let case = |id, rows, columns, axis| Case { id, rows, columns, axis };
    vec![
        case("rows_65536x4096", 65_536, 4096, 1),
        case("rows_262144x1024", 262_144, 1024, 1),
        case("rows_4096x32768", 4096, 32_768, 1),
        case("rows_524288x64", 524_288, 64, 1),
        case("rows_4096x4096", 4096, 4096, 1),
        case("rows_4096x32", 4096, 32, 1),
        case("columns_4096x4096", 4096, 4096, 0),
        case("columns_16384x16384", 16_384, 16_384, 0),
        case("columns_784x256", 784, 256, 0),
        case("conv_3x3x512x512", 9 * 512, 512, 0),
    ]
}

impl Case {
    pub fn elements(&self) -> usize {
        self.rows * self.columns
    }

    /// A radius that a part of the slices violate.
    pub fn radius(&self, host: &[f32], v: f64) -> f64 {
        let slices = if self.axis == 1 { self.rows } else { self.columns };
        let mut squares = vec![0.0; slices];
        for (i, &x) in host.iter().enumerate() {
            let slice = if self.axis == 1 { i / self.columns } else { i % self.columns };
            squares[slice] += f64::from(x) * f64::from(x);
        }
        let mut norms: Vec<f64> = squares.into_iter().map(f64::sqrt).collect();
        norms.sort_by(f64::total_cmp);
        let inside = ((1.0 - v) * slices as f64).round() as usize;
        match inside {
            0 => 0.5 * norms[0],
            inside if inside >= slices => 2.0 * norms[slices - 1],
            inside => (norms[inside - 1] + norms[inside]) / 2.0,
        }
    }
}

/// Sizes of the tensors of a model: four biases after each of 60 kernels.
pub fn model(elements: usize) -> Vec<usize> {
    let biases: Vec<usize> = (0..240).map(|i| 64 + i * 37 % 900).collect();
    let kernel = (elements - biases.iter().sum::<usize>()) / 60;
    biases.chunks(4).flat_map(|biases| [&[kernel], biases].concat()).collect()
}

/// Elements in [-1, 1), the same everywhere.
pub fn uniform(count: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
