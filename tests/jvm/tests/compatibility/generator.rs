//! Generates random schemas, and readers that evolved from them compatibly or not.

use fastrand::Rng;
use serde_json::{Value as Json, json};

const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// A writer's schema and a reader's schema.
pub(crate) fn pair(seed: u64) -> (Json, Json) {
    let mut generator = Generator { rng: Rng::with_seed(seed), names: 0 };
    let writer = generator.schema(3);
    let reader = generator.evolved(&writer, 0.25);
    (writer, reader)
}

struct Generator {
    rng: Rng,
    names: u32,
}

impl Generator {
    fn name(&mut self, stem: &str) -> String {
        self.names += 1;
        format!("{stem}{}", self.names)
    }

    fn chance(&mut self, of: f64) -> bool {
        self.rng.f64() < of
    }

    fn primitive(&mut self) -> Json {
        json!(PRIMITIVES[self.rng.usize(..PRIMITIVES.len())])
    }

    fn schema(&mut self, depth: u32) -> Json {
        let kinds = if depth == 0 { 1 } else { 9 };
        match self.rng.u32(..kinds) {
            1..=3 => {
                let name = self.name("R");
                let count = self.rng.usize(..5);
                let mut fields: Vec<Json> = (0..count)
                    .map(|index| json!({"name": format!("f{index}"), "type": self.schema(depth - 1)}))
                    .collect();
                if self.chance(0.2) {
                    fields.push(json!({"name": "again", "type": ["null", name]}));
                }
                json!({"type": "record", "name": name, "namespace": "n", "fields": fields})
            }
            4 => json!({"type": "array", "items": self.schema(depth - 1)}),
            5 => json!({"type": "map", "values": self.schema(depth - 1)}),
            6 => json!({"type": "enum", "name": self.name("E"), "namespace": "n", "symbols": self.symbols()}),
            7 => match self.chance(0.5) {
                true => json!({"type": "fixed", "name": self.name("F"), "namespace": "n", "size": self.rng.u32(1..4)}),
                false => self.decimal(),
            },
            8 => self.union(depth),
            _ => self.primitive(),
        }
    }

    fn symbols(&mut self) -> Vec<String> {
        let count = self.rng.usize(1..5);
        let mut symbols: Vec<String> = (0..5).map(|index| format!("S{index}")).collect();
        self.rng.shuffle(&mut symbols);
        symbols.truncate(count);
        symbols
    }

    fn decimal(&mut self) -> Json {
        json!({"type": "bytes", "logicalType": "decimal", "precision": self.rng.u32(3..5), "scale": self.rng.u32(..2)})
    }

    fn union(&mut self, depth: u32) -> Json {
        let mut branches: Vec<Json> = Vec::new();
        for _ in 0..self.rng.u32(1..4) {
            let branch = self.schema(depth - 1);
            let unnamed = |of: &Json| match of {
                Json::Object(object) if object.contains_key("name") => None,
                Json::Object(object) => object.get("type").and_then(Json::as_str).map(str::to_owned),
                other => other.as_str().map(str::to_owned),
            };
            let kind = unnamed(&branch);
            let taken = kind.is_some() && branches.iter().any(|other| unnamed(other) == kind);
            if !branch.is_array() && !taken {
                branches.push(branch);
            }
        }
        if branches.is_empty() { json!(["null"]) } else { Json::Array(branches) }
    }

    /// The same schema, with some changes.
    fn evolved(&mut self, schema: &Json, often: f64) -> Json {
        if self.chance(often * 0.15) {
            return self.schema(1);
        }
        match schema {
            Json::String(name) => self.promoted(name, often),
            Json::Array(branches) => {
                let mut evolved: Vec<Json> = branches.iter().map(|branch| self.evolved(branch, often * 0.5)).collect();
                if evolved.len() > 1 && self.chance(often) {
                    evolved.remove(self.rng.usize(..evolved.len()));
                }
                if self.chance(often) {
                    self.rng.shuffle(&mut evolved);
                }
                if evolved.iter().any(Json::is_array) { schema.clone() } else { Json::Array(evolved) }
            }
            Json::Object(object) => {
                let mut object = object.clone();
                for inner in ["items", "values"] {
                    if let Some(schema) = object.get(inner).cloned() {
                        object.insert(inner.to_owned(), self.evolved(&schema, often));
                    }
                }
                match object.get("type").and_then(Json::as_str) {
                    Some("record") => self.evolve_fields(&mut object, often),
                    Some("enum") if self.chance(often * 2.0) => {
                        let symbols = self.symbols();
                        if self.chance(0.4) {
                            object.insert("default".to_owned(), json!(symbols[0]));
                        }
                        object.insert("symbols".to_owned(), json!(symbols));
                    }
                    Some("fixed") if self.chance(often) => {
                        object.insert("size".to_owned(), json!(self.rng.u32(1..4)));
                    }
                    Some("bytes") if self.chance(often) => return self.decimal(),
                    _ => {}
                }
                if object.contains_key("name") && self.chance(often * 0.5) {
                    self.rename(&mut object);
                }
                Json::Object(object)
            }
            other => other.clone(),
        }
    }

    fn promoted(&mut self, name: &str, often: f64) -> Json {
        let wider: &[&str] = match name {
            "int" => &["long", "float", "double"],
            "long" => &["float", "double", "int"],
            "float" => &["double", "int"],
            "string" => &["bytes"],
            "bytes" => &["string"],
            _ => &[],
        };
        if !wider.is_empty() && self.chance(often) {
            return json!(wider[self.rng.usize(..wider.len())]);
        }
        if PRIMITIVES.contains(&name) && name != "null" && self.chance(often * 0.5) {
            return json!(["null", name]);
        }
        json!(name)
    }

    /// Changes the namespace, the name with an alias, or the name without one.
    fn rename(&mut self, object: &mut serde_json::Map<String, Json>) {
        let old = object.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        match self.rng.u32(..3) {
            0 => {
                object.insert("namespace".to_owned(), json!("m"));
            }
            1 => {
                object.insert("aliases".to_owned(), json!([format!("n.{old}")]));
                object.insert("name".to_owned(), json!(self.name("X")));
            }
            _ => {
                object.insert("name".to_owned(), json!(self.name("X")));
            }
        }
    }

    fn evolve_fields(&mut self, record: &mut serde_json::Map<String, Json>, often: f64) {
        let mut fields = record.get("fields").and_then(Json::as_array).cloned().unwrap_or_default();
        for field in &mut fields {
            let schema = field["type"].clone();
            field["type"] = self.evolved(&schema, often);
            if self.chance(often * 0.3) {
                let old = field["name"].clone();
                field["name"] = json!(self.name("g"));
                if self.chance(0.7) {
                    field["aliases"] = json!([old]);
                }
            }
        }
        if !fields.is_empty() && self.chance(often) {
            fields.remove(self.rng.usize(..fields.len()));
        }
        if self.chance(often) {
            let mut added = json!({"name": self.name("h"), "type": "int"});
            if self.chance(0.6) {
                added["default"] = json!(1);
            }
            fields.push(added);
        }
        if self.chance(often) {
            self.rng.shuffle(&mut fields);
        }
        record.insert("fields".to_owned(), Json::Array(fields));
    }
}
