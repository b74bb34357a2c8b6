//! The rule set of a schema: what its writers did to the data beyond Avro, and its readers must undo.

use serde::Deserialize;

/// The `ruleSet` of a schema. Migration rules apply only where a reader wants data in another version, so they are ignored.
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
    /// What executes it: `ENCRYPT`, `CEL_FIELD`, or a custom name.
    r#type: Option<String>,
    /// `TRANSFORM` by default, or `CONDITION`, which changes nothing.
    kind: Option<String>,
    /// When it runs: `WRITEREAD` by default.
    mode: Option<String>,
    disabled: Option<bool>,
}

impl RuleSet {
    /// The type of a rule that readers must run: one that encrypts, whenever it runs, or one that transforms the data on
    /// reading. A rule that only transforms on writing is not needed: its result is meant to be read.
    fn needed_for_reading(&self) -> Option<&str> {
        let of_fields = self.domain_rules.iter().flatten();
        let of_bytes = self.encoding_rules.iter().flatten();
        of_fields.chain(of_bytes).find(|rule| rule.is_needed_for_reading()).map(Rule::name)
    }

    /// The type of a rule that readers must run, cut to what may be shown.
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
        let is = |set: &Option<String>, default: &str, wanted: &str| {
            set.as_deref().unwrap_or(default).eq_ignore_ascii_case(wanted)
        };
        let encrypts = self.name().to_ascii_uppercase().starts_with("ENCRYPT");
        let reads = is(&self.mode, "WRITEREAD", "WRITEREAD") || is(&self.mode, "WRITEREAD", "READ");
        let changes = !is(&self.kind, "TRANSFORM", "CONDITION");
        !self.disabled.unwrap_or(false) && changes && (encrypts || reads)
    }
}
