//! What each function and template is made of, and what two of them have in common.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::code::{Code, Counting};
use crate::crates::{Crate, Wing, crates, root, sources};
use crate::modules::Modules;

/// The size of one function or template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSize {
    /// Its name.
    pub name: String,
    /// Is it a template, which new functions are copies of?
    pub template: bool,
    /// Lines of code of each file below `src`, blank lines, comments and tests aside.
    pub files: BTreeMap<PathBuf, usize>,
    /// Crates that its manifest names, ours and others; development dependencies aside.
    pub dependencies: usize,
}

impl FunctionSize {
    fn of(function: &Crate) -> Self {
        let template = function.folder.starts_with(root().join("shared"));
        let source = function.folder.join("src");
        let roots = ["lib.rs", "main.rs"].map(|name| source.join(name)).into_iter().filter(|root| root.is_file());
        let size = |path: PathBuf| {
            let lines = Code::read(&path, Counting::Size).0.len();
            (path.strip_prefix(&source).map(Path::to_path_buf).unwrap_or(path), lines)
        };
        // By modules, which leaves out files of tests.
        let files = roots.flat_map(|root| Modules::read(&root).into_files()).map(size).collect();
        FunctionSize { name: function.name.clone(), template, files, dependencies: function.dependencies.len() }
    }

    /// All files together.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.files.values().sum()
    }
}

fn functions() -> Vec<Crate> {
    let mut found: Vec<_> = crates().into_iter().filter(|found| found.wing == Wing::Function).collect();
    found.sort_by(|one, other| one.folder.cmp(&other.folder));
    found
}

/// Functions by name, then templates.
///
/// # Panics
/// When a file cannot be read or is not Rust.
#[must_use]
pub fn function_sizes() -> Vec<FunctionSize> {
    functions().iter().map(FunctionSize::of).collect()
}

/// The same lines of code in two functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLines {
    /// Where they begin in each.
    pub places: [(PathBuf, usize); 2],
    /// The lines, as many as are equal.
    pub lines: Vec<String>,
}

/// Runs of at least `length` lines of code that two functions or templates have in common. Blank lines, comments, imports
/// and attributes aside, every line counts, one with nothing but a closing bracket too.
///
/// # Panics
/// When a file cannot be read or is not Rust.
#[must_use]
pub fn shared_lines(length: usize) -> Vec<SharedLines> {
    let files = |function: &Crate| {
        let read = |path: PathBuf| {
            let code = Code::read(&path, Counting::Likeness).0.into_iter().collect();
            File { path: path.strip_prefix(root()).map(Path::to_path_buf).unwrap_or(path), code }
        };
        sources(&function.folder.join("src")).into_iter().map(read).collect::<Vec<_>>()
    };
    let functions: Vec<_> = functions().iter().map(files).collect();
    let mut found = Vec::new();
    for (number, one) in functions.iter().enumerate() {
        for other in functions.iter().skip(number + 1) {
            for (first, second) in one.iter().flat_map(|first| other.iter().map(move |second| (first, second))) {
                found.extend(first.shared_with(second, length));
            }
        }
    }
    found
}

struct File {
    path: PathBuf,
    code: Vec<(usize, String)>,
}

impl File {
    fn shared_with(&self, other: &File, length: usize) -> Vec<SharedLines> {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (there, (_, line)) in other.code.iter().enumerate() {
            places.entry(line).or_default().push(there);
        }
        let begins_earlier = |at: usize, there: usize| at > 0 && there > 0 && self.equal(other, at - 1, there - 1) > 0;
        let mut found = Vec::new();
        for (at, (number, line)) in self.code.iter().enumerate() {
            for there in places.get(line.as_str()).into_iter().flatten() {
                let equal = self.equal(other, at, *there);
                if equal >= length && !begins_earlier(at, *there) {
                    let lines = self.code[at..at + equal].iter().map(|(_, line)| line.clone()).collect();
                    let places = [(self.path.clone(), *number), (other.path.clone(), other.code[*there].0)];
                    found.push(SharedLines { places, lines });
                }
            }
        }
        found
    }

    /// How many lines from here on are those from there on.
    fn equal(&self, other: &File, at: usize, there: usize) -> usize {
        let pairs = self.code[at..].iter().zip(&other.code[there..]);
        pairs.take_while(|((_, line), (_, other))| line == other).count()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{File, SharedLines};

    fn file(name: &str, lines: &str) -> File {
        let code = lines.split(' ').enumerate().map(|(number, line)| (number + 1, line.to_owned())).collect();
        File { path: PathBuf::from(name), code }
    }

    #[test]
    fn a_run_of_equal_lines_is_found_once_and_whole() {
        let (one, other) = (file("one.rs", "x a b c y a b"), file("other.rs", "a b c z"));
        let shared = one.shared_with(&other, 3);
        let places = [(PathBuf::from("one.rs"), 2), (PathBuf::from("other.rs"), 1)];
        assert_eq!(shared, [SharedLines { places, lines: ["a", "b", "c"].map(str::to_owned).to_vec() }]);
        assert_eq!(one.shared_with(&other, 4), []);
        assert_eq!(one.shared_with(&other, 2).len(), 2);
    }
}
