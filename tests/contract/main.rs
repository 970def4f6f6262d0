//! Every result of the library, on every backend, against what it promises and against the oracle.

mod case;
mod clip_bounds;
mod clip_compare;
mod clip_decay;
mod clip_errors;
mod clip_given;
mod clip_places;
mod clip_policies;
mod clip_report;
mod clip_run;
mod clip_scene;
mod clip_steps;
mod clip_values;
mod compare;
mod compare_tests;
mod contexts;
mod errors;
mod golden;
mod golden_case;
mod properties;
mod report;
mod rim;
mod run;
mod shapes;
mod shapes_large;
mod values;
