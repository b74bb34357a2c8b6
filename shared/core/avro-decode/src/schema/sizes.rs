//! Computes the fewest bytes that a value of each type takes.

use super::types::{Schema, Type, TypeId};

/// The sizes of a schema's types, by type.
pub(crate) struct Sizes(Vec<Size>);

#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// The fewest bytes, for bounding block counts. A lower bound where types recur.
    least: u32,
    /// Every value takes no bytes at all.
    hollow: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    /// Its parts are being visited.
    Open,
    Done,
}

impl Sizes {
    /// Iterative, since types may form a long chain. A type within itself counts as zero bytes there.
    pub(crate) fn of(schema: &Schema) -> Self {
        let mut sizes = Self(vec![Size::default(); schema.len()]);
        let mut work: Vec<TypeId> = Vec::new();
        for root in 0..schema.len() as u32 {
            work.push(TypeId(root));
            while let Some(id) = work.last().copied() {
                match sizes.get(id).state {
                    State::New => {
                        sizes.set(id, Size { state: State::Open, ..Size::default() });
                        let new = |id: &TypeId| sizes.get(*id).state == State::New;
                        match schema.get(id) {
                            Type::Record(record) => {
                                work.extend(record.fields.iter().map(|field| field.schema).filter(new));
                            }
                            Type::Union(branches) => work.extend(branches.iter().copied().filter(new)),
                            _ => {}
                        }
                    }
                    State::Open => {
                        let (least, hollow) = sizes.size(schema.get(id));
                        sizes.set(id, Size { least, hollow, state: State::Done });
                        work.pop();
                    }
                    State::Done => {
                        work.pop();
                    }
                }
            }
        }
        sizes
    }

    fn size(&self, ty: &Type) -> (u32, bool) {
        match ty {
            Type::Null => (0, true),
            Type::Float => (4, false),
            Type::Double => (8, false),
            Type::Fixed(fixed) => (fixed.size, fixed.size == 0),
            Type::Record(record) => record.fields.iter().fold((0u32, true), |(least, hollow), field| {
                let of_field = self.get(field.schema);
                (least.saturating_add(of_field.least), hollow && of_field.hollow)
            }),
            Type::Union(branches) => {
                let least = branches.iter().map(|branch| self.least(*branch)).min().unwrap_or(0);
                (least.saturating_add(1), false)
            }
            Type::Boolean | Type::Int(_) | Type::Long(_) | Type::Bytes(_) | Type::String(_) => (1, false),
            Type::Enum(_) | Type::Array(_) | Type::Map(_) => (1, false),
        }
    }

    /// The fewest bytes that a value of the type takes.
    pub(crate) fn least(&self, id: TypeId) -> u32 {
        self.get(id).least
    }

    /// Whether every value of the type takes no bytes.
    pub(crate) fn is_hollow(&self, id: TypeId) -> bool {
        self.get(id).hollow
    }

    fn get(&self, id: TypeId) -> Size {
        self.0.get(id.0 as usize).copied().unwrap_or_default()
    }

    fn set(&mut self, id: TypeId, size: Size) {
        if let Some(slot) = self.0.get_mut(id.0 as usize) {
            *slot = size;
        }
    }
}
