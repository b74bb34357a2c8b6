//! Chains: which records of a topic-partition wait for each other, and their keys out of base64.

use std::collections::HashMap;
use std::ops::Range;

use kafka_events::{Base64Error, Encoded, Entry};
use schema_registry::KeyFormat;

use crate::effort::{Step, count};
use crate::settings::Order;

/// The records of one topic-partition, by their positions.
#[derive(Debug)]
pub(crate) struct Chains {
    /// Positions whose records follow each other; chains in the order of their first records.
    pub(crate) chains: Vec<Vec<usize>>,
    /// How many chains may be in flight together.
    pub(crate) in_flight: usize,
    /// The keys that had to be decoded to form the chains.
    pub(crate) keys: Keys,
}

/// A key out of its base64; `None` where the record has none.
pub(crate) type Decoded<'a> = Result<Option<&'a [u8]>, Base64Error>;

/// The keys of a topic-partition, decoded once. They take less memory than the event itself.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    ranges: Vec<Result<Option<Range<usize>>, Base64Error>>,
}

impl Chains {
    pub(crate) fn of(format: KeyFormat, order: Order, records: &[Entry<'_>]) -> Self {
        match order {
            Order::Partition => {
                Chains { chains: vec![(0..records.len()).collect()], in_flight: 1, keys: Keys::default() }
            }
            Order::Key { in_flight } => {
                let keys = Keys::of(records);
                Chains { chains: keys.chains(format, records.len()), in_flight: in_flight.get(), keys }
            }
        }
    }
}

impl Keys {
    fn of(records: &[Entry<'_>]) -> Self {
        let keys = || records.iter().map(key_of);
        let mut bytes = Vec::with_capacity(keys().flatten().map(Encoded::decoded_len_bound).sum());
        let mut scratch = Vec::new();
        let ranges = keys()
            .map(|key| {
                let Some(key) = decode(key, &mut scratch)? else { return Ok(None) };
                let start = bytes.len();
                bytes.extend_from_slice(key);
                Ok(Some(start..bytes.len()))
            })
            .collect();
        Keys { bytes, ranges }
    }

    /// The key of the record at `index`, if it was decoded here.
    pub(crate) fn get(&self, index: usize) -> Option<Decoded<'_>> {
        let bytes = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        self.ranges
            .get(index)
            .map(|range| range.as_ref().map(|range| range.as_ref().map(bytes)).map_err(|error| *error))
    }

    /// Positions of records with the same order key: the key's bytes *after* its frame, because a new key schema must not
    /// split a key. Those without a key, or with an unreadable one, wait for each other.
    fn chains(&self, format: KeyFormat, records: usize) -> Vec<Vec<usize>> {
        let mut chains: Vec<Vec<usize>> = Vec::new();
        let mut by_key: HashMap<Option<&[u8]>, usize> = HashMap::new();
        for index in 0..records {
            let key = self.get(index).and_then(|key| key.ok().flatten());
            let chain = *by_key.entry(key.map(|key| format.order_key(key))).or_insert_with(|| {
                chains.push(Vec::new());
                chains.len() - 1
            });
            if let Some(chain) = chains.get_mut(chain) {
                chain.push(index);
            }
        }
        chains
    }
}

fn key_of<'e, 'a>(entry: &'e Entry<'a>) -> Option<&'e Encoded<'a>> {
    match entry {
        Entry::Record(record) => record.key.as_ref(),
        Entry::Malformed(_) => None,
    }
}

/// A key or value out of its base64.
pub(crate) fn decode<'s>(encoded: Option<&Encoded<'_>>, scratch: &'s mut Vec<u8>) -> Decoded<'s> {
    let Some(encoded) = encoded else { return Ok(None) };
    count(Step::Base64);
    encoded.decode_into(scratch).map(Some)
}
