//! Outcomes of records, read from the metric lines (CloudWatch EMF) in a function's output.

use std::collections::BTreeMap;

use serde_json::Value;

/// Numbers of records by outcome.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcomes {
    /// The effect is recorded.
    pub done: usize,
    /// The effect had been recorded before.
    pub duplicate: usize,
    /// Skipped on purpose, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// Dead letters, by error code.
    pub dead_lettered: BTreeMap<String, usize>,
    /// Still pending at the end of an invocation, by error code. A record counts once per invocation.
    pub unfinished: BTreeMap<String, usize>,
    /// Time in the function, in milliseconds.
    pub busy_ms: f64,
    /// Time by stage of a record's journey, in milliseconds, in the order of [`STAGES`]. Partitions run side by side,
    /// so that these can add up to more than the time in the function.
    pub stages_ms: [f64; STAGES.len()],
}

/// The stages of a record's journey.
pub const STAGES: [&str; 5] = ["scan", "decode", "claim", "handle", "settle"];

impl Outcomes {
    /// Sums the metric lines of one function in an output that may contain other lines.
    pub fn read(output: &str, function: &str) -> Self {
        let mut outcomes = Outcomes::default();
        let lines = output.lines().filter(|line| line.contains("\"_aws\""));
        for line in lines {
            // `cargo lambda watch` may add colours and prefixes.
            let document = line.find('{').and_then(|start| line.get(start..));
            let document = document.and_then(|json| serde_json::from_str::<Value>(json).ok());
            if let Some(document) = document.filter(|document| document["Function"] == function) {
                outcomes.add(&document);
            }
        }
        outcomes
    }

    fn add(&mut self, document: &Value) {
        let count = |metric: &str| document[metric].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        let by = |dimension: &str| document[dimension].as_str().map(str::to_owned);
        if let Some(reason) = by("SkipReason") {
            *self.skipped.entry(reason).or_default() += count("RecordsSkipped");
        } else if let Some(code) = by("ErrorCode") {
            for (metric, counts) in
                [("RecordsParked", &mut self.dead_lettered), ("RecordsUnfinished", &mut self.unfinished)]
            {
                if count(metric) > 0 {
                    *counts.entry(code.clone()).or_default() += count(metric);
                }
            }
        } else {
            self.done += count("RecordsDone");
            self.duplicate += count("RecordsDuplicate");
            self.busy_ms += document["BatchDuration"].as_f64().unwrap_or(0.0);
            for (sum, stage) in self.stages_ms.iter_mut().zip(STAGES) {
                *sum += document[format!("{stage}_ms")].as_f64().unwrap_or(0.0);
            }
        }
    }

    /// What was added since `earlier`, an earlier reading of the same output.
    #[must_use]
    pub fn since(&self, earlier: &Outcomes) -> Outcomes {
        let difference = |now: &BTreeMap<String, usize>, then: &BTreeMap<String, usize>| {
            let left = now.iter().map(|(name, count)| (name.clone(), count - then.get(name).copied().unwrap_or(0)));
            left.filter(|(_, count)| *count > 0).collect()
        };
        let mut stages_ms = self.stages_ms;
        stages_ms.iter_mut().zip(earlier.stages_ms).for_each(|(now, then)| *now -= then);
        Outcomes {
            done: self.done - earlier.done,
            duplicate: self.duplicate - earlier.duplicate,
            skipped: difference(&self.skipped, &earlier.skipped),
            dead_lettered: difference(&self.dead_lettered, &earlier.dead_lettered),
            unfinished: difference(&self.unfinished, &earlier.unfinished),
            busy_ms: self.busy_ms - earlier.busy_ms,
            stages_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = concat!(
        " INFO starting\n",
        "{\"_aws\":{},\"Function\":\"f\",\"Records\":4,\"RecordsDone\":1,\"RecordsSkipped\":1,\"RecordsParked\":1,\"BatchDuration\":2.5,\"claim_ms\":0.5}\n",
        "{\"_aws\":{},\"Function\":\"f\",\"SkipReason\":\"snapshot\",\"RecordsSkipped\":1}\n",
        "\u{1b}[0m {\"_aws\":{},\"Function\":\"f\",\"ErrorCode\":\"frame_truncated\",\"RecordsParked\":1}\n",
        "{\"_aws\":{},\"Function\":\"f\",\"ErrorCode\":\"ses_throttled\",\"RecordsUnfinished\":1}\n",
        "{\"_aws\":{},\"Function\":\"another\",\"Records\":9,\"RecordsDone\":9}\n",
        "{\"_aws\": cut off\n",
    );

    #[test]
    fn metric_lines_are_summed_and_other_lines_ignored() {
        let once = Outcomes::read(OUTPUT, "f");
        assert_eq!((once.done, once.duplicate, once.busy_ms), (1, 0, 2.5));
        assert_eq!(once.stages_ms, [0.0, 0.0, 0.5, 0.0, 0.0]);
        assert_eq!(once.skipped, BTreeMap::from([("snapshot".to_owned(), 1)]));
        assert_eq!(once.dead_lettered, BTreeMap::from([("frame_truncated".to_owned(), 1)]));
        assert_eq!(once.unfinished, BTreeMap::from([("ses_throttled".to_owned(), 1)]));
        assert_eq!(Outcomes::read(&OUTPUT.repeat(2), "f").since(&once), once);
    }
}
