//! Looks up branches and names of a reader's schema in hash maps, so that resolving does not search lists.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::schema::{Name, Schema, Type, TypeId};

/// A reader's schema with its indexes, each built when it is first used.
pub(crate) struct Reader<'r> {
    pub(crate) schema: &'r Schema,
    /// Each named type with each of its aliases, which are full names.
    aliases: OnceCell<HashSet<(TypeId, &'r str)>>,
    unions: RefCell<HashMap<TypeId, Rc<Branches<'r>>>>,
}

/// The branches of one union. Of two with the same name the first counts.
struct Branches<'r> {
    full: HashMap<(Kind, &'r str), TypeId>,
    simple: HashMap<(Kind, &'r str), usize>,
    alias: HashMap<(Kind, &'r str), usize>,
    /// Types without names: few, since a union holds each once.
    unnamed: Vec<TypeId>,
}

/// What has to be the same in addition to the name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Record,
    Enum,
    Fixed(u32),
}

impl<'r> Reader<'r> {
    pub(crate) fn new(schema: &'r Schema) -> Self {
        Self { schema, aliases: OnceCell::new(), unions: RefCell::default() }
    }

    /// By unqualified name, or by an alias of the reader's.
    pub(crate) fn is_called(&self, r: TypeId, name: &Name, written: &Name) -> bool {
        written.simple() == name.simple() || self.aliases().contains(&(r, &*written.full))
    }

    fn aliases(&self) -> &HashSet<(TypeId, &'r str)> {
        self.aliases.get_or_init(|| {
            let numbered = self.schema.types().zip(0u32..);
            numbered.flat_map(|(ty, id)| ty.aliases().iter().map(move |alias| (TypeId(id), &*alias.full))).collect()
        })
    }

    /// "The first schema in the reader's union that matches": but a type of the same full name before one of the same
    /// unqualified name, since a union may hold types that differ in their namespace alone.
    pub(crate) fn choose(&self, writer: &Schema, w: TypeId, union: TypeId, read: &'r [TypeId]) -> Option<TypeId> {
        let known = self.unions.borrow().get(&union).cloned();
        let branches = known.unwrap_or_else(|| {
            let branches = Rc::new(Branches::of(self.schema, read));
            self.unions.borrow_mut().insert(union, branches.clone());
            branches
        });
        let written = writer.get(w);
        let (Some(kind), Some(name)) = (kind_of(written), written.name()) else {
            return branches.unnamed.iter().find(|r| self.matches(writer, w, **r)).copied();
        };
        branches.full.get(&(kind, &*name.full)).copied().or_else(|| {
            let simple = branches.simple.get(&(kind, name.simple()));
            let alias = branches.alias.get(&(kind, &*name.full));
            let first = simple.into_iter().chain(alias).min()?;
            read.get(*first).copied()
        })
    }

    /// "To match, one of the following must hold": without comparing the fields of records.
    fn matches(&self, writer: &Schema, mut w: TypeId, mut r: TypeId) -> bool {
        loop {
            return match (writer.get(w), self.schema.get(r)) {
                (Type::Union(_), _) | (_, Type::Union(_)) => true,
                (Type::Array(a), Type::Array(b)) | (Type::Map(a), Type::Map(b)) => {
                    (w, r) = (*a, *b);
                    continue;
                }
                (
                    written @ (Type::Enum(_) | Type::Fixed(_) | Type::Record(_)),
                    read @ (Type::Enum(_) | Type::Fixed(_) | Type::Record(_)),
                ) => match (written.name(), read.name()) {
                    (Some(a), Some(b)) => kind_of(written) == kind_of(read) && self.is_called(r, b, a),
                    _ => false,
                },
                (Type::Int(_), Type::Long(_) | Type::Float | Type::Double)
                | (Type::Long(_), Type::Float | Type::Double)
                | (Type::Float, Type::Double)
                | (Type::String(_), Type::Bytes(_))
                | (Type::Bytes(_), Type::String(_)) => true,
                (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
            };
        }
    }
}

impl<'r> Branches<'r> {
    fn of(schema: &'r Schema, branches: &[TypeId]) -> Self {
        let (mut full, mut simple, mut alias) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut unnamed = Vec::new();
        for (index, id) in branches.iter().enumerate() {
            let ty = schema.get(*id);
            let (Some(kind), Some(name)) = (kind_of(ty), ty.name()) else {
                unnamed.push(*id);
                continue;
            };
            full.insert((kind, &*name.full), *id);
            simple.entry((kind, name.simple())).or_insert(index);
            for name in ty.aliases() {
                alias.entry((kind, &*name.full)).or_insert(index);
            }
        }
        Self { full, simple, alias, unnamed }
    }
}

fn kind_of(ty: &Type) -> Option<Kind> {
    match ty {
        Type::Record(_) => Some(Kind::Record),
        Type::Enum(_) => Some(Kind::Enum),
        Type::Fixed(fixed) => Some(Kind::Fixed(fixed.size)),
        _ => None,
    }
}
