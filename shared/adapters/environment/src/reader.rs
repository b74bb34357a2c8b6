//! The reader of variables, which collects their problems.

use crate::env::Env;
use crate::kind::{Kind, Storage};
use crate::problem::{Problem, Problems};
use crate::secrets::{Address, Secret};
use crate::variable::{Necessity, Variable};

const NOT_TEXT: &str = "is not UTF-8 text";

impl Env {
    /// Runs `build` and returns its result.
    ///
    /// # Errors
    ///
    /// When any variable is missing or wrong: all of them, in the order in which they were read.
    pub fn read<T>(&self, build: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, Problems> {
        let Attempt { value, variables, problems } = self.attempt(build);
        match Problems::of(problems, variables.len()) {
            None => Ok(value),
            Some(problems) => Err(problems),
        }
    }

    /// Runs `build` for a part of a configuration, so that its problems can be reported together with another part's.
    ///
    /// ```
    /// use environment::{Env, Problems, text};
    ///
    /// let env = Env::from_pairs([("TOPIC", "logins")]);
    /// let own = env.attempt(|env| env.required("TABLE", "Table of logins.", text()));
    /// let shared = env.attempt(|env| env.required("QUEUE", "Queue of dead letters.", text()));
    ///
    /// let read = own.variables.len() + shared.variables.len();
    /// let problems = Problems::of([own.problems, shared.problems].concat(), read).unwrap();
    /// assert!(problems.to_string().starts_with("2 problems in 2 environment variables:"));
    /// ```
    pub fn attempt<T>(&self, build: impl FnOnce(&mut Reader<'_>) -> T) -> Attempt<T> {
        Reader::run(Some(self), build)
    }

    /// Runs `build` without an environment: what would be made of the variables, and the variables in its order.
    ///
    /// Nothing needs to be set and nothing is a problem. Text, addresses, secrets and resources are given as `${VARIABLE}`,
    /// also where they are optional or have a default, so that what depends on them is made too and tells which variable it
    /// comes from. A default of another kind, such as a number, is used as it is.
    ///
    /// ```
    /// use environment::{Env, number, table};
    ///
    /// let ((orders, rate), variables) = Env::declare(|env| {
    ///     let orders = env.optional("ORDERS_TABLE", "Table of orders.", table());
    ///     (orders, env.default("RATE", "Mails a second.", number(1..=500), "10"))
    /// });
    /// assert_eq!((orders.unwrap().name(), rate), ("${ORDERS_TABLE}", 10));
    /// assert_eq!(variables.len(), 2);
    /// ```
    pub fn declare<T>(build: impl FnOnce(&mut Reader<'_>) -> T) -> (T, Vec<Variable>) {
        let Attempt { value, variables, .. } = Reader::run(None, build);
        (value, variables)
    }

    /// The variables that `build` reads, in its order. Nothing needs to be set for this.
    pub fn describe<T>(build: impl FnOnce(&mut Reader<'_>) -> T) -> Vec<Variable> {
        Self::declare(build).1
    }
}

/// A part of a configuration and its problems.
///
/// If there is any problem, the value contains stand-ins and is good for nothing but to go on reading.
#[must_use = "the problems are not reported by themselves"]
#[derive(Debug)]
pub struct Attempt<T> {
    /// What was read.
    pub value: T,
    /// The variables, in the order in which they were read.
    pub variables: Vec<Variable>,
    /// What is wrong with them.
    pub problems: Vec<Problem>,
}

/// Reads variables for [`Env::read`] and remembers every problem.
///
/// Each method returns a value even if the variable is bad, so that reading goes on to the next variable. This stand-in
/// never gets out, because [`Env::read`] drops it and returns the problems instead.
pub struct Reader<'e> {
    /// `None` where the variables are only declared.
    env: Option<&'e Env>,
    variables: Vec<Variable>,
    problems: Vec<Problem>,
}

impl<'e> Reader<'e> {
    /// Whether the variables are only declared: there is no environment, and every value is a stand-in.
    pub fn is_declaring(&self) -> bool {
        self.env.is_none()
    }

    fn run<T>(env: Option<&'e Env>, build: impl FnOnce(&mut Reader<'_>) -> T) -> Attempt<T> {
        let mut reader = Reader { env, variables: Vec::new(), problems: Vec::new() };
        let value = build(&mut reader);
        let Reader { variables, problems, .. } = reader;
        Attempt { value, variables, problems }
    }

    /// A variable that must be set.
    pub fn required<T>(&mut self, name: &'static str, doc: &'static str, kind: Kind<T>) -> T {
        self.note(name, doc, &kind, Necessity::Required);
        match self.find(name, &kind) {
            Found::Value(value) => value,
            Found::Bad => kind.stand_in(name),
            Found::Nothing => {
                self.complain(name, doc, &kind, "is not set".to_owned());
                kind.stand_in(name)
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
        let found = match self.env {
            None if !kind.stands_for_its_variable() => Found::Nothing,
            _ => self.find(name, &kind),
        };
        match found {
            Found::Value(value) => value,
            Found::Bad => kind.stand_in(name),
            Found::Nothing => match kind.parse(name, default) {
                Ok(value) => value,
                Err(wrong) => {
                    self.complain(name, doc, &kind, format!("has an invalid default: it {wrong}"));
                    kind.stand_in(name)
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
        self.report(Problem { variable: name.into(), wrong: wrong.into(), expected, example, doc });
    }

    /// Reports the former name of a variable, if a deployment still sets it: read under its new name alone, the value
    /// would be dropped without a word. The former name is not listed as a variable.
    ///
    /// ```
    /// use environment::{Env, text};
    ///
    /// let env = Env::from_pairs([("ORDERS", "orders")]);
    /// let problems = env.read(|env| {
    ///     env.renamed("ORDERS", "ORDERS_TABLE");
    ///     env.default("ORDERS_TABLE", "Table of orders.", text(), "others")
    /// });
    /// assert!(problems.unwrap_err().to_string().contains("ORDERS was renamed to ORDERS_TABLE"));
    /// ```
    pub fn renamed(&mut self, old: &'static str, new: &'static str) {
        if self.env.is_some_and(|env| env.value(old).is_some()) {
            self.refuse(old, format!("was renamed to {new}: set {new} instead"));
        }
    }

    fn note<T>(&mut self, name: &'static str, doc: &'static str, kind: &Kind<T>, necessity: Necessity) {
        self.variables.push(Variable {
            name,
            doc,
            necessity,
            expected: kind.expected().to_owned(),
            example: kind.example_text().to_owned(),
            local: kind.local(),
            secret: kind.is_secret(),
            resource: kind.resource(),
        });
    }

    fn find<T>(&mut self, name: &'static str, kind: &Kind<T>) -> Found<T> {
        let Some(env) = self.env else { return Found::Value(kind.stand_in(name)) };
        match kind.storage() {
            Storage::Environment => self.take(env, name, kind, |value| kind.parse(name, value)),
            Storage::Elsewhere(of) => self.take(env, name, kind, |value| {
                Address::parse(value.trim()).map(|address| of(Secret::stored_text(env.secrets(), address)))
            }),
            Storage::Either(of) => self.find_either(env, name, kind, *of),
        }
    }

    /// A value that stands in its own variable, or whose address stands in another one.
    fn find_either<T>(&mut self, env: &'e Env, name: &'static str, kind: &Kind<T>, of: fn(Secret) -> T) -> Found<T> {
        let elsewhere = format!("{name}_SECRET_ARN");
        let Some(address) = env.value(&elsewhere) else {
            return self.take(env, name, kind, |value| kind.parse(name, value));
        };
        if env.value(name).is_some() {
            let wrong = format!("is set, and so is {elsewhere}: keep one of them");
            self.complain(name, self.doc(name), kind, wrong);
            return Found::Bad;
        }
        let address = address.ok_or_else(|| NOT_TEXT.to_owned()).and_then(|text| Address::parse(text.trim()));
        match address {
            Ok(address) => Found::Value(of(Secret::stored(env.secrets(), address))),
            Err(wrong) => {
                let (expected, example) = (Address::EXPECTED.to_owned(), Address::EXAMPLE.to_owned());
                self.report(Problem { variable: elsewhere.into(), wrong, expected, example, doc: self.doc(name) });
                Found::Bad
            }
        }
    }

    fn take<T>(
        &mut self,
        env: &'e Env,
        name: &'static str,
        kind: &Kind<T>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Found<T> {
        let wrong = match env.value(name) {
            None => return Found::Nothing,
            Some(None) => NOT_TEXT.to_owned(),
            Some(Some(value)) => match parse(value) {
                Ok(parsed) => return Found::Value(parsed),
                Err(wrong) => wrong,
            },
        };
        self.complain(name, self.doc(name), kind, wrong);
        Found::Bad
    }

    fn doc(&self, name: &str) -> &'static str {
        self.variables.iter().find(|variable| variable.name == name).map_or("", |variable| variable.doc)
    }

    fn complain<T>(&mut self, variable: &'static str, doc: &'static str, kind: &Kind<T>, wrong: String) {
        let (expected, example) = (kind.expected().to_owned(), kind.example_text().to_owned());
        self.report(Problem { variable: variable.into(), wrong, expected, example, doc });
    }

    /// Without an environment nothing is a problem.
    fn report(&mut self, problem: Problem) {
        if self.env.is_some() {
            self.problems.push(problem);
        }
    }
}

enum Found<T> {
    Value(T),
    Nothing,
    /// Reported already.
    Bad,
}
