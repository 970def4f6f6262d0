//! The header of a .safetensors file: eight bytes of length, then JSON. The JSON is only read:
//! outputs repeat its bytes, which keeps order, metadata and padding.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use safetensors::tensor::TensorInfo;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use super::tensor::{Tensor, byte_count};

/// What the format allows for a header, in bytes.
const LONGEST: u64 = 100_000_000;
/// Where the header starts.
const PREFIX: u64 = 8;
const METADATA: &str = "__metadata__";

/// The tensors of a file of `length` bytes, by where their bytes are.
pub fn read(file: &mut impl Read, length: u64) -> Result<Vec<Tensor>, String> {
    let mut prefix = [0; PREFIX as usize];
    file.read_exact(&mut prefix)
        .map_err(|_| format!("not a .safetensors file: it has {length} bytes, too few for one"))?;
    let header = u64::from_le_bytes(prefix);
    if header > LONGEST {
        return Err(format!(
            "damaged: its header claims {header} bytes, more than the format allows"
        ));
    }
    // Checked before memory is taken: the length may be a lie.
    if header > length - PREFIX {
        return Err(format!(
            "truncated or damaged: its header claims {header} bytes of a file of {length}"
        ));
    }
    let mut text = vec![0; header as usize];
    file.read_exact(&mut text).map_err(|error| error.to_string())?;
    let text = std::str::from_utf8(&text)
        .map_err(|error| format!("damaged: its header is not UTF-8 ({error})"))?;
    let Header(mut tensors) = serde_json::from_str(text)
        .map_err(|error| format!("damaged: its header cannot be read ({error})"))?;
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    check(&tensors, length - PREFIX - header)?;
    let data = PREFIX + header;
    Ok(tensors.into_iter().map(|(name, info)| tensor(name, info, data)).collect())
}

fn tensor(name: String, info: TensorInfo, data: u64) -> Tensor {
    let (start, end) = info.data_offsets;
    Tensor {
        name,
        dtype: info.dtype,
        shape: info.shape,
        bytes: data + start as u64..data + end as u64,
        fortran: false,
        swapped: cfg!(target_endian = "big"),
        taken: false,
    }
}

/// Tensors must cover the data without gap or overlap, each with the bytes that its shape needs.
fn check(tensors: &[(String, TensorInfo)], data: u64) -> Result<(), String> {
    let (mut reached, mut before) = (0, "the header");
    for (name, info) in tensors {
        let (start, end) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        if end < start {
            return Err(format!("damaged: `{name}` ends at byte {end}, before its start {start}"));
        }
        if end > data {
            return Err(format!(
                "truncated or damaged: `{name}` ends at byte {end} of {data} bytes of data"
            ));
        }
        if start < reached {
            return Err(format!("damaged: `{name}` overlaps `{before}`"));
        }
        if start > reached {
            return Err(format!(
                "damaged: bytes {reached} to {start} between {before} and `{name}` belong to no tensor"
            ));
        }
        let needed = byte_count(&info.shape, info.dtype);
        if needed != Some(end - start) {
            let needed = needed.map_or("more than can be counted".to_string(), |n| n.to_string());
            return Err(format!(
                "damaged: `{name}` has {} bytes; its shape {:?} of {} needs {needed}",
                end - start,
                info.shape,
                info.dtype.to_string().to_lowercase(),
            ));
        }
        (reached, before) = (end, name);
    }
    if reached < data {
        return Err(format!("damaged: {} bytes after the last tensor", data - reached));
    }
    Ok(())
}

/// The tensors in the order of the header. Unlike a map it refuses names that come twice.
struct Header(Vec<(String, TensorInfo)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of tensors")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Header, M::Error> {
        let mut tensors = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(M::Error::custom(format!("`{name}` comes twice")));
            }
            if name == METADATA {
                map.next_value::<HashMap<String, String>>()?;
            } else {
                let info = map
                    .next_value()
                    .map_err(|error| M::Error::custom(format!("`{name}`: {error}")))?;
                tensors.push((name, info));
            }
        }
        Ok(Header(tensors))
    }
}

/// The header of a file of tensors, f64 or f32, that lie one after the other.
pub fn norms_header(tensors: &[(String, Vec<usize>, bool)]) -> Vec<u8> {
    let mut header = Map::new();
    let mut end = 0;
    for (name, shape, double) in tensors {
        let (dtype, size) = if *double { ("F64", 8) } else { ("F32", 4) };
        let start = end;
        end += size * shape.iter().product::<usize>();
        let info = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] });
        header.insert(name.clone(), info);
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    // Data that is aligned can be mapped into memory and used as it is.
    text.resize(text.len().next_multiple_of(PREFIX as usize), b' ');
    [&(text.len() as u64).to_le_bytes()[..], &text[..]].concat()
}
