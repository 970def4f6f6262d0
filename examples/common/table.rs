//! The table that is printed last.

/// What came of the runs of one kind, one for each seed.
pub struct Row<'a> {
    pub label: &'a str,
    /// The shares of test images that are right.
    pub accuracies: Vec<f64>,
    /// How many runs ended with a loss that is not finite.
    pub diverged: usize,
}

/// Prints mean and standard deviation of the test accuracy over the seeds.
pub fn print(rows: &[Row]) {
    println!("\n{:30}    mean      sd  diverged  each seed", "test accuracy in %");
    for Row { label, accuracies, diverged } in rows {
        let percent: Vec<f64> = accuracies.iter().map(|share| 100.0 * share).collect();
        let (mean, deviation) = mean_and_deviation(&percent);
        let each: Vec<String> = percent.iter().map(|share| format!("{share:.1}")).collect();
        println!("{label:30} {mean:7.2} {deviation:7.2}  {diverged:8}  {}", each.join(" "));
    }
}

/// Mean and sample standard deviation.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}
