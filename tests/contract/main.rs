//! Every result of the library, on every backend, against what it promises and against the oracle.

mod compare;
mod compare_tests;
mod contexts;
