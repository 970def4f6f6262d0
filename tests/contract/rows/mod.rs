//! Rows of a table that indices name, on every context.

mod edges;
pub mod golden;
mod planted;
mod properties;
mod small;

use normproj::plan::request::Task;
use normproj::{Context, Indices, Layout, Plan, Projection, Report, Request, reference};

use crate::judge::{Memory, check, check_again, check_report};
use crate::run::plans;
use crate::values::Value;

/// A table in its memory, and what names its rows.
#[derive(Clone, Copy)]
pub struct Scene<'a, T> {
    pub projection: Projection,
    pub table: Layout,
    pub memory: &'a [T],
    pub indices: &'a [u32],
}

impl<T: Value> Scene<'_, T> {
    fn rows(&self) -> Vec<usize> {
        reference::touched(self.indices, self.table.shape()[0])
    }

    /// The rows that are named, one after the other.
    fn compact(&self, memory: &[T]) -> Vec<T> {
        let places = reference::places(&self.table);
        let width = places.len().checked_div(self.table.shape()[0]).unwrap_or(0);
        let row = |row: usize| places[row * width..(row + 1) * width].iter().map(|&p| memory[p]);
        self.rows().into_iter().flat_map(row).collect()
    }

    fn compact_layout(&self) -> Layout {
        let mut shape = self.table.shape().to_vec();
        shape[0] = self.rows().len();
        Layout::contiguous(shape).expect("smaller than the table")
    }

    pub fn request(&self) -> Request {
        let indices = Layout::contiguous([self.indices.len()]).expect("small");
        let request = Request::in_place(self.projection, self.table).of(T::DTYPE);
        request.rows(indices).with_report()
    }

    /// Carries out a plan so many times, with the same indices; what is left behind, and the last report.
    pub fn run(&self, context: &Context, plan: &Plan, times: usize) -> (Vec<T>, Report) {
        let memory = context.upload_as(self.memory, [self.memory.len()]).expect("upload");
        let table = memory.view(self.table).expect("inside its memory");
        let indices = Indices::upload(context, self.indices).expect("upload");
        let mut last = None;
        for _ in 0..times {
            let pending = context.run_rows(plan, &table, &indices).expect("a plan that fits runs");
            last = Some(pending.wait().expect("a report that was planned"));
        }
        (memory.read_as().expect("read"), last.expect("run at least once"))
    }

    /// Says what is wrong with the memory and the report that a plan left behind.
    pub fn judge(
        &self,
        context: &Context,
        plan: &Plan,
        after: &[T],
        report: &Report,
    ) -> Result<(), String> {
        let mut named = vec![false; self.memory.len()];
        let places = reference::places(&self.table);
        let width = places.len().checked_div(self.table.shape()[0]).unwrap_or(0);
        for row in self.rows() {
            places[row * width..(row + 1) * width].iter().for_each(|&place| named[place] = true);
        }
        for place in (0..named.len()).filter(|&place| !named[place]) {
            if self.memory[place].bits() != after[place].bits() {
                return Err(format!("place {place} is in no row that is named, and has changed"));
            }
        }
        let (before, after) = (self.compact(self.memory), self.compact(after));
        let layout = self.compact_layout();
        let of = |elements| Memory { layout: &layout, elements };
        let stats = check(&self.projection, plan.margin(), of(&before), of(&before), of(&after))
            .map_err(|wrong| format!("{:?}: {}", wrong[0].rule, wrong[0].detail))?;
        self.judge_report(context, plan, report, &before, &stats)
    }

    fn judge_report(
        &self,
        context: &Context,
        plan: &Plan,
        report: &Report,
        before: &[T],
        stats: &crate::judge::Stats,
    ) -> Result<(), String> {
        // Of a table without elements nothing is looked at.
        if self.table.is_empty() {
            return Ok(());
        }
        let beyond = self.indices.iter().filter(|&&i| i as usize >= self.table.shape()[0]).count();
        if report.out_of_range != beyond as u64 {
            return Err(format!("out_of_range: {}, not {beyond}", report.out_of_range));
        }
        // As if the rows that are named were the table.
        let rows = self.rows();
        let place = |row: u64| rows.iter().position(|&named| named as u64 == row);
        let mut of_rows = *report;
        of_rows.first_non_finite =
            report.first_non_finite.map(|row| place(row).map_or(u64::MAX, |at| at as u64));
        let request = Request::in_place(self.projection, self.compact_layout()).of(T::DTYPE);
        let profile = context.profile();
        let same = Plan::with_schedule(&request, profile, plan.schedule());
        let compact = same.or_else(|_| Plan::new(&request, profile)).expect("a valid request");
        // Of rows without elements there is nothing to tell.
        if compact.geometry().is_empty() {
            return Ok(());
        }
        check_report(&of_rows, &compact, before, stats)
    }

    /// Runs the request by the chosen plan and others, twice each, and panics if a promise is broken.
    pub fn prove(&self, context: &Context, seed: u64) {
        for plan in plans(context, &self.request(), seed) {
            let place =
                || format!("{} by {}, {:?}", context.describe(), plan.schedule(), plan.request());
            let (once, report) = self.run(context, &plan, 1);
            self.judge(context, &plan, &once, &report)
                .unwrap_or_else(|wrong| panic!("{wrong} in {report:?}: {}", place()));
            let (twice, _) = self.run(context, &plan, 2);
            let layout = self.compact_layout();
            let (before, once, twice) =
                (self.compact(self.memory), self.compact(&once), self.compact(&twice));
            let of = |elements| Memory { layout: &layout, elements };
            let again =
                check_again(&self.projection, plan.margin(), of(&before), of(&once), of(&twice));
            again.unwrap_or_else(|wrong| {
                panic!("{:?}: {}: {}", wrong[0].rule, wrong[0].detail, place())
            });
            let Task::Project(_) = plan.request().task else { panic!("no projection") };
        }
    }
}
