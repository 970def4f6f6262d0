//! What a step takes from the device.

use super::Optimizer;
use crate::buffer::DeviceBuffer;
use crate::error::{Error, Result};
use crate::update::{Count, Update};

/// Numbers on the device that change without another plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Inputs {
    pub rate: Option<DeviceBuffer>,
    pub factor: Option<DeviceBuffer>,
    pub flag: Option<DeviceBuffer>,
    /// Whether gradients are divided by the factor.
    pub divides: bool,
}

impl Inputs {
    pub fn each(&self) -> [Option<&DeviceBuffer>; 3] {
        [self.rate.as_ref(), self.factor.as_ref(), self.flag.as_ref()]
    }

    /// The update with what the host reads of them; none if it is to be skipped.
    pub fn read(&self, update: &Update) -> Option<Update> {
        let number = |input: Option<&DeviceBuffer>, otherwise: f64| {
            let numbers = input.map(DeviceBuffer::host_numbers);
            numbers.and_then(|numbers| numbers.first().copied()).unwrap_or(otherwise)
        };
        let [rate, factor, flag] = self.each();
        let update = update.at_rate(number(rate, update.rate()));
        let factor = number(factor, 1.0);
        // What has no norm is nothing.
        let divided = if factor == 0.0 { 0.0 } else { factor.recip() };
        let factor = if self.divides { divided } else { factor };
        (number(flag, 0.0) == 0.0).then(|| update.times(factor))
    }
}

impl Optimizer {
    /// Takes the learning rate from one element on the device, each time a step is carried out.
    ///
    /// # Errors
    /// [`Error::Dtype`] for another dtype than f32 (f64 where weights are f64), [`Error::Length`] for more than one
    /// element, [`Error::OtherContext`]; [`Error::Unsupported`] where a GPU cannot bind it for its place.
    pub fn rate_from(self, rate: &DeviceBuffer) -> Result<Self> {
        self.with(|inputs| inputs.rate = Some(rate.clone()), rate)
    }

    /// Multiplies gradients by one element on the device, as [`Group::scale`](crate::Group::scale) of a clip that was only
    /// measured: the clip then costs one read of the gradients, and no write.
    ///
    /// # Errors
    /// As [`Optimizer::rate_from`].
    pub fn factor_from(self, factor: &DeviceBuffer) -> Result<Self> {
        let set = |inputs: &mut Inputs| {
            (inputs.factor, inputs.divides) = (Some(factor.clone()), false);
        };
        self.with(set, factor)
    }

    /// Divides gradients by one element on the device, as by their norm; where it is zero they are taken for zeros.
    ///
    /// # Errors
    /// As [`Optimizer::rate_from`].
    pub fn divided_by(self, divisor: &DeviceBuffer) -> Result<Self> {
        let set = |inputs: &mut Inputs| {
            (inputs.factor, inputs.divides) = (Some(divisor.clone()), true);
        };
        self.with(set, divisor)
    }

    /// Skips a step where one element on the device is not zero, as [`Group::non_finite`](crate::Group::non_finite): weights,
    /// moments and the number of steps keep every bit.
    ///
    /// # Errors
    /// As [`Optimizer::rate_from`].
    pub fn skip_from(self, flag: &DeviceBuffer) -> Result<Self> {
        self.with(|inputs| inputs.flag = Some(flag.clone()), flag)
    }

    fn with(self, set: impl FnOnce(&mut Inputs), input: &DeviceBuffer) -> Result<Self> {
        let context = self.weights.context();
        if !context.is(input.context()) {
            return Err(self.other(input));
        }
        let request = self.request(&self.weights, false);
        let (expected, found) = (request.radii_dtype(), input.dtype());
        if expected != found {
            return Err(Error::Dtype { what: "a number of an optimizer", expected, found });
        }
        if input.layout().len() != 1 {
            let (shape, found) = (input.shape().to_vec(), input.layout().len());
            return Err(Error::Length { shape, expected: 1, found });
        }
        let mut inputs = self.inputs.clone();
        set(&mut inputs);
        let device = super::device(&self.weights, &self.update, &inputs)?;
        Ok(Optimizer { inputs, device, count: Count::default(), ..self })
    }
}
