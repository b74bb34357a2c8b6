//! Compares the records that all ways hand over, before anything is timed.

use std::sync::{Arc, Mutex};

use crate::{Decoded, NAMES, Workload, way};

/// Runs all ways over the workload and compares all that they hand over.
///
/// # Panics
/// When two ways differ, or one does not have as many records as the workload.
pub fn assert_equal_records(workload: &Workload) {
    let handed_over = |position: usize| {
        let records = Arc::new(Mutex::new(Vec::new()));
        let way = way(workload, position).unwrap();
        let seen = Arc::clone(&records);
        let visit = move |key: &dyn Decoded, value: &dyn Decoded| {
            seen.lock().unwrap().push((key.to_json().to_string(), value.to_json()));
        };
        way.run(&workload.event, Box::new(visit));
        let mut records: Vec<(String, serde_json::Value)> = std::mem::take(&mut records.lock().unwrap());
        // KafkaEvent keeps partitions in a map without order.
        records.sort_by(|left, right| left.0.cmp(&right.0));
        records
    };
    let expected = handed_over(2);
    assert_eq!(expected.len(), workload.records);
    for position in [0, 1, 4, 6].into_iter().filter(|position| way(workload, *position).is_some()) {
        assert!(handed_over(position) == expected, "{} and {} differ", NAMES[position], NAMES[2]);
    }
    for (slim, full) in handed_over(3).iter().zip(&expected) {
        assert!(slim.0 == full.0 && is_part_of(&slim.1, &full.1), "{} is not a part of {}", slim.1, full.1);
    }
}

fn is_part_of(part: &serde_json::Value, whole: &serde_json::Value) -> bool {
    match (part.as_object(), whole.as_object()) {
        (Some(part), Some(whole)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| is_part_of(part, whole)))
        }
        _ => part == whole,
    }
}
