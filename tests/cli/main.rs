//! The command line, as a user meets it: the program itself, on files.

mod damaged;
mod devices;
mod digits;
mod max_norm;
mod norms;
mod npy;
mod outputs;
mod support;
mod usage;
