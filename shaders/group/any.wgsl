// Whether any lane of the workgroup says so. Must be called by the whole workgroup.

var<workgroup> said: atomic<u32>;
var<workgroup> answer: u32;

fn any_lane(lane: u32, own: bool) -> bool {
    if lane == 0u {
        atomicStore(&said, 0u);
    }
    workgroupBarrier();
    if own {
        atomicOr(&said, 1u);
    }
    workgroupBarrier();
    if lane == 0u {
        answer = atomicLoad(&said);
    }
    return workgroupUniformLoad(&answer) != 0u;
}
