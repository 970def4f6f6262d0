//! Parameters of one dispatch: twins of `shaders/params/slices.wgsl`, compared with it by a test.

/// An axis, its strides counted in loads.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[allow(missing_docs, reason = "the names are those of geometry::Axis")]
pub struct Axis {
    pub size: u32,
    pub source_stride: u32,
    pub target_stride: u32,
    pub slice_stride: u32,
}

/// Defines the parameters twice: numbers, words and whole numbers are of 64 bits, or of 32.
macro_rules! params {
    (
        numbers: $($number:ident),*;
        words: $($word:ident),*;
        wholes: $($whole:ident),*;
        exponents: $($exponent:ident),*;
        counts: $($count:ident),*;
        padding: $double:literal, $single:literal;
    ) => {
        /// Parameters of one dispatch, as kernels of f64 read them; `shaders/params/slices.wgsl` says
        /// what each is for.
        #[repr(C)]
        #[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
        #[allow(missing_docs, reason = "described once, in shaders/params/slices.wgsl")]
        pub struct Params {
            $(pub $number: f64,)*
            $(pub $word: u64,)*
            $(pub $whole: i64,)*
            $(pub $exponent: i32,)*
            $(pub $count: u32,)*
            pub padding: [u32; $double],
            pub kept: [Axis; 8],
            pub reduced: [Axis; 8],
            pub radii: [Axis; 8],
            pub uppers: [Axis; 8],
            pub direction_kept: [[u32; 4]; 2],
            pub direction_reduced: [[u32; 4]; 2],
        }

        /// [`Params`] as kernels of all other dtypes read them.
        #[repr(C)]
        #[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
        #[allow(missing_docs, reason = "described once, in shaders/params/slices.wgsl")]
        pub struct SingleParams {
            $(pub $number: f32,)*
            $(pub $word: u32,)*
            $(pub $whole: i32,)*
            $(pub $exponent: i32,)*
            $(pub $count: u32,)*
            pub padding: [u32; $single],
            pub kept: [Axis; 8],
            pub reduced: [Axis; 8],
            pub radii: [Axis; 8],
            pub uppers: [Axis; 8],
            pub direction_kept: [[u32; 4]; 2],
            pub direction_reduced: [[u32; 4]; 2],
        }

        impl From<&Params> for SingleParams {
            /// Of parameters for elements that are worked with in f32: they fit.
            fn from(params: &Params) -> Self {
                SingleParams {
                    $($number: params.$number as f32,)*
                    $($word: params.$word as u32,)*
                    $($whole: params.$whole as i32,)*
                    $($exponent: params.$exponent,)*
                    $($count: params.$count,)*
                    padding: [0; $single],
                    kept: params.kept,
                    reduced: params.reduced,
                    radii: params.radii,
                    uppers: params.uppers,
                    direction_kept: params.direction_kept,
                    direction_reduced: params.direction_reduced,
                }
            }
        }
    };
}

params! {
    numbers: threshold, radius, low_threshold, low_radius, epsilon, floor, rest, power,
        inverse_power, aim, near_low, near_high, reach, length, scale, least, most, slope, goal_slope,
        low_slope, low_goal_slope, offset, goal_offset, low_offset, low_goal_offset;
    words: basis, signs, low, high;
    wholes: low_key, high_key;
    exponents: threshold_exponent, radius_exponent, low_threshold_exponent, low_radius_exponent,
        epsilon_exponent, floor_exponent, rest_exponent, unit, scale_exponent, least_exponent,
        most_exponent, offset_exponent, goal_offset_exponent, low_offset_exponent,
        low_goal_offset_exponent;
    counts: rounds, always, alone, on_non_finite, nearest, turns, radii_offset, first_radius, radii_rank,
        plane, direction_offset, upper_offset, first_upper, upper_rank, grain,
        least_field, source_offset, target_offset, first_slice, first_norm, tiles, chunks, steps, chunk, first_chunk, partials, slices,
        slices_here, kept_rank, reduced_rank, summaries, first_summary, rows, first_row, rows_here,
        first_index, first_position;
    padding: 2, 1;
}
