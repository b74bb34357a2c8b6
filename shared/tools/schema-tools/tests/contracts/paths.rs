//! Paths to fields, as contracts name persons.

use schema_tools::contracts::has_field;
use serde_json::json;

#[test]
fn a_path_leads_through_unions_names_lists_maps_and_documents() {
    let row = json!({"type": "record", "name": "a.Value", "fields": [
        {"name": "id", "type": "string"},
        {"name": "next", "type": ["null", "Value"]},
        {"name": "tags", "type": {"type": "array", "items": {"type": "map", "values": "string"}}},
        {"name": "doc", "type": {"type": "string", "connect.name": "io.debezium.data.Json"}}]});
    let schema = json!({"type": "record", "name": "Envelope", "fields": [
        {"name": "before", "type": ["null", row]}, {"name": "after", "type": ["null", "a.Value"]}]});
    for path in ["before", "before.id", "after.id", "after.next.next.id", "after.tags[]{}", "after.doc.user.name"] {
        assert!(has_field(&schema, path), "{path}");
    }
    for path in ["id", "after.ID", "after.id.x", "after.next.doc2", "after.tags.id", "after.tags{}", "after[]", ""] {
        assert!(!has_field(&schema, path), "{path}");
    }
}
