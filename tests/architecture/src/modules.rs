//! Reads from a crate's paths which of its files uses which other one, and finds the circles among them.
//!
//! What a file names by a path (`crate::x::Y`, `super::y`, `use child::Z`) it uses. `mod` and `pub use` only make a table
//! of contents and count for nothing, but a name that a module hands on leads to the file that defines it. Tests inside
//! of a file are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Meta, UseTree, Visibility};

type ModulePath = Vec<String>;

/// The modules of one crate that have a file of their own.
#[derive(Debug)]
pub struct Modules {
    files: BTreeMap<ModulePath, Module>,
}

#[derive(Debug)]
struct Module {
    file: PathBuf,
    /// Absolute paths that the code names.
    names: BTreeSet<ModulePath>,
    /// Names that it hands on, and where they come from.
    hands_on: BTreeMap<String, ModulePath>,
}

/// Files that use each other, each followed by the one that it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle(pub Vec<PathBuf>);

impl Modules {
    /// Reads a crate from its root file.
    ///
    /// # Panics
    /// When a file cannot be read or is not Rust.
    #[must_use]
    pub fn read(root: &Path) -> Self {
        let mut modules = Modules { files: BTreeMap::new() };
        modules.add(root, Vec::new());
        modules
    }

    /// The files, those of tests aside.
    pub fn into_files(self) -> impl Iterator<Item = PathBuf> {
        self.files.into_values().map(|module| module.file)
    }

    fn add(&mut self, file: &Path, path: ModulePath) {
        let text = fs::read_to_string(file).expect("a readable file");
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut reader = Reader { at: path.clone(), ..Reader::default() };
        reader.visit_file(&syntax);
        for child in reader.children {
            let name = child.last().cloned().unwrap_or_default();
            let folder = folder_of(file, path.is_empty());
            let inline: PathBuf = child[path.len()..child.len() - 1].iter().collect();
            let folder = folder.join(inline);
            let candidates = [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")];
            if let Some(found) = candidates.iter().find(|candidate| candidate.is_file()) {
                self.add(found, child);
            }
        }
        let module = Module { file: file.to_path_buf(), names: reader.names, hands_on: reader.hands_on };
        self.files.insert(path, module);
    }

    /// The module whose file holds what a path names.
    fn holding(&self, path: &[String], depth: usize) -> Option<&ModulePath> {
        let (module, found) =
            (0..=path.len()).rev().find_map(|length| self.files.get_key_value(path.get(..length)?))?;
        let handed_on = path.get(module.len()).and_then(|name| found.hands_on.get(name)).filter(|_| depth < 8);
        handed_on.and_then(|from| self.holding(from, depth + 1)).or(Some(module))
    }

    /// Each file with the files that it uses.
    #[must_use]
    pub fn arrows(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let of = |(own, module): (&ModulePath, &Module)| -> BTreeSet<&Path> {
            let used = module.names.iter().filter_map(|path| self.holding(path, 0)).filter(|path| *path != own);
            used.filter_map(|path| self.files.get(path)).map(|module| module.file.as_path()).collect()
        };
        self.files.iter().map(|entry| (entry.1.file.as_path(), of(entry))).collect()
    }

    /// One circle for each group of files in which every file leads to every other.
    #[must_use]
    pub fn circles(&self) -> Vec<Circle> {
        let arrows = self.arrows();
        let mut circles = Vec::new();
        let mut seen = BTreeSet::new();
        for from in arrows.keys() {
            if !seen.contains(from)
                && let Some(circle) = way_back(&arrows, from)
            {
                seen.extend(circle.iter().copied());
                circles.push(Circle(circle.into_iter().map(Path::to_path_buf).collect()));
            }
        }
        circles
    }
}

/// The shortest way from a file back to itself.
fn way_back<'a>(arrows: &BTreeMap<&'a Path, BTreeSet<&'a Path>>, from: &'a Path) -> Option<Vec<&'a Path>> {
    let mut ways = vec![vec![from]];
    let mut reached = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| arrows.get(last)).into_iter().flatten() {
                if *next == from {
                    return Some(way);
                }
                if reached.insert(*next) {
                    longer.push([way.as_slice(), &[*next]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

/// Where a file's submodules lie.
fn folder_of(file: &Path, is_root: bool) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    let is_mod = file.file_name().is_some_and(|name| name == "mod.rs");
    if is_root || is_mod { folder.to_path_buf() } else { folder.join(file.file_stem().unwrap_or_default()) }
}

#[derive(Default)]
struct Reader {
    at: ModulePath,
    children: Vec<ModulePath>,
    names: BTreeSet<ModulePath>,
    hands_on: BTreeMap<String, ModulePath>,
}

impl Reader {
    /// The path from the crate's root; nothing for one that leads out of the crate.
    fn absolute(&self, path: &[String]) -> Option<ModulePath> {
        let mut base = self.at.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = rest.get(1..)?;
            }
            "self" => rest = rest.get(1..)?,
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = rest.get(1..)?;
                }
            }
            first => {
                let child = [self.at.as_slice(), &[first.to_owned()]].concat();
                if !self.children.contains(&child) {
                    return None;
                }
            }
        }
        Some([base.as_slice(), rest].concat())
    }

    fn name(&mut self, path: &[String]) {
        self.names.extend(self.absolute(path));
    }

    fn use_tree(&mut self, tree: &UseTree, before: &[String], handed_on: bool) {
        let with = |name: &dyn ToString| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.use_tree(&path.tree, &with(&path.ident), handed_on),
            UseTree::Name(name) => self.used(with(&name.ident), name.ident.to_string(), handed_on),
            UseTree::Rename(rename) => self.used(with(&rename.ident), rename.rename.to_string(), handed_on),
            UseTree::Glob(_) => self.used(before.to_vec(), String::new(), handed_on),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(tree, before, handed_on)),
        }
    }

    fn used(&mut self, path: ModulePath, name: String, handed_on: bool) {
        let path = if path.last().is_some_and(|last| last == "self") { path[..path.len() - 1].to_vec() } else { path };
        if !handed_on {
            self.name(&path);
        } else if let Some(path) = self.absolute(&path) {
            self.hands_on.insert(name, path);
        }
    }
}

pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    let says_test = |attribute: &Attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Meta::Path(path) => path.is_ident("test"),
        Meta::NameValue(_) => false,
    };
    attributes.iter().any(says_test)
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_file(&mut self, file: &'ast syn::File) {
        // Declared anywhere in the file, named anywhere in it.
        self.declare(&file.items);
        visit::visit_file(self, file);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let Some((_, items)) = &item.content else { return };
        self.at.push(item.ident.to_string());
        self.declare(items);
        items.iter().for_each(|item| self.visit_item(item));
        self.at.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let handed_on = !matches!(item.vis, Visibility::Inherited);
        self.use_tree(&item.tree, &[], handed_on);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: ModulePath = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.name(&segments);
        }
        visit::visit_path(self, path);
    }
}

impl Reader {
    fn declare(&mut self, items: &[Item]) {
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            if let Item::Mod(module) = item {
                self.children.push([self.at.as_slice(), &[module.ident.to_string()]].concat());
            }
        }
    }
}
