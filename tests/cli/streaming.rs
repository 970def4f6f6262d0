//! Checkpoints that are larger than memory.

#[cfg(target_os = "linux")]
use {
    crate::support::{Place, with_header},
    serde_json::{Map, Value, json},
};

/// Zeros in tensors of 32 MiB, without a byte on disk.
#[cfg(target_os = "linux")]
fn sparse(place: &Place, tensors: u64) {
    const SIZE: u64 = 32 << 20;
    let mut header = Map::new();
    for i in 0..tensors {
        let info = json!({ "dtype": "F32", "shape": [SIZE / 4], "data_offsets": [i * SIZE, (i + 1) * SIZE] });
        header.insert(format!("t{i}"), info);
    }
    let header = with_header(&Value::Object(header).to_string(), &[]);
    let path = place.write("in.safetensors", &header);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_len(header.len() as u64 + tensors * SIZE).unwrap();
}

/// Runs with less memory than the file would need.
#[cfg(target_os = "linux")]
#[test]
fn one_tensor_is_in_memory_at_a_time() {
    let place = Place::new();
    sparse(&place, 10);
    for operation in ["clip-global-norm 1", "clip-value 0 1"] {
        let program = env!("CARGO_BIN_EXE_normproj");
        let run = format!(
            "ulimit -v 230000 && exec {program} {operation} in.safetensors -o out --force --device cpu --quiet"
        );
        let mut shell = std::process::Command::new("sh");
        // Arenas of threads are reserved, not used; here they would count.
        shell.args(["-c", &run]).current_dir(place.path(".")).env("MALLOC_ARENA_MAX", "1");
        let ended = shell.output().unwrap();
        assert!(ended.status.success(), "{operation}: {}", String::from_utf8_lossy(&ended.stderr));
        let length = |name| std::fs::metadata(place.path(name)).unwrap().len();
        assert_eq!(length("out"), length("in.safetensors"));
    }
}
