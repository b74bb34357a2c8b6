//! A schema's rules: what its writers did to the data beyond Avro, and its readers have to undo.

use serde::Deserialize;

/// The `ruleSet` of a schema. Rules for migration apply between versions and only where a reader asks for another one, so
/// they are not looked at.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RuleSet {
    domain_rules: Option<Vec<Rule>>,
    /// They apply to the bytes as a whole.
    encoding_rules: Option<Vec<Rule>>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default)]
struct Rule {
    /// What executes it: `ENCRYPT`, `CEL_FIELD`, or a name of somebody's own.
    r#type: Option<String>,
    /// `TRANSFORM` unless told, or `CONDITION`, which changes nothing.
    kind: Option<String>,
    /// When it runs: `WRITEREAD` unless told.
    mode: Option<String>,
    disabled: Option<bool>,
}

impl RuleSet {
    /// The type of a rule without which a reader sees something else than was written: one that encrypts, whenever it
    /// runs, or one that has to change the data back. What changed it for good before it was written is what is meant to
    /// be read.
    fn needed_for_reading(&self) -> Option<&str> {
        let of_fields = self.domain_rules.iter().flatten();
        let of_bytes = self.encoding_rules.iter().flatten();
        of_fields.chain(of_bytes).find(|rule| rule.is_needed_for_reading()).map(Rule::name)
    }

    /// The same as it may be shown.
    pub(crate) fn refusal(&self) -> Option<String> {
        let shown = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
        self.needed_for_reading().map(|rule| rule.chars().filter(shown).take(40).collect())
    }
}

impl Rule {
    fn name(&self) -> &str {
        self.r#type.as_deref().unwrap_or_default()
    }

    fn is_needed_for_reading(&self) -> bool {
        let is = |told: &Option<String>, usual: &str, wanted: &str| {
            told.as_deref().unwrap_or(usual).eq_ignore_ascii_case(wanted)
        };
        let encrypts = self.name().to_ascii_uppercase().starts_with("ENCRYPT");
        let reads = is(&self.mode, "WRITEREAD", "WRITEREAD") || is(&self.mode, "WRITEREAD", "READ");
        let changes = !is(&self.kind, "TRANSFORM", "CONDITION");
        !self.disabled.unwrap_or(false) && changes && (encrypts || reads)
    }
}
