//! Groups against plain arithmetic, cut into pieces of every size.

mod edges;
mod fault;
mod locks;
mod naive;
mod planted;
mod random;
mod same_bits;

use super::profile;
use crate::buffer::DeviceBuffer;
use crate::cpu::group::{Pieces, run};
use crate::layout::Layout;
use crate::model::{Clip, Decay, GroupReport, Model};
use crate::plan::group::{GroupPlan, GroupRequest};
use crate::plan::profile::DeviceProfile;
use crate::{Context, Error};

/// A tensor: its memory and its view.
type Place = (usize, Layout);

/// A clip of views of some memories.
#[derive(Debug, Clone)]
struct Case {
    clip: Clip,
    memories: Vec<Vec<f32>>,
    members: Vec<Place>,
    /// λ, and the weights of the first members.
    decay: Option<(f64, Vec<Place>)>,
    /// What a buffer on the device would hold.
    given: Option<f32>,
}

/// What a clip left behind.
#[derive(Debug, Clone)]
struct After {
    memories: Vec<Vec<f32>>,
    results: Vec<f32>,
    report: Result<GroupReport, Error>,
    plan: GroupPlan,
}

impl Case {
    fn new(clip: Clip, memories: Vec<Vec<f32>>, members: Vec<Place>) -> Self {
        Case { clip, memories, members, decay: None, given: None }
    }

    /// Contiguous tensors, each a memory of its own.
    fn apart(clip: Clip, tensors: &[&[f32]]) -> Self {
        let members = tensors.iter().map(|tensor| Layout::contiguous([tensor.len()]).unwrap());
        let memories = tensors.iter().map(|tensor| tensor.to_vec()).collect();
        Case::new(clip, memories, members.enumerate().collect())
    }

    fn run(&self, profile: &DeviceProfile) -> After {
        let context = Context::cpu();
        let upload = |memory: &Vec<f32>| context.upload(memory, [memory.len()]).unwrap();
        let buffers: Vec<DeviceBuffer> = self.memories.iter().map(upload).collect();
        let model = |places: &[Place]| {
            let view = |(memory, layout): &Place| buffers[*memory].view(*layout).unwrap();
            let tensors: Vec<DeviceBuffer> = places.iter().map(view).collect();
            Model::unnamed(&context, &tensors).unwrap()
        };
        let gradients = model(&self.members);
        let decay = self.decay.as_ref().map(|(rate, places)| Decay::new(*rate, &model(places)));
        let request = GroupRequest::new(self.clip, &gradients, decay.as_ref()).unwrap();
        let plan = GroupPlan::new(request, profile).unwrap();
        let results = context.zeros([plan.results().elements()]).unwrap();
        let pieces = Pieces::new(&plan);
        let report =
            run(&plan, &pieces, &gradients, decay.as_ref(), self.given.map(f64::from), &results);
        After {
            memories: buffers.iter().map(|buffer| buffer.read().unwrap()).collect(),
            results: results.read().unwrap(),
            report: report.and_then(|pending| pending.wait()),
            plan,
        }
    }

    /// The first tensors, cut into the smallest pieces and not at all.
    fn each(&self, check: impl Fn(After)) {
        [4, 64, 1 << 20].map(profile).iter().for_each(|profile| check(self.run(profile)));
    }
}
