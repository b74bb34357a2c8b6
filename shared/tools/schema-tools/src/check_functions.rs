//! Checks what functions declare against the contracts of the topics that they read and write.

use function_manifests::{Consumption, Variable};
use topic_contracts::{KeyFormat, ValueFormat};

use crate::contracts::Contracts;

/// Every topic that a function names has a contract, and its records the formats that the function reads.
pub(crate) fn functions(contracts: &Contracts, about: &mut impl FnMut(&str, String)) {
    for function in &contracts.functions {
        let about = &mut |problem| about(&function.function, problem);
        if let Some(consumption) = function.consumption() {
            reads(contracts, consumption, about);
        }
        function.variables.iter().for_each(|variable| names(contracts, variable, about));
    }
}

fn reads(contracts: &Contracts, consumption: &Consumption, about: &mut impl FnMut(String)) {
    let Consumption { topic, key_format, value_format, .. } = consumption;
    let Some(contract) = contracts.topics.by_name().get(topic).copied() else {
        return about(format!("it reads {topic}, which nobody declares: write events/topics/{topic}.json"));
    };
    let keys = match contract.key.format {
        KeyFormat::Avro => "avro",
        KeyFormat::Text => "text",
        KeyFormat::None => return,
    };
    let values = match contract.value.format {
        ValueFormat::Avro => "avro",
        ValueFormat::Json => "json",
    };
    for (part, read, written) in [("keys", key_format, keys), ("values", value_format, values)] {
        if read != written {
            about(format!("it reads the {part} of {topic} as {read}, and the contract of the topic says {written}"));
        }
    }
}

/// A variable of a topic by default names one that is declared.
fn names(contracts: &Contracts, variable: &Variable, about: &mut impl FnMut(String)) {
    let Variable { name, resource: Some(resource), default: Some(topic), .. } = variable else { return };
    if resource == "topic" && !contracts.topics.by_name().contains_key(topic) {
        about(format!("the default of {name} is {topic}, which nobody declares: write events/topics/{topic}.json"));
    }
}
