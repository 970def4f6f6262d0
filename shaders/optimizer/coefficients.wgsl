// The numbers of a step, as they were made ready for it.

@group(0) @binding(15) var<uniform> coefficients: Coefficients;

fn skipped() -> bool { return coefficients.skip != 0.0; }
