//! Parts of a page that are published one after the other, so that even a page of nothing but bad items makes progress.

use std::ops::Range;

use event_functions::UnixMillis;
use kafka_producer::EventSource;
use serde_json::value::RawValue;

use crate::profile::{BadItem, UserProfileUpdated};

/// The most bad items of a segment. Their letters take about ten calls of SQS.
const BAD_ITEMS: usize = 100;

/// A part of a page, usually the whole page.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Where it is in the page.
    pub(crate) range: Range<usize>,
    /// The events of its items.
    pub(crate) events: Vec<UserProfileUpdated>,
    /// Where the item of each event is.
    pub(crate) places: Vec<usize>,
    /// The items that cannot become events, with their places.
    pub(crate) bad: Vec<(usize, BadItem)>,
}

impl Segment {
    /// The segment of `items` that begins at `from`.
    pub(crate) fn of(items: &[Box<RawValue>], from: usize, source: &EventSource, now: UnixMillis) -> Self {
        let mut segment = Segment { range: from..from, events: Vec::new(), places: Vec::new(), bad: Vec::new() };
        for (index, item) in items.iter().enumerate().skip(from) {
            match UserProfileUpdated::of(item, source, now) {
                Ok(event) => {
                    segment.events.push(event);
                    segment.places.push(index);
                }
                Err(_) if segment.bad.len() == BAD_ITEMS => break,
                Err(bad) => segment.bad.push((index, bad)),
            }
            segment.range.end = index + 1;
        }
        segment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_segment_ends_before_its_hundred_and_first_bad_item() {
        let item = |number: usize| match number % 2 {
            0 => json!({"number": number}),
            _ => json!({
                "id": format!("chg-{number}"), "user_id": "u-1", "changed_at": "2026-11-20T10:00:00Z", "revision": number,
                "changes": [{"field": "display_name"}],
            }),
        };
        let items: Vec<_> = (0..500).map(|number| serde_json::value::to_raw_value(&item(number)).unwrap()).collect();
        let now = UnixMillis(1_795_168_800_000);
        let mut ranges = Vec::new();
        let mut from = 0;
        while from < items.len() {
            let segment = Segment::of(&items, from, &EventSource::default(), now);
            assert_eq!(segment.events.len() + segment.bad.len(), segment.range.len());
            from = segment.range.end;
            ranges.push(segment.range);
        }
        assert_eq!(ranges, [0..200, 200..400, 400..500]);
    }
}
