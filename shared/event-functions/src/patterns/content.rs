//! Digests of an entry's content, by which a repetition is told from another event under the same id.

use aws_sdk_dynamodb::types::AttributeValue;
use dynamodb::Item;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// SHA-256 of the content's JSON, in hexadecimal.
pub(crate) fn of_content(content: &impl Serialize) -> String {
    // Text, numbers and lists of them always become JSON.
    hex::encode(Sha256::digest(serde_json::to_vec(content).unwrap_or_default()))
}

/// SHA-256 of an item's attributes by name, in hexadecimal. Absent attributes are not part of it, so an attribute that is
/// added later changes no digest of events without it.
pub(crate) fn of_item(item: &Item) -> String {
    let mut hash = Sha256::new();
    add_item(&mut hash, item);
    hex::encode(hash.finalize())
}

fn add_item(hash: &mut Sha256, item: &Item) {
    let mut names: Vec<_> = item.keys().collect();
    names.sort();
    add(hash, b'M', &names.len().to_be_bytes());
    for name in names {
        add(hash, b'n', name.as_bytes());
        if let Some(value) = item.get(name) {
            add_value(hash, value);
        }
    }
}

fn add_value(hash: &mut Sha256, value: &AttributeValue) {
    match value {
        AttributeValue::S(text) => add(hash, b'S', text.as_bytes()),
        AttributeValue::N(number) => add(hash, b'N', number.as_bytes()),
        AttributeValue::Bool(flag) => add(hash, b'B', &[u8::from(*flag)]),
        AttributeValue::B(bytes) => add(hash, b'b', bytes.as_ref()),
        AttributeValue::M(item) => add_item(hash, item),
        AttributeValue::L(items) => {
            add(hash, b'L', &items.len().to_be_bytes());
            items.iter().for_each(|item| add_value(hash, item));
        }
        // Sets and null, which `item!` does not make.
        other => add(hash, b'?', format!("{other:?}").as_bytes()),
    }
}

/// The length in front keeps two neighbours apart.
fn add(hash: &mut Sha256, kind: u8, bytes: &[u8]) {
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use dynamodb::{number, text};

    use super::*;

    fn item(pairs: &[(&str, AttributeValue)]) -> Item {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn every_part_of_an_item_is_part_of_its_digest() {
        let list = |items: &[&str]| AttributeValue::L(items.iter().map(text).collect());
        let mut digests: Vec<_> = [
            item(&[]),
            item(&[("a", text("1"))]),
            item(&[("a", number(1))]),
            item(&[("b", text("1"))]),
            item(&[("a", text("1")), ("b", text(""))]),
            item(&[("a", list(&["1", "2"]))]),
            item(&[("a", list(&["12"]))]),
            item(&[("a", AttributeValue::M(item(&[("b", text("1"))])))]),
        ]
        .iter()
        .map(of_item)
        .collect();
        let all = digests.len();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), all);
    }
}
