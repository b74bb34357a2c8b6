//! A row for each input: what it cost, and what it may cost.

use allocation_counter::measure;

/// The cost of one input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) input: u64,
    /// `None` where they are not counted.
    pub(crate) steps: Option<u64>,
    /// The most bytes allocated at a time.
    pub(crate) peak: u64,
    pub(crate) allocations: u64,
}

/// The most that it may cost: a factor for each byte of the input, and a constant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) steps: f64,
    pub(crate) peak: f64,
    pub(crate) allocations: f64,
    pub(crate) least_steps: u64,
    pub(crate) least_peak: u64,
    pub(crate) least_allocations: u64,
}

impl Default for Bound {
    fn default() -> Self {
        Self { steps: 0.0, peak: 0.0, allocations: 0.0, least_steps: 0, least_peak: 16 << 10, least_allocations: 100 }
    }
}

impl Cost {
    /// Runs `work`, which returns how many steps it took.
    pub(crate) fn of(input: usize, work: impl FnOnce() -> Option<u64>) -> Self {
        let mut steps = None;
        let counted = measure(|| steps = work());
        Self { input: input as u64, steps, peak: counted.bytes_max, allocations: counted.count_total }
    }
}

pub(crate) struct Table {
    title: &'static str,
    rows: Vec<(String, Cost, Bound)>,
}

impl Table {
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, name: impl Into<String>, cost: Cost, bound: Bound) {
        self.rows.push((name.into(), cost, bound));
    }

    /// Prints all rows, and fails for those that cost more than they may.
    pub(crate) fn check(self) {
        let mut beyond = Vec::new();
        println!("\n{}", self.title);
        println!(
            "{:<52}{:>9} {:>10} {:>6} {:>10} {:>9} {:>9} {:>7}",
            "", "input B", "steps", "/B", "peak B", "/B", "allocs", "/B"
        );
        for (name, cost, bound) in &self.rows {
            let Cost { input, steps, peak, allocations } = *cost;
            let per_byte = |count: u64| count as f64 / input.max(1) as f64;
            println!(
                "{name:<52}{input:>9} {:>10} {:>6} {peak:>10} {:>9.1} {allocations:>9} {:>7.2}",
                steps.map_or_else(|| "-".to_owned(), |steps| steps.to_string()),
                steps.map_or_else(|| "-".to_owned(), |steps| format!("{:.2}", per_byte(steps))),
                per_byte(peak),
                per_byte(allocations)
            );
            let most = |factor: f64, least: u64| (factor * input as f64) as u64 + least;
            for (what, count, most) in [
                ("steps", steps.unwrap_or_default(), most(bound.steps, bound.least_steps)),
                ("bytes at one time", peak, most(bound.peak, bound.least_peak)),
                ("allocations", allocations, most(bound.allocations, bound.least_allocations)),
            ] {
                if count > most {
                    beyond.push(format!("{name}: {count} {what} for {input} bytes, at most {most} are allowed"));
                }
            }
        }
        assert!(beyond.is_empty(), "{}: {}", self.title, beyond.join("\n"));
    }
}
