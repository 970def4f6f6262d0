//! Every program that a plan can ask for is valid WGSL.

use naga::valid::{Capabilities, ValidationFlags, Validator};
use normproj::Precision;
use normproj::shader::group::variant::GroupVariant;
use normproj::shader::variant::{Pack, Variant};

use crate::{module, parsed};

#[test]
fn every_variant_is_valid_without_features_but_those_of_f64() {
    let validator = |features| Validator::new(ValidationFlags::all(), features);
    let mut plain = validator(Capabilities::empty());
    let mut doubles = validator(Capabilities::FLOAT64 | Capabilities::SHADER_INT64);
    let mut count = 0;
    for variant in Variant::all() {
        let module = module(&variant);
        let validator = match variant.pack {
            Pack::F64 => &mut doubles,
            _ => &mut plain,
        };
        if let Err(error) = validator.validate(&module) {
            panic!("{variant:?}\n{}", error.emit_to_string(&variant.source()));
        }
        let entry: Vec<&str> = module.entry_points.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(entry, [variant.kernel.name()]);
        assert_eq!(module.entry_points[0].workgroup_size, [variant.lanes(), 1, 1]);
        count += 1;
    }
    println!("{count} variants are valid");
    assert!(count > 500);
}

#[test]
fn every_variant_of_groups_is_valid_without_features_but_those_of_f64() {
    let validator = |features| Validator::new(ValidationFlags::all(), features);
    let mut plain = validator(Capabilities::empty());
    let mut doubles = validator(Capabilities::FLOAT64 | Capabilities::SHADER_INT64);
    let variants = GroupVariant::all();
    for variant in &variants {
        let module = parsed(&variant.source());
        let validator = match variant.precision {
            Precision::Single => &mut plain,
            Precision::Double => &mut doubles,
        };
        if let Err(error) = validator.validate(&module) {
            panic!("{variant:?}\n{}", error.emit_to_string(&variant.source()));
        }
        let entry: Vec<&str> = module.entry_points.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(entry, [variant.kernel.name()]);
        assert_eq!(module.entry_points[0].workgroup_size, [variant.lanes, 1, 1]);
    }
    println!("{} variants of groups are valid", variants.len());
    assert!(variants.len() > 250);
}

#[test]
fn what_makes_a_step_ready_is_valid() {
    for (precision, features) in [
        (Precision::Single, Capabilities::empty()),
        (Precision::Double, Capabilities::FLOAT64 | Capabilities::SHADER_INT64),
    ] {
        let source = normproj::shader::advance(precision);
        let module = parsed(&source);
        let mut validator = Validator::new(ValidationFlags::all(), features);
        if let Err(error) = validator.validate(&module) {
            panic!("{}", error.emit_to_string(&source));
        }
        assert_eq!(module.entry_points[0].workgroup_size, [1, 1, 1]);
    }
}

#[test]
fn an_invalid_program_is_caught() {
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    let variant = Variant::all()[0];
    let broken = variant.source().replacen("-> Place {", "-> u32 {", 1);
    let module = naga::front::wgsl::parse_str(&broken);
    assert!(module.is_err() || validator.validate(&module.unwrap()).is_err());
}
