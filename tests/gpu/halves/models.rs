//! Rules for a model whose tensors are of several dtypes, in one pass.

use normproj::plan::step::StepPlan;
use normproj::{
    Clip, DType, DeviceBuffer, DeviceProfile, Element, Layout, Model, ModelStep, Projection, Rules,
    bf16, f16,
};

use crate::contexts;
use crate::truth::norm_of;

fn numbers<T: Element + Into<f64>>(tensor: &DeviceBuffer) -> Vec<f64> {
    tensor.read_as::<T>().unwrap().into_iter().map(Into::into).collect()
}

fn rules() -> Rules {
    Rules::new().rule("*kernel", Projection::max_norm(1.0, 0)).rule("*bias", Clip::global_norm(1.0))
}

#[test]
fn every_tensor_is_treated_by_its_dtype() {
    for context in contexts() {
        let kernel = context.upload_as(&[f16::from_f64(2.0); 21], [7, 3]).unwrap();
        let bias = context.upload_as(&[bf16::from_f64(3.0); 9], [9]).unwrap();
        let other = context.upload(&[4.0; 5], [5]).unwrap();
        let named = [("kernel", &kernel), ("a.bias", &bias), ("b.bias", &other)];
        let model = Model::new(context, named).unwrap();
        let step = ModelStep::with_report(&rules(), &model).unwrap();
        let report = step.run().unwrap().wait().unwrap();
        assert_eq!(report.tensors().count(), 1);
        let one = numbers::<f16>(&kernel);
        let expected = 7f64.sqrt().recip();
        assert!(one.iter().all(|y| (y / expected - 1.0).abs() < 2f64.powi(-10)), "{one:?}");
        let all = [numbers::<bf16>(&bias), numbers::<f32>(&other)].concat();
        let norm = norm_of(normproj::Norm::L2, &all);
        assert!((norm - 1.0).abs() < 2f64.powi(-8), "{norm}");
        let forms = named.map(|(name, tensor)| (name, (*tensor.layout(), tensor.dtype())));
        let planned = StepPlan::with_report(&rules(), forms, context.profile()).unwrap();
        assert_eq!(planned.tensors(), step.plan().tensors());
    }
}

#[test]
fn forms_are_f32_unless_they_say_otherwise() {
    let layout = Layout::contiguous([64, 48]).unwrap();
    let profile = DeviceProfile::h200();
    let cost = |plan: StepPlan| match &plan.tensors()[0].task {
        normproj::plan::step::TensorTask::Project(plan) => plan.cost().read,
        task => panic!("{task:?}"),
    };
    let words = StepPlan::new(&rules(), [("kernel", layout), ("bias", layout)], &profile).unwrap();
    let forms = [("kernel", (layout, DType::BF16)), ("bias", (layout, DType::F16))];
    let halves = StepPlan::new(&rules(), forms, &profile).unwrap();
    assert_eq!(cost(words), 2 * cost(halves));
}
