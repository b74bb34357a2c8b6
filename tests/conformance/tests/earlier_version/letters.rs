//! Letters as the version before this one wrote them.

use event_runtime::StoredLetter;
use redrive_core::redrive_event;
use serde_json::{Value, json};

fn fixtures() -> serde_json::Map<String, Value> {
    serde_json::from_str(include_str!("../../fixtures/earlier/letters.json")).unwrap()
}

#[test]
fn every_letter_of_the_version_before_can_be_sent_again() {
    let fixtures = fixtures();
    assert_eq!(fixtures.len(), 7);
    for (name, fixture) in fixtures {
        let stored = StoredLetter::read(&fixture["message"].to_string()).unwrap();
        let letter = match fixture.get("object") {
            None => stored.letter.clone(),
            Some(object) => stored.clone().whole(object.to_string().as_bytes()).unwrap(),
        };
        assert_eq!(letter.id.as_str(), fixture["message"]["id"], "{name}");
        assert_eq!(letter.error.uncertain, name == "uncertain", "{name}");
        assert_eq!(stored.raw_in.is_some(), name == "apart", "{name}");
        assert_eq!(
            letter.redriven.as_ref().map_or(0, |redriven| redriven.attempts),
            if name == "redriven" { 2 } else { 0 }
        );
        let claimed = ["uncertain", "certain", "redriven"].contains(&&*name);
        assert_eq!(letter.claim.is_some(), claimed, "{name}");
        let event: Value = serde_json::from_slice(&redrive_event(&letter, 1).unwrap()).unwrap();
        assert_eq!(event["redrive"]["letterId"], format!("{}-redriven", letter.id), "{name}");
        assert_eq!(event.get("item").is_some(), name == "item", "{name}");
        // Stored again, it is the same.
        let again = StoredLetter { letter, raw_in: None };
        let read = StoredLetter::read(&serde_json::to_string(&again).unwrap()).unwrap();
        assert_eq!(read, again, "{name}");
    }
}

#[test]
fn a_letter_of_a_newer_version_is_refused() {
    for (name, fixture) in fixtures() {
        let mut message = fixture["message"].clone();
        message["version"] = json!(2);
        message["raw"] = json!("another type by then");
        let refused = StoredLetter::read(&message.to_string()).unwrap_err().to_string();
        assert!(refused.contains("newer version (format 2; this version reads up to 1)"), "{name}: {refused}");
        if let Some(object) = fixture.get("object") {
            let mut object = object.clone();
            object["version"] = json!(2);
            let stored = StoredLetter::read(&fixture["message"].to_string()).unwrap();
            let refused = stored.whole(object.to_string().as_bytes()).unwrap_err().to_string();
            assert!(refused.contains("newer version (format 2"), "{name}: {refused}");
        }
    }
}
