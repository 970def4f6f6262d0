//! Every error that a caller of groups can cause, by its variant and by what it tells.

use normproj::{
    Axes, Clip, Compat, Context, Decay, Error, Filter, GivenNorm, Group, Model, Norm, Projection,
};

use crate::contexts::{alone, contexts};

/// The message of an error of this variant.
macro_rules! message {
    ($result:expr, $variant:pat) => {{
        let error: Error = $result.err().expect("an error");
        assert!(matches!(error, $variant), "another error: {error:?}");
        error.to_string()
    }};
}

fn on_each(act: impl Fn(&Context, &Model)) {
    for context in contexts() {
        let (kernel, bias) =
            (context.zeros([3, 2]).expect("small"), context.zeros([2]).expect("small"));
        let model = Model::new(context, [("kernel", &kernel), ("bias", &bias)]).expect("valid");
        act(context, &model);
    }
}

#[test]
fn numbers_that_no_tensor_could_satisfy() {
    on_each(|_, model| {
        let made = |clip| Group::new(clip, model);
        for radius in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            message!(made(Clip::global_norm(radius)), Error::Radius { .. });
            message!(made(Clip::each_norm(radius)), Error::Radius { .. });
        }
        for (low, high) in [(1.0, -1.0), (f64::NAN, 1.0), (0.0, f64::NAN)] {
            message!(made(Clip::value(low, high)), Error::Bounds { .. });
        }
        let told = message!(made(Clip::value(0.5, -0.5)), Error::Bounds { .. });
        assert!(told.contains("0.5 and -0.5"), "{told}");
        for norm in [-1.0, f64::NAN] {
            let given = Clip::global_norm(1.0).use_norm(GivenNorm::Host(norm));
            message!(made(given), Error::GivenNorm { .. });
        }
        let ready = made(Clip::global_norm(1.0)).expect("valid");
        message!(ready.with_radius(-2.0), Error::Radius { .. });
    });
}

#[test]
fn clips_that_make_no_sense() {
    on_each(|context, model| {
        let made = |clip| Group::new(clip, model);
        for clip in [Clip::each_norm(1.0), Clip::value(0.0, 1.0), Clip::norms(Norm::L2)] {
            for given in [GivenNorm::Host(1.0), GivenNorm::Device] {
                message!(made(clip.use_norm(given)), Error::PlanMismatch { .. });
            }
        }
        let device = Clip::global_norm(1.0).use_norm(GivenNorm::Device);
        let told = message!(made(device), Error::PlanMismatch { .. });
        assert!(told.contains("Group::by_norm"), "{told}");
        for clip in [Clip::value(0.0, 1.0), Clip::norms(Norm::L1)] {
            let group = made(clip).expect("valid");
            message!(group.with_radius(1.0), Error::PlanMismatch { .. });
        }
        let kernel = model.get("kernel").expect("it is there");
        let max_norm = Projection::max_norm(1.0, Axes::all()).compat(Compat::Burn);
        let told = message!(context.project(&max_norm, kernel), Error::Compat { .. });
        assert!(told.contains("burn") && told.contains("max-norm"), "{told}");
    });
}

#[test]
fn models_that_do_not_fit() {
    // Beside a context that has its turn others are used.
    let _turn = alone();
    let stranger = Context::cpu();
    on_each(|context, model| {
        let kernel = model.get("kernel").expect("it is there");
        let twice = Model::new(context, [("w", kernel), ("w", kernel)]);
        assert_eq!(message!(twice, Error::SameName { .. }), "two tensors are named `w`");
        let tied = Model::new(context, [("w", kernel), ("tied", kernel)]).expect("names differ");
        let told = message!(Group::new(Clip::norms(Norm::L2), &tied), Error::SharedElements { .. });
        assert!(told.contains("`w`") && told.contains("`tied`"), "{told}");
        let theirs = stranger.zeros([3, 2]).expect("small");
        message!(Model::new(context, [("w", &theirs)]), Error::OtherContext { .. });
        let weights = Model::new(&stranger, [("kernel", &theirs)]).expect("valid");
        let decay = Decay::new(0.1, &weights);
        let decays = Group::with_decay(Clip::global_norm(1.0), model, &decay);
        message!(decays, Error::OtherContext { .. });
        let one = stranger.zeros([1]).expect("small");
        let by = Group::by_norm(Clip::global_norm(1.0), model, &one);
        message!(by, Error::OtherContext { .. });
        let two = context.zeros([2]).expect("small");
        let by = Group::by_norm(Clip::global_norm(1.0), model, &two);
        message!(by, Error::Length { expected: 1, found: 2, .. });
        for elsewhere in contexts().filter(|other| !other.is(context)) {
            let like: Vec<_> = model.tensors().iter().map(|t| elsewhere.zeros(t.shape())).collect();
            let like = like.into_iter().collect::<Result<Vec<_>, _>>().expect("small");
            let like = Model::new(elsewhere, model.names().iter().zip(&like)).expect("valid");
            let group = Group::new(Clip::global_norm(1.0), model).expect("valid");
            // Where buffers are padded the plan does not fit either.
            message!(group.rebind(&like), Error::OtherContext { .. });
            if elsewhere.profile() != context.profile() {
                let plan = group.plan().clone();
                message!(Group::from_plan(plan, &like, None, None), Error::PlanMismatch { .. });
            }
        }
        let group = Group::new(Clip::global_norm(1.0), model).expect("valid");
        let moved = Model::new(&stranger, [("kernel", &theirs), ("bias", &one)]).expect("valid");
        message!(group.rebind(&moved), Error::PlanMismatch { .. } | Error::OtherContext { .. });
    });
}

#[test]
fn patterns_must_match() {
    on_each(|_, model| {
        let told = message!(model.filtered(&Filter::all().exclude("beta*")), Error::NoMatch { .. });
        assert_eq!(told, "`beta*` matches no tensor");
        message!(model.filtered(&Filter::all().include("[")), Error::Pattern { .. });
        let none = Decay::filtered(0.1, model, &Filter::all().include("gamma"));
        message!(none, Error::NoMatch { .. });
        let kernels = model.filtered(&Filter::all().exclude("*bias*")).expect("valid");
        assert_eq!(kernels.names(), ["kernel"]);
    });
}
