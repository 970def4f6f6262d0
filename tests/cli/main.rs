//! The command line, as a user meets it: the program itself, on files.

mod adaptive;
mod apply;
mod bench;
mod clips;
mod damaged;
mod devices;
mod digits;
mod dtypes;
mod global;
mod l2_loss;
mod max_norm;
mod norms;
mod npy;
mod outputs;
mod plots;
mod rules;
mod set_edges;
mod sets;
mod streaming;
mod support;
mod usage;
