//! Counts of instructions, and what has changed between two sets of them.

use std::collections::BTreeMap;
use std::process::Command;

use crate::Result;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/figures.csv");
/// Above what differs between processors, whose C libraries choose other copies of memory; and, where wgpu
/// records, above what its maps take, which are hashed anew in each process.
const TOLERANCE: f64 = 0.02;
const TOLERANCE_OF_RECORDING: f64 = 0.1;

#[derive(Clone)]
pub struct Figures {
    pub compiler: String,
    instructions: BTreeMap<String, u64>,
}

impl Figures {
    /// None yet, by the compiler and processor at hand.
    pub fn new() -> Result<Self> {
        let output = Command::new("rustc").arg("--version").output()?;
        let compiler =
            format!("{} for {}", String::from_utf8(output.stdout)?.trim(), instructions());
        Ok(Figures { compiler, instructions: BTreeMap::new() })
    }

    pub fn planted() -> Self {
        let instructions = BTreeMap::from([("planted".to_string(), 1_000_000)]);
        Figures { compiler: String::new(), instructions }
    }

    /// Each times a factor.
    pub fn with(&self, factor: f64) -> Self {
        let mut other = self.clone();
        other.instructions.values_mut().for_each(|count| *count = (*count as f64 * factor) as u64);
        other
    }

    pub fn add(&mut self, name: &str, instructions: u64) {
        self.instructions.insert(name.to_string(), instructions);
    }

    pub fn read() -> Result<Self> {
        let mut reader = csv::Reader::from_path(PATH)?;
        let compiler = reader.headers()?.get(1).unwrap_or_default().to_string();
        let mut instructions = BTreeMap::new();
        for row in reader.deserialize() {
            let (name, count): (String, u64) = row?;
            instructions.insert(name, count);
        }
        Ok(Figures { compiler, instructions })
    }

    pub fn write(&self) -> Result<()> {
        let mut writer = csv::Writer::from_path(PATH)?;
        writer.write_record(["case", &self.compiler])?;
        for row in &self.instructions {
            writer.serialize(row)?;
        }
        Ok(writer.flush()?)
    }
}

/// What the CPU backend chooses its loops by.
fn instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
    {
        return "AVX2, FMA and F16C";
    }
    "the baseline"
}

/// What differs by more than the tolerance, and what only one of the two has. Fewer instructions are
/// a change, too: against figures that are too high, growth would hide.
pub fn changes(stored: &Figures, found: &Figures) -> Vec<String> {
    let names = stored.instructions.keys().chain(found.instructions.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    let change = |name: &String| {
        let [was, is] = [stored, found].map(|of| of.instructions.get(name).copied());
        let (Some(was), Some(is)) = (was, is) else {
            return Some(format!("{name}: was {was:?}, is {is:?}"));
        };
        let ratio = is as f64 / was as f64;
        let recorded = name.starts_with("record_");
        let tolerance = if recorded { TOLERANCE_OF_RECORDING } else { TOLERANCE };
        let same = (ratio - 1.0).abs() <= tolerance;
        (!same).then(|| format!("{name}: {was} instructions became {is} ({ratio:.3} times)"))
    };
    names.into_iter().filter_map(change).collect()
}
