//! Resolves a writer's schema against the types that this crate implements: options, lists, maps, scalars.

use super::compiler::{Compile, Compiler, Part};
use crate::error::{ResolveError, Rule};
use crate::program::{Branch, LenientNode, List, Node, Op};
use crate::schema::{Type, TypeId};

impl Compiler<'_> {
    /// What the inner type reads, or absent where it cannot.
    pub(crate) fn lenient(&mut self, writer: TypeId, inner: Compile) -> Result<Node, ResolveError> {
        let node = match self.option(writer, inner) {
            Ok(node) => Some(node),
            Err(error) if error.rule() == Rule::TooManySteps => return Err(error),
            Err(_) => None,
        };
        Ok(Node(Op::Lenient(Box::new(LenientNode { node, skip: self.skip_list(writer)? }))))
    }

    /// Null, or what the inner type reads.
    ///
    /// By the specification a union's branch that does not match fails only when it occurs. A Rust type that reads no
    /// branch but null is different: its column was declared wrongly, and that is an error before the first record.
    pub(crate) fn option(&mut self, writer: TypeId, inner: Compile) -> Result<Node, ResolveError> {
        let schema = self.schema;
        match schema.get(writer) {
            Type::Null => Ok(Node(Op::Null)),
            Type::Union(branches) => {
                let (mut readable, mut refused) = (false, None);
                let node = self.branches(branches, |compiler, branch| match schema.get(branch) {
                    Type::Null => Ok(Branch::Null),
                    _ => match inner(compiler, branch) {
                        Ok(node) => {
                            readable = true;
                            Ok(Branch::Node(node))
                        }
                        Err(error) => {
                            refused.get_or_insert_with(|| error.clone());
                            Err(error)
                        }
                    },
                })?;
                match refused {
                    Some(error) if !readable => Err(error),
                    _ => Ok(node),
                }
            }
            _ => inner(self, writer),
        }
    }

    pub(crate) fn array(&mut self, writer: TypeId, rust: &str, item: Compile) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| {
            let schema = compiler.schema;
            let Type::Array(items) = schema.get(branch) else {
                return Err(compiler.mismatch(branch, rust));
            };
            let node = compiler.within(Part::Word("items"), |compiler| item(compiler, *items))?;
            Ok(Node(Op::Array(Box::new(List { item: node, min: compiler.least(*items) }))))
        })
    }

    pub(crate) fn map(&mut self, writer: TypeId, rust: &str, value: Compile) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| {
            let schema = compiler.schema;
            let Type::Map(values) = schema.get(branch) else {
                return Err(compiler.mismatch(branch, rust));
            };
            let node = compiler.within(Part::Word("values"), |compiler| value(compiler, *values))?;
            let min = compiler.least(*values).saturating_add(1);
            Ok(Node(Op::Map(Box::new(List { item: node, min }))))
        })
    }

    /// A scalar: `choose` returns what to read, and whether that is the type itself (`true`) or a promotion.
    pub(crate) fn leaf(
        &mut self,
        writer: TypeId,
        rust: &str,
        choose: impl Fn(&Type) -> Option<(Op, bool)>,
    ) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| match choose(compiler.schema.get(branch)) {
            Some((op, exact)) => {
                if !exact {
                    compiler.promoted();
                }
                Ok(Node(op))
            }
            None => Err(compiler.mismatch(branch, rust)),
        })
    }
}
