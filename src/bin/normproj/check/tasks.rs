//! Checks that run beside each other: most of their time goes into compiling programs, one on each core.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use normproj::Context;

use super::Outcome;
use crate::failure::Result;
use crate::progress::Progress;

/// Some checks that belong together.
pub type Task<'a> = Box<dyn Fn(&Context) -> normproj::Result<Vec<Outcome>> + Send + Sync + 'a>;

/// Runs all of them; what came of them is in their order.
///
/// On threads of its own, because an operation of the CPU backend may not be called from inside the pool
/// whose threads work for it.
pub fn run(context: &Context, tasks: &[Task<'_>], progress: &Progress) -> Result<Vec<Outcome>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(number) else { return done };
            done.push((number, task(context)));
            progress.advance(1);
        }
    };
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // A panic is one of this program, and goes on as such.
        let joined = workers.into_iter().map(|worker| worker.join());
        joined
            .flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(number, _)| *number);
    let mut outcomes = Vec::new();
    for (_, found) in done {
        outcomes.extend(found?);
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(number: usize) -> Outcome {
        let (axes, form, schedule) = (String::new(), String::new(), String::new());
        let (case, shape) = ("", vec![number]);
        Outcome { case, shape, axes, form, schedule, kappa: 0.0, error: 0.0, mismatch: None }
    }

    #[test]
    fn outcomes_are_in_the_order_of_the_tasks() {
        let task = |number| -> Task<'static> { Box::new(move |_| Ok(vec![outcome(number)])) };
        let tasks: Vec<Task<'_>> = (0..100).map(task).collect();
        let found = run(&Context::cpu(), &tasks, &Progress::count(100, true)).unwrap();
        let numbers: Vec<usize> = found.iter().map(|outcome| outcome.shape[0]).collect();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_of_one_is_that_of_all() {
        let wrong = || Err(normproj::Error::AxisOutOfRange { axis: 9, shape: vec![2] });
        let tasks: [Task<'_>; 2] = [Box::new(|_| Ok(vec![])), Box::new(move |_| wrong())];
        assert!(run(&Context::cpu(), &tasks, &Progress::count(2, true)).is_err());
    }
}
