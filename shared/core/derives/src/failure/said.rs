//! What `#[failure(…)]` says about a case, together with what the enum says about all of its cases.

use syn::{Expr, Ident, LitStr, Member};

/// The parts of `#[failure(…)]`.
#[derive(Default)]
pub(super) struct Said {
    pub(super) text: Option<LitStr>,
    /// Further arguments of the text.
    pub(super) arguments: Vec<Expr>,
    /// The same with a name.
    pub(super) named: Vec<(Ident, Expr)>,
    pub(super) transparent: Option<Ident>,
    pub(super) forward: Option<Member>,
    pub(super) disposition: Option<Disposition>,
    pub(super) results: Option<Vec<Ident>>,
    pub(super) code: Option<Expr>,
    pub(super) codes: Option<Expr>,
    pub(super) blame: Option<Blame>,
    pub(super) remedy: Option<LitStr>,
}

#[derive(Clone)]
pub(super) enum Disposition {
    DeadLetter,
    Retry(Option<Box<Expr>>),
    Uncertain,
    Computed(Box<Expr>),
}

#[derive(Clone)]
pub(super) enum Blame {
    Record,
    Deployment,
    Computed(Box<Expr>),
}

impl Said {
    /// What the enum says for all, where this case says nothing. What another failure answers is not replaced.
    pub(super) fn inherit(&mut self, general: &Said) {
        if self.transparent.is_some() || self.forward.is_some() {
            return;
        }
        if self.disposition.is_none() {
            self.disposition = general.disposition.clone();
            self.results = self.results.take().or_else(|| general.results.clone());
        }
        if self.code.is_none() && self.codes.is_none() {
            self.code = general.code.clone();
            self.codes = general.codes.clone();
        }
        self.blame = self.blame.take().or_else(|| general.blame.clone());
        self.remedy = self.remedy.take().or_else(|| general.remedy.clone());
    }
}
