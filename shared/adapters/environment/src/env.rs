//! The environment, and the reader that collects its problems.

use std::collections::BTreeMap;

use crate::kind::Kind;
use crate::problem::{Problem, Problems};
use crate::table::{Necessity, Variable};

/// Where the variables come from.
#[must_use = "an environment configures nothing until it is read"]
#[derive(Clone)]
pub struct Env {
    /// `None` is a value that is set but is not UTF-8.
    values: BTreeMap<String, Option<String>>,
}

impl Env {
    /// The variables of this process.
    pub fn from_process() -> Self {
        let values = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok())))
            .collect();
        Env { values }
    }

    /// Variables given one by one, as tests do.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Env { values: pairs.into_iter().map(|(name, value)| (name.into(), Some(value.into()))).collect() }
    }

    /// The same with another value for one variable, such as one from a command line.
    ///
    /// ```
    /// use environment::{Env, text};
    ///
    /// let env = Env::from_pairs([("TABLE", "claims"), ("TOPIC", "logins")]).with("TABLE", "others");
    /// let read = env.read(|env| (env.required("TABLE", "", text()), env.required("TOPIC", "", text())));
    /// assert_eq!(read, Ok(("others".to_owned(), "logins".to_owned())));
    /// ```
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), Some(value.into()));
        self
    }

    /// Runs `build` and returns its result.
    ///
    /// # Errors
    ///
    /// When any variable is missing or wrong: all of them, in the order in which they were read.
    pub fn read<T>(&self, build: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, Problems> {
        let mut reader = Reader { env: self, variables: Vec::new(), problems: Vec::new() };
        let built = build(&mut reader);
        match Problems::new(reader.problems, reader.variables.len()) {
            None => Ok(built),
            Some(problems) => Err(problems),
        }
    }

    /// The variables that `build` reads, in its order. Nothing needs to be set for this.
    pub fn describe<T>(build: impl FnOnce(&mut Reader<'_>) -> T) -> Vec<Variable> {
        let env = Env { values: BTreeMap::new() };
        let mut reader = Reader { env: &env, variables: Vec::new(), problems: Vec::new() };
        build(&mut reader);
        reader.variables
    }
}

/// Reads variables for [`Env::read`] and remembers every problem.
///
/// Each method returns a value even if the variable is bad, so that reading goes on to the next variable. This stand-in
/// never gets out, because [`Env::read`] drops it and returns the problems instead.
pub struct Reader<'e> {
    env: &'e Env,
    variables: Vec<Variable>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// A variable that must be set.
    pub fn required<T>(&mut self, name: &'static str, doc: &'static str, kind: Kind<T>) -> T {
        self.note(name, doc, &kind, Necessity::Required);
        match self.find(name, &kind) {
            Found::Value(value) => value,
            Found::Bad => kind.stand_in(),
            Found::Nothing => {
                self.complain(name, doc, &kind, "is not set".to_owned());
                kind.stand_in()
            }
        }
    }

    /// A variable that may be left out. An empty value counts as left out: Terraform writes null that way.
    pub fn optional<T>(&mut self, name: &'static str, doc: &'static str, kind: Kind<T>) -> Option<T> {
        self.note(name, doc, &kind, Necessity::Optional);
        match self.find(name, &kind) {
            Found::Value(value) => Some(value),
            Found::Bad | Found::Nothing => None,
        }
    }

    /// A variable that is required under a condition. `when` words the condition, such as `EMAIL_MODE=allowlist`.
    pub fn required_when<T>(
        &mut self,
        needed: bool,
        when: &'static str,
        name: &'static str,
        doc: &'static str,
        kind: Kind<T>,
    ) -> Option<T> {
        self.note(name, doc, &kind, Necessity::RequiredWhen(when));
        match self.find(name, &kind) {
            Found::Value(value) => Some(value),
            Found::Bad => None,
            Found::Nothing => {
                if needed {
                    self.complain(name, doc, &kind, format!("is not set, but is required when {when}"));
                }
                None
            }
        }
    }

    /// A variable with a default, written as it would be in the environment.
    ///
    /// A default that its own kind refuses is reported like any other problem, so that tests find it.
    pub fn default<T>(&mut self, name: &'static str, doc: &'static str, kind: Kind<T>, default: &'static str) -> T {
        self.note(name, doc, &kind, Necessity::Default(default));
        match self.find(name, &kind) {
            Found::Value(value) => value,
            Found::Bad => kind.stand_in(),
            Found::Nothing => match kind.parse(default) {
                Ok(value) => value,
                Err(wrong) => {
                    self.complain(name, doc, &kind, format!("has an invalid default: it {wrong}"));
                    kind.stand_in()
                }
            },
        }
    }

    /// Reports a problem between variables that are each valid.
    pub fn refuse(&mut self, name: &'static str, wrong: impl Into<String>) {
        let variable = self.variables.iter().find(|v| v.name == name);
        let (expected, example, doc) = match variable {
            Some(known) => (known.expected.clone(), known.example.clone(), known.doc),
            None => (String::new(), String::new(), ""),
        };
        self.problems.push(Problem { variable: name, wrong: wrong.into(), expected, example, doc });
    }

    fn note<T>(&mut self, name: &'static str, doc: &'static str, kind: &Kind<T>, necessity: Necessity) {
        self.variables.push(Variable {
            name,
            doc,
            necessity,
            expected: kind.expected().to_owned(),
            example: kind.example_text().to_owned(),
            secret: kind.is_secret(),
        });
    }

    fn find<T>(&mut self, name: &'static str, kind: &Kind<T>) -> Found<T> {
        let wrong = match self.env.values.get(name) {
            None => return Found::Nothing,
            Some(None) => "is not UTF-8 text".to_owned(),
            Some(Some(value)) if value.trim().is_empty() => return Found::Nothing,
            Some(Some(value)) => match kind.parse(value) {
                Ok(parsed) => return Found::Value(parsed),
                Err(wrong) => wrong,
            },
        };
        let doc = self.variables.iter().find(|v| v.name == name).map_or("", |v| v.doc);
        self.complain(name, doc, kind, wrong);
        Found::Bad
    }

    fn complain<T>(&mut self, variable: &'static str, doc: &'static str, kind: &Kind<T>, wrong: String) {
        let (expected, example) = (kind.expected().to_owned(), kind.example_text().to_owned());
        self.problems.push(Problem { variable, wrong, expected, example, doc });
    }
}

enum Found<T> {
    Value(T),
    Nothing,
    /// Reported already.
    Bad,
}
