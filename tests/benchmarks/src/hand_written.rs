//! A decoder written by hand, as a lower bound: the same scanner and base64, then code for one schema. No plan, no
//! evolution, no limits; all checks that memory safety and UTF-8 need.

use std::marker::PhantomData;

use kafka_events::{Encoded, Entry, Event};

use crate::{Account, Change, Decoded, Key, Profile, Source, Transaction, Visitor, Way};

/// A type that can be read by hand.
pub trait ByHand {
    /// The type with its lifetime.
    type Of<'de>: Decoded;
    /// Reads it.
    fn read<'de>(input: &mut Input<'de>) -> Option<Self::Of<'de>>;
}

/// Scanner, base64, and code by hand.
pub struct HandWritten<T>(PhantomData<fn() -> T>);

impl<T> Default for HandWritten<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: ByHand> Way for HandWritten<T> {
    fn run(&self, event: &[u8], mut visit: Visitor) {
        let event = Event::scan(event).unwrap();
        let (mut key_scratch, mut value_scratch) = (Vec::new(), Vec::new());
        for entry in event.partitions.iter().flat_map(|partition| &partition.records) {
            let Entry::Record(record) = entry else { panic!("malformed") };
            let key = decode::<Key<&'static str>>(record.key.unwrap(), &mut key_scratch);
            let value = decode::<T>(record.value.unwrap(), &mut value_scratch);
            visit(&key, &value);
        }
    }
}

#[inline]
fn decode<'s, T: ByHand>(encoded: Encoded<'_>, scratch: &'s mut Vec<u8>) -> T::Of<'s> {
    let bytes = encoded.decode_into(scratch).unwrap();
    let [0, _, _, _, _, body @ ..] = bytes else { panic!("no frame") };
    let mut input = Input(body);
    let value = T::read(&mut input).unwrap();
    assert!(input.0.is_empty(), "bytes are left over");
    value
}

/// The rest of a datum.
pub struct Input<'de>(&'de [u8]);

impl<'de> Input<'de> {
    #[inline]
    fn long(&mut self) -> Option<i64> {
        let (&first, rest) = self.0.split_first()?;
        if first < 0x80 {
            self.0 = rest;
            return Some(i64::from(first >> 1) ^ -i64::from(first & 1));
        }
        let mut value = u64::from(first & 0x7f);
        for (n, &byte) in rest.iter().enumerate().take(9) {
            value |= u64::from(byte & 0x7f) << (7 * (n + 1));
            if byte < 0x80 {
                self.0 = rest.get(n + 1..)?;
                return Some((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        None
    }

    #[inline]
    fn bytes(&mut self) -> Option<&'de [u8]> {
        let length = usize::try_from(self.long()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    #[inline]
    fn text(&mut self) -> Option<&'de str> {
        simdutf8::basic::from_utf8(self.bytes()?).ok()
    }

    #[inline]
    fn boolean(&mut self) -> Option<bool> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        (byte < 2).then_some(byte == 1)
    }

    #[inline]
    fn double(&mut self) -> Option<f64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(f64::from_le_bytes(*bytes))
    }

    /// A union of two, of which branch `null` is null.
    #[inline]
    fn option<T>(&mut self, null: i64, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.long()? {
            branch if branch == null => Some(None),
            0 | 1 => Some(Some(read(self)?)),
            _ => None,
        }
    }

    #[inline]
    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Some(items);
            }
            if count < 0 {
                count = count.checked_neg()?;
                self.long()?;
            }
            let count = usize::try_from(count).ok().filter(|count| *count <= self.0.len())?;
            items.reserve(count);
            for _ in 0..count {
                items.push(read(self)?);
            }
        }
    }
}

impl ByHand for Key<&'static str> {
    type Of<'de> = Key<&'de str>;

    #[inline]
    fn read<'de>(input: &mut Input<'de>) -> Option<Key<&'de str>> {
        Some(Key { id: input.text()? })
    }
}

impl ByHand for Change<&'static str, &'static [u8]> {
    type Of<'de> = Change<&'de str, &'de [u8]>;

    #[inline]
    fn read<'de>(input: &mut Input<'de>) -> Option<Self::Of<'de>> {
        // In the writer's order; fields of a struct are evaluated as they are written.
        Some(Change {
            before: input.option(0, account)?,
            after: input.option(0, account)?,
            source: source(input)?,
            transaction: input.option(0, transaction)?,
            op: input.text()?,
            ts_ms: input.option(0, Input::long)?,
            ts_us: input.option(0, Input::long)?,
            ts_ns: input.option(0, Input::long)?,
        })
    }
}

#[inline]
fn account<'de>(input: &mut Input<'de>) -> Option<Account<&'de str, &'de [u8]>> {
    Some(Account {
        id: input.text()?,
        email: input.text()?,
        name: input.text()?,
        status: input.option(1, Input::text)?,
        locale: input.option(0, Input::text)?,
        marketing_opt_in: input.option(0, Input::boolean)?,
        credit: input.option(0, Input::bytes)?,
        profile: input.option(0, Input::text)?,
        tags: input.option(0, |input| input.list(|input| input.option(0, Input::text)))?,
        created_at: input.option(0, Input::text)?,
        updated_at: input.option(0, Input::long)?,
        birth_date: input.option(0, Input::long)?,
        bio: input.option(0, Input::text)?,
        loyalty_tier: None,
    })
}

#[inline]
fn source<'de>(input: &mut Input<'de>) -> Option<Source<&'de str>> {
    Some(Source {
        version: input.text()?,
        connector: input.text()?,
        name: input.text()?,
        ts_ms: input.long()?,
        snapshot: input.option(1, Input::text)?,
        db: input.text()?,
        sequence: input.option(0, Input::text)?,
        ts_us: input.option(0, Input::long)?,
        ts_ns: input.option(0, Input::long)?,
        schema: input.text()?,
        table: input.text()?,
        tx_id: input.option(0, Input::long)?,
        lsn: input.option(0, Input::long)?,
        xmin: input.option(0, Input::long)?,
        origin: input.option(0, Input::text)?,
        origin_lsn: input.option(0, Input::long)?,
    })
}

#[inline]
fn transaction<'de>(input: &mut Input<'de>) -> Option<Transaction<&'de str>> {
    Some(Transaction { id: input.text()?, total_order: input.long()?, data_collection_order: input.long()? })
}

impl ByHand for Profile<&'static str> {
    type Of<'de> = Profile<&'de str>;

    #[inline]
    fn read<'de>(input: &mut Input<'de>) -> Option<Profile<&'de str>> {
        Some(Profile {
            event_id: input.text()?,
            user_id: input.text()?,
            occurred_at: input.long()?,
            changed: input.list(Input::text)?,
            email: input.option(0, Input::text)?,
            name: input.option(0, Input::text)?,
            locale: input.option(0, Input::text)?,
            country: input.option(0, Input::text)?,
            age: input.option(0, Input::long)?,
            marketing_opt_in: input.boolean()?,
            score: input.double()?,
            loyalty_tier: None,
        })
    }
}
