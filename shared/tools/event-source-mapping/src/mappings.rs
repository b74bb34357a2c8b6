//! The mappings that are to run: flags over a file in AWS's words, over what functions declare.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use event_source_mapping::settings::{Declared, Filled, Given, MappingSettings, Problem, Problems, Value, read_file};
use kafka_connection::with_causes;

use crate::options::MappingsFrom;

impl MappingsFrom {
    /// The mappings, checked. What is wrong is told for all of them.
    ///
    /// # Errors
    /// When a file, a manifest or a setting cannot be used.
    pub(crate) fn mappings(&self) -> Result<Vec<MappingSettings>, String> {
        let declared = self.declared()?;
        let given = self.given(&declared)?;
        let (belonging, mut problems) = self.belonging(&given, &declared);
        problems.extend(self.unknown_variables(&declared));
        let mut checked = Vec::new();
        for (given, declared) in given.into_iter().zip(belonging) {
            match self.check(given, declared) {
                Ok(settings) => checked.push(settings),
                Err(found) => problems.push(found.to_string()),
            }
        }
        if problems.is_empty() { Ok(checked) } else { Err(problems.join("\n")) }
    }

    fn declared(&self) -> Result<Vec<Declared>, String> {
        let (mut declared, mut problems, mut functions) = (Vec::new(), Vec::new(), BTreeSet::new());
        for path in &self.manifest {
            match Declared::read(path) {
                Ok(found) if !functions.insert(found.function().to_owned()) => {
                    problems.push(format!("{}: the manifest of {} is given twice", path.display(), found.function()));
                }
                Ok(found) => declared.push(found),
                Err(error) => problems.push(with_causes(&error)),
            }
        }
        if problems.is_empty() { Ok(declared) } else { Err(problems.join("\n")) }
    }

    /// The mappings of the file, or of the manifests, or the one of the flags; those that `--mapping` names.
    fn given(&self, declared: &[Declared]) -> Result<Vec<Given>, String> {
        let named = |name: &str| Given { name: name.to_owned(), ..Given::default() };
        let mut given = match (&self.file, declared, &self.function) {
            (Some(file), ..) => read_file(file).map_err(|error| with_causes(&error))?,
            (None, [] | [_], Some(function)) => vec![named(function)],
            (None, [], None) => vec![named("mapping")],
            (None, several, _) => several.iter().map(|declared| named(declared.function())).collect(),
        };
        if let Some(missing) = self.mapping.iter().find(|name| given.iter().all(|given| given.name != **name)) {
            let names: Vec<_> = given.iter().map(|given| given.name.as_str()).collect();
            return Err(format!("there is no mapping {missing}; there are {}", names.join(", ")));
        }
        given.retain(|given| self.mapping.is_empty() || self.mapping.contains(&given.name));
        Ok(given)
    }

    /// For each mapping the manifest of its function, and what is wrong with manifests of others.
    fn belonging<'a>(&self, given: &[Given], declared: &'a [Declared]) -> (Vec<Option<&'a Declared>>, Vec<String>) {
        let of = |name: &str| declared.iter().find(|declared| declared.function() == name);
        let Some(file) = &self.file else {
            // --function may serve the only one under another name.
            let only = declared.first().filter(|_| declared.len() == 1);
            return (given.iter().map(|given| only.or_else(|| of(&given.name))).collect(), Vec::new());
        };
        let invoked: Vec<_> = given.iter().map(|given| self.function.clone().or_else(|| literal(given))).collect();
        let belonging: Vec<_> = match (invoked.as_slice(), declared) {
            // What only a deployment knows, the only manifest says.
            ([None], [only]) => vec![Some(only)],
            _ => invoked.iter().map(|name| name.as_deref().and_then(of)).collect(),
        };
        let used = |declared: &Declared| belonging.iter().flatten().any(|used| used.function() == declared.function());
        let names: Vec<_> = invoked.iter().map(|name| name.as_deref().unwrap_or("one that is not a literal")).collect();
        let problem = |declared: &Declared| {
            format!(
                "{}: no mapping of {} invokes {}; what they invoke: {}. Choose a mapping by --mapping and its function by --function, or leave this manifest out",
                declared.path().display(),
                file.display(),
                declared.function(),
                names.join(", "),
            )
        };
        let problems = declared.iter().filter(|declared| !used(declared)).map(problem).collect();
        (belonging, problems)
    }

    /// Variables that no manifest asks for.
    fn unknown_variables(&self, declared: &[Declared]) -> Vec<String> {
        let known: BTreeSet<_> = declared.iter().map(Declared::partial_responses).collect();
        let unknown = self.variable.iter().filter(|(name, _)| !known.contains(name.as_str()));
        let known = || known.iter().copied().collect::<Vec<_>>().join(", ");
        unknown
            .map(|(name, _)| {
                format!("--variable {name}: a mapping does not have to agree with it; it has to with {}", known())
            })
            .collect()
    }

    /// One mapping: flags, then what is given, then what its function declares.
    fn check(&self, mut given: Given, declared: Option<&Declared>) -> Result<MappingSettings, Problems> {
        let name = given.name.clone();
        if self.file.is_none() {
            given.set("StartingPosition", "LATEST");
        }
        let topic = self.topic.as_ref().map(|topic| serde_json::json!([topic]).to_string());
        let flags = [("FunctionName", self.function.clone()), ("Topics", topic)];
        for (name, value) in flags.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            given.set(name, &value);
        }
        self.set.iter().for_each(|(name, value)| given.set(name, value));
        let variables: BTreeMap<_, _> = self.variable.iter().cloned().collect();
        let fill = |declared: &Declared| declared.fill(&mut given, &variables, self.file.is_some());
        let Filled { settings: declares, timeout, problems } = declared.map(fill).unwrap_or_default();
        let timeout = self.function_timeout.map(Duration::from_secs).or(timeout);
        let (settings, mut found) = match MappingSettings::check(given) {
            Ok(settings) => (Some(settings), problems),
            Err(checked) => {
                let origin = |problem: Problem| match declared.filter(|_| declares.contains(problem.setting.as_str())) {
                    Some(declared) => {
                        Problem { reason: format!("{}, in {}", problem.reason, declared.path().display()), ..problem }
                    }
                    None => problem,
                };
                (None, checked.found.into_iter().map(origin).chain(problems).collect())
            }
        };
        match settings.filter(|_| found.is_empty()) {
            Some(settings) => Ok(MappingSettings { timeout, ..settings }),
            None => Err(Problems { mapping: name, found: std::mem::take(&mut found) }),
        }
    }
}

/// The name of the function, where a file says it.
fn literal(given: &Given) -> Option<String> {
    match given.properties.get("FunctionName") {
        Some(Value::Text(name)) => name.rsplit(":function:").next().map(str::to_owned),
        _ => None,
    }
}
