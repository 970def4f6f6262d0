//! Groups that share memories, at work at once.

use std::sync::mpsc::channel;
use std::time::Duration;

use crate::model::{Clip, Decay, Group, Model};
use crate::{Context, DeviceBuffer, Norm};

#[test]
fn groups_of_the_same_memories_do_not_wait_for_each_other_for_ever() {
    let context = Context::cpu();
    let tensors: Vec<DeviceBuffer> =
        (0..6).map(|_| context.upload(&[1.0; 100], [100]).unwrap()).collect();
    let (done, finished) = channel();
    for thread in 0..4 {
        let order: Vec<DeviceBuffer> =
            (0..6).map(|i| tensors[if thread % 2 == 0 { i } else { 5 - i }].clone()).collect();
        let (context, done) = (context.clone(), done.clone());
        std::thread::spawn(move || {
            let model = |tensors: &[DeviceBuffer]| Model::unnamed(&context, tensors).unwrap();
            let (front, back) = (model(&order[..3]), model(&order[3..]));
            let decayed =
                Group::with_decay(Clip::global_norm(1.0), &front, &Decay::new(0.1, &back)).unwrap();
            let norms = Group::new(Clip::norms(Norm::L2), &model(&order)).unwrap();
            for _ in 0..500 {
                drop(decayed.run().unwrap());
                assert!(norms.run().unwrap().wait().unwrap().total().norm < 25.0);
            }
            done.send(()).unwrap();
        });
    }
    for _ in 0..4 {
        finished.recv_timeout(Duration::from_secs(60)).expect("a thread waits for ever, or failed");
    }
}
