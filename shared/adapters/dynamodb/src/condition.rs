//! Conditions as data: written as an expression for DynamoDB, and evaluated by tests in memory (`memory`).

use std::collections::HashMap;

use crate::value::{number, text};
use aws_sdk_dynamodb::types::AttributeValue;

/// When a write may be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The item, if there is one, does not have the attribute.
    Absent(String),
    /// The attribute is text, and the comparison with this text holds. False where the attribute is absent.
    Text(String, Comparison, String),
    /// The attribute is a number, and not greater.
    NumberAtMost(&'static str, u64),
    /// All of them hold.
    All(Vec<Condition>),
    /// One of them holds.
    Any(Vec<Condition>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equals,
    Less,
    AtMost,
    BeginsWith,
}

impl Condition {
    pub(crate) fn absent(attribute: &str) -> Self {
        Condition::Absent(attribute.to_owned())
    }

    pub(crate) fn equals(attribute: &str, value: impl Into<String>) -> Self {
        Condition::Text(attribute.to_owned(), Comparison::Equals, value.into())
    }

    pub(crate) fn less(attribute: &str, value: impl Into<String>) -> Self {
        Condition::Text(attribute.to_owned(), Comparison::Less, value.into())
    }

    pub(crate) fn at_most(attribute: &str, value: impl Into<String>) -> Self {
        Condition::Text(attribute.to_owned(), Comparison::AtMost, value.into())
    }

    pub(crate) fn begins_with(attribute: &str, value: impl Into<String>) -> Self {
        Condition::Text(attribute.to_owned(), Comparison::BeginsWith, value.into())
    }

    /// As a condition expression of DynamoDB.
    pub(crate) fn expression(&self, placeholders: &mut Placeholders) -> String {
        match self {
            Condition::Absent(attribute) => format!("attribute_not_exists({})", placeholders.name(attribute)),
            Condition::Text(attribute, comparison, value) => {
                let (name, value) = (placeholders.name(attribute), placeholders.value(text(value)));
                match comparison {
                    Comparison::Equals => format!("{name} = {value}"),
                    Comparison::Less => format!("{name} < {value}"),
                    Comparison::AtMost => format!("{name} <= {value}"),
                    Comparison::BeginsWith => format!("begins_with({name}, {value})"),
                }
            }
            Condition::NumberAtMost(attribute, most) => {
                format!("{} <= {}", placeholders.name(attribute), placeholders.value(number(*most)))
            }
            Condition::All(conditions) => joined(conditions, " AND ", placeholders),
            Condition::Any(conditions) => joined(conditions, " OR ", placeholders),
        }
    }
}

fn joined(conditions: &[Condition], with: &str, placeholders: &mut Placeholders) -> String {
    let conditions: Vec<_> = conditions.iter().map(|condition| condition.expression(placeholders)).collect();
    format!("({})", conditions.join(with))
}

/// The placeholders of one request's expressions: `#0`, … for attributes and `:0`, … for values. Short, because an
/// expression has at most 4 KB.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    names: Vec<String>,
    values: Vec<AttributeValue>,
}

impl Placeholders {
    pub(crate) fn name(&mut self, attribute: &str) -> String {
        let known = self.names.iter().position(|name| name == attribute);
        let number = known.unwrap_or_else(|| {
            self.names.push(attribute.to_owned());
            self.names.len() - 1
        });
        format!("#{number}")
    }

    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        self.values.push(value);
        format!(":{}", self.values.len() - 1)
    }

    /// The names for the request; `None` instead of an empty map, which DynamoDB refuses.
    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        let names = self.names.iter().enumerate().map(|(number, name)| (format!("#{number}"), name.clone()));
        Some(names.collect()).filter(|names: &HashMap<_, _>| !names.is_empty())
    }

    /// The values for the request; `None` instead of an empty map.
    pub(crate) fn values(self) -> Option<HashMap<String, AttributeValue>> {
        let values = self.values.into_iter().enumerate().map(|(number, value)| (format!(":{number}"), value));
        Some(values.collect()).filter(|values: &HashMap<_, _>| !values.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_names_each_attribute_once_and_each_value() {
        let condition = Condition::Any(vec![
            Condition::absent("pk"),
            Condition::All(vec![Condition::less("version", "5"), Condition::equals("version", "4")]),
        ]);
        let mut placeholders = Placeholders::default();
        let text = condition.expression(&mut placeholders);
        assert_eq!(text, "(attribute_not_exists(#0) OR (#1 < :0 AND #1 = :1))");
        assert_eq!(placeholders.names().unwrap()["#1"], "version");
        assert_eq!(placeholders.values().unwrap().len(), 2);
        let mut none = Placeholders::default();
        Condition::absent("pk").expression(&mut none);
        assert_eq!(none.values(), None);
    }
}
