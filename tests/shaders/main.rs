//! The WGSL programs, proven without a GPU: every variant is valid, and both sides of the boundary
//! between Rust and WGSL agree.

mod boundary;
mod validity;

use normproj::shader::variant::Variant;

fn module(variant: &Variant) -> naga::Module {
    parsed(&variant.source())
}

fn parsed(source: &str) -> naga::Module {
    match naga::front::wgsl::parse_str(source) {
        Ok(module) => module,
        Err(error) => panic!("{}\n{source}", error.emit_to_string(source)),
    }
}
