//! Programs over chunks of many tensors.

pub mod params;
pub mod variant;

use std::fmt::Write;

use crate::shader::variant::{Lane, NormKind, Pack, Radius, SetKind};
use variant::{Given, GroupKernel, GroupSlot, GroupVariant};

macro_rules! fragment {
    ($path:literal) => {
        include_str!(concat!("../../../shaders/", $path, ".wgsl"))
    };
}

impl GroupVariant {
    /// The program.
    pub fn source(&self) -> String {
        let mut fragments = vec![fragment!("params/group"), self.lane()];
        fragments.extend(self.precision.texts());
        if self.kernel == GroupKernel::Clamp {
            fragments.extend([fragment!("norm/key"), fragment!("norm/bounds")]);
        } else {
            fragments.extend(self.norm.texts());
            fragments.extend(SetKind::Ball.texts());
            fragments.extend(Radius::Uniform.texts(SetKind::Ball));
            fragments.push(fragment!("given/none"));
            if self.norm == NormKind::Lp {
                fragments.push(self.precision.powers());
            }
        }
        match self.kernel {
            GroupKernel::Decide => {
                fragments.extend([
                    fragment!("verdict/float"),
                    fragment!("group/workgroup"),
                    fragment!("group/share"),
                ]);
                fragments.extend(self.given_texts());
            }
            GroupKernel::Partial => {
                fragments.extend([fragment!("group/workgroup"), fragment!("group/share")]);
            }
            GroupKernel::Rescale | GroupKernel::Clamp | GroupKernel::Sum => {}
        }
        if self.kernel.touches_tensors() {
            fragments.push(fragment!("run/chunk"));
            fragments.extend(self.pack_texts());
            fragments.push(if self.width == 4 {
                fragment!("run/four")
            } else {
                fragment!("run/one")
            });
            fragments.push(match (self.decays, self.is_wide()) {
                (true, false) => fragment!("update/decay"),
                (true, true) => fragment!("update/decay_rounded"),
                (false, _) => fragment!("update/none"),
            });
            fragments.push(match self.counted {
                true => fragment!("count/on"),
                false => fragment!("count/off"),
            });
        }
        fragments.push(self.kernel_text());
        let lanes = self.lanes;
        let mut source =
            format!("const LANES = {lanes}u;\nconst FAN = {lanes}u;\nconst FAN_STRIDE = 1u;\n");
        if self.kernel.touches_tensors() {
            // Writing to a string cannot fail.
            let _ = self.windows(&mut source);
        }
        for fragment in fragments {
            source.push('\n');
            source.push_str(fragment);
        }
        source
    }

    /// The windows, and what chooses among them: which binding is meant cannot be an index.
    fn windows(&self, text: &mut String) -> std::fmt::Result {
        let access = if self.kernel == GroupKernel::Partial { "read" } else { "read_write" };
        let (memory, element) = self.memory();
        let (head, name, body) = match self.kernel {
            GroupKernel::Partial => {
                let head = "fn sum_window(chunk: Chunk, lane: u32) -> Body";
                (head, "return sum_window", fragment!("window/sum"))
            }
            GroupKernel::Rescale => {
                let head = "fn rescale_window(chunk: Chunk, lane: u32, rule: Rule)";
                (head, "rescale_window", fragment!("window/rescale"))
            }
            GroupKernel::Sum => {
                let head = "fn weigh_window(chunk: Chunk, lane: u32) -> Weighed";
                (head, "return weigh_window", fragment!("window/weigh"))
            }
            GroupKernel::Clamp | GroupKernel::Decide => {
                let head = "fn clamp_window(chunk: Chunk, lane: u32)";
                (head, "clamp_window", fragment!("window/clamp"))
            }
        };
        for window in 0..self.windows {
            let binding = GroupSlot::Window(window).binding();
            writeln!(
                text,
                "@group(0) @binding({binding}) \
                 var<storage, {access}> window{window}: array<{element}>;"
            )?;
            for body in [memory, body] {
                writeln!(text, "\n{}", body.replace("window0", &format!("window{window}")))?;
            }
        }
        let load = |window: u32| format!("return load_window{window}(at);");
        self.choice(text, "fn load(slot: u32, at: u32) -> Bits", "slot", &load)?;
        let rule = if self.kernel == GroupKernel::Rescale { ", rule" } else { "" };
        let call = |window: u32| format!("{name}{window}(chunk, lane{rule});");
        let slot = if self.kernel == GroupKernel::Sum { "chunk.other_slot" } else { "chunk.slot" };
        self.choice(text, head, slot, &call)?;
        if self.kernel == GroupKernel::Partial {
            return Ok(());
        }
        let mask = if self.width == 4 { "vec4<bool>" } else { "bool" };
        let head = format!("fn store_masked(slot: u32, at: u32, bits: Bits, mask: {mask})");
        let mend = |window: u32| format!("mend_window{window}(at, bits, mask);");
        self.choice(text, &head, "slot", &mend)
    }

