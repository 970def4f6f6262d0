//! The header of a .npy file. Outputs repeat its bytes.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use ndarray_npy::WriteNpyExt;
use ndarray_npy::npy::header::Header;
use safetensors::Dtype;

use super::tensor::{Tensor, byte_count};
use crate::failure::{Failure, Result as Done};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longer headers are refused, as by NumPy (which stops at 10000).
const LONGEST: u64 = 1 << 16;
/// How deeply a header that says one dtype and one shape nests; a structured dtype goes deeper.
const DEEPEST: usize = 4;

/// The array of a file of `length` bytes.
pub fn read(
    file: &mut impl Read,
    length: u64,
    path: &Path,
    read_as: Option<Dtype>,
) -> Result<Tensor, String> {
    let (bytes, start) = header_bytes(file, length)?;
    let header = Header::from_reader(&mut Cursor::new(bytes))
        .map_err(|error| format!("damaged: its header cannot be read ({error})"))?;
    let descr = header.type_descriptor.as_string().map(String::as_str);
    let (dtype, big_endian) = dtype(descr.unwrap_or("a structure"), read_as)?;
    let needed = byte_count(&header.shape, dtype);
    if needed != Some(length - start) {
        let needed = needed.map_or("more than can be counted".to_string(), |n| n.to_string());
        return Err(format!(
            "truncated or damaged: it has {} bytes of data; its shape {:?} of {} needs {needed}",
            length - start,
            header.shape,
            dtype.to_string().to_lowercase(),
        ));
    }
    Ok(Tensor {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        dtype,
        // One axis or none: both orders are the same.
        fortran: header.layout.is_fortran() && header.shape.len() > 1,
        shape: header.shape,
        bytes: start..length,
        swapped: big_endian != cfg!(target_endian = "big"),
        taken: false,
    })
}

/// All bytes before the data, and how many they are.
fn header_bytes(file: &mut impl Read, length: u64) -> Result<(Vec<u8>, u64), String> {
    let mut bytes = vec![0; MAGIC.len() + 4];
    let short = |_| format!("not a .npy file: it has {length} bytes, too few for one");
    file.read_exact(&mut bytes).map_err(short)?;
    if !bytes.starts_with(MAGIC) {
        return Err("not a .npy file: it does not start with \\x93NUMPY".to_string());
    }
    let mut claimed = u64::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    if bytes[6] > 1 {
        let mut high = [0; 2];
        file.read_exact(&mut high).map_err(short)?;
        bytes.extend(high);
        claimed += u64::from(u16::from_le_bytes(high)) << 16;
    }
    // Checked before memory is taken: the length may be a lie.
    let start = bytes.len() as u64 + claimed;
    if claimed > LONGEST || start > length {
        return Err(format!(
            "truncated or damaged: its header claims {claimed} bytes of a file of {length}"
        ));
    }
    let prefix = bytes.len();
    bytes.resize(start as usize, 0);
    file.read_exact(&mut bytes[prefix..]).map_err(|error| error.to_string())?;
    // The parser recurses; a header made of brackets would exhaust its stack.
    let open = bytes[prefix..].iter().filter(|byte| b"([{".contains(byte)).count();
    if open > DEEPEST {
        return Err("its header nests deeper than that of an array of numbers".to_string());
    }
    Ok((bytes, start))
}

/// The dtype that a descriptor such as `<f4` names, and whether its bytes are big-endian.
fn dtype(descr: &str, read_as: Option<Dtype>) -> Result<(Dtype, bool), String> {
    let (order, kind) = descr.split_at_checked(1).unwrap_or(("", descr));
    let big_endian = match order {
        "<" | "|" => false,
        ">" => true,
        "=" => cfg!(target_endian = "big"),
        _ => return Err(format!("it holds {descr:?}, not floating point numbers")),
    };
    let dtype = match (kind, read_as) {
        ("u2", Some(dtype)) => dtype,
        ("u2", None) => {
            return Err("it holds uint16, not floating point numbers; if they are the bits of bfloat16 say --dtype bf16".to_string());
        }
        (_, Some(_)) => {
            return Err(format!("--dtype is for a .npy of uint16; this holds {descr:?}"));
        }
        ("f2", None) => Dtype::F16,
        ("f4", None) => Dtype::F32,
        ("f8", None) => Dtype::F64,
        _ => return Err(format!("it holds {descr:?}, not floating point numbers")),
    };
    Ok((dtype, big_endian))
}

/// Writes a whole .npy of norms, as f64 or f32.
pub fn write_norms(norms: &[f64], double: bool, shape: &[usize], to: &mut impl Write) -> Done<()> {
    let fail = |error: &dyn std::fmt::Display| {
        Failure::new(format!("the norms cannot be written: {error}"))
    };
    let array = ArrayD::from_shape_vec(IxDyn(shape), norms.to_vec()).map_err(|e| fail(&e))?;
    let written = match double {
        true => array.write_npy(to),
        false => array.mapv(|norm| norm as f32).write_npy(to),
    };
    written.map_err(|error| fail(&error))
}
