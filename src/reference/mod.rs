//! The oracle: naive, in f64, one short function for each set. Never tuned, never shared with the
//! backends.
