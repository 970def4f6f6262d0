//! Memory on the host that holds tensors of any dtypes, as bytes.

use normproj::{Context, DType, DeviceBuffer, Result, f16};

use crate::values::{Value, for_dtype};

/// Bytes, an even number of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Memory(Vec<u8>);

impl Memory {
    pub fn of<T: Value>(values: &[T]) -> Memory {
        let mut memory = Memory::default();
        memory.extend(values);
        memory
    }

    pub fn extend<T: Value>(&mut self, values: &[T]) {
        let bytes =
            values.iter().flat_map(|x| x.bits().to_le_bytes().into_iter().take(size_of::<T>()));
        self.0.extend(bytes);
    }

    /// As many bytes as make this whole.
    pub fn pad(&mut self, bytes: usize) {
        self.0.resize(self.0.len().next_multiple_of(bytes), 0);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many elements of a type there is room for.
    pub fn len<T>(&self) -> usize {
        self.0.len() / size_of::<T>()
    }

    pub fn get<T: Value>(&self, at: usize) -> T {
        let bytes = self.0[at * size_of::<T>()..][..size_of::<T>()].iter().rev();
        T::from_bits(bytes.fold(0, |bits, &byte| bits << 8 | u64::from(byte)))
    }

    pub fn set<T: Value>(&mut self, at: usize, value: T) {
        let bytes = &mut self.0[at * size_of::<T>()..][..size_of::<T>()];
        bytes.copy_from_slice(&value.bits().to_le_bytes()[..size_of::<T>()]);
    }

    pub fn all<T: Value>(&self) -> Vec<T> {
        (0..self.len::<T>()).map(|at| self.get(at)).collect()
    }

    /// The bits of an element, and the element.
    pub fn element(&self, dtype: DType, at: usize) -> (u64, f64) {
        for_dtype!(dtype, T => {
            let element = self.get::<T>(at);
            (element.bits(), element.wide())
        })
    }

    pub fn upload(&self, context: &Context) -> Result<DeviceBuffer> {
        context.upload_as(&self.all::<f16>(), [self.len::<f16>()])
    }

    pub fn read(buffer: &DeviceBuffer) -> Memory {
        Memory::of(&buffer.read_as::<f16>().expect("read"))
    }
}