    /// How a window is reached, and what it is an array of.
    fn memory(&self) -> (&'static str, &'static str) {
        let stores = self.kernel != GroupKernel::Partial;
        match (self.pack, self.width) {
            (Pack::F32, 4) if stores => (fragment!("memory/four"), "Stored"),
            (Pack::F32 | Pack::F64, _) if stores => (fragment!("memory/one"), "Stored"),
            (_, 4) if stores && self.shared => (fragment!("memory/shared"), "atomic<u32>"),
            (_, 4) if stores => (fragment!("memory/words"), "Stored"),
            (Pack::F32 | Pack::F64, _) | (_, 4) => (fragment!("memory/read"), "Stored"),
            _ if stores => (fragment!("memory/halves"), "atomic<u32>"),
            _ => (fragment!("memory/halves_read"), "u32"),
        }
    }

    /// Whether kernels of f64 work on elements that are less.
    fn is_wide(&self) -> bool {
        self.precision != self.pack.precision()
    }

    fn pack_texts(&self) -> Vec<&'static str> {
        if self.is_wide() {
            let (bits, halves) = (fragment!("pack/wide/bits"), fragment!("pack/halves"));
            return match self.pack {
                Pack::F32 => vec![bits, fragment!("pack/wide/f32")],
                Pack::F16 => vec![bits, halves, fragment!("pack/wide/f16")],
                Pack::Bf16 => vec![bits, halves, fragment!("pack/wide/bf16")],
                Pack::F64 => vec![fragment!("pack/f64")],
            };
        }
        let mut texts = self.pack.texts(if self.width == 4 { Lane::FourInRow } else { Lane::One });
        if self.shared {
            texts.push(fragment!("pack/halves"));
        }
        texts
    }

    /// A function that does `body` with the window of a slot.
    fn choice(
        &self,
        text: &mut String,
        head: &str,
        slot: &str,
        body: &dyn Fn(u32) -> String,
    ) -> std::fmt::Result {
        writeln!(text, "{head} {{")?;
        if self.windows > 1 {
            writeln!(text, "    switch {slot} {{")?;
            for window in 1..self.windows {
                writeln!(text, "        case {window}u: {{ {} }}", body(window))?;
            }
            writeln!(text, "        default: {{ {} }}\n    }}\n}}", body(0))
        } else {
            writeln!(text, "    {}\n}}", body(0))
        }
    }

    fn lane(&self) -> &'static str {
        match self.width {
            4 => fragment!("lane/four_in_row"),
            _ => fragment!("lane/one"),
        }
    }

    fn given_texts(&self) -> Vec<&'static str> {
        let power = match self.norm {
            NormKind::Lp => fragment!("given/raised"),
            _ => fragment!("given/squared"),
        };
        match self.given {
            Given::Computed => vec![fragment!("given/computed")],
            Given::Host => vec![fragment!("given/host"), fragment!("given/norm"), power],
            Given::Device => vec![fragment!("given/device"), fragment!("given/norm"), power],
        }
    }

    fn kernel_text(&self) -> &'static str {
        match self.kernel {
            GroupKernel::Partial => fragment!("kernel/group_partial"),
            GroupKernel::Decide => fragment!("kernel/group_decide"),
            GroupKernel::Rescale => fragment!("kernel/group_rescale"),
            GroupKernel::Clamp => fragment!("kernel/group_clamp"),
            GroupKernel::Sum => fragment!("kernel/group_sum"),
        }
    }
}
