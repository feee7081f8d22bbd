//! Who reports for somebody else is kept apart from the person concerned: what tells who it is lies
//! under a name of its own from the first moment on, so that every page, index and search, which go
//! by the name of a field, go by the column of reporters in the access table.

use crate::{
    field::Value,
    rights,
    workflow::{Code, Locus, Workflow},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Stands before the code of a field whose text tells who reported.
pub const REPORTER: &str = "reporter.";

/// When somebody is a reporter, and which fields then tell who.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apart {
    /// The choice that says it.
    pub field: Code,
    /// The values by which it is so.
    pub values: Vec<Code>,
    /// The fields of text that are kept apart.
    pub keeps: Vec<Code>,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// Whether a text is kept under this name because it tells who reported.
pub fn is_apart(field: &str) -> bool {
    field.starts_with(REPORTER)
}

/// The field as a form asks for it, whatever its text is kept under.
pub fn asked(field: &str) -> &str {
    let field = field.strip_prefix(REPORTER).unwrap_or(field);
    field.strip_prefix(rights::WANTED).unwrap_or(field)
}

/// Whether the text of this field is kept apart in some cases of the workflow.
pub fn may_tell(flow: &Workflow, field: &str) -> bool {
    flow.reporters.iter().any(|apart| apart.keeps.iter().any(|kept| kept == asked(field)))
}

/// Puts what tells who reported under its own name. `known` is what the case holds already, `given`
/// what came with the texts.
pub fn set_apart(
    flow: &Workflow,
    (known, given): (&BTreeMap<Code, Value>, &BTreeMap<Code, Value>),
    texts: &mut BTreeMap<Code, String>,
) {
    for apart in &flow.reporters {
        let said = given.get(&apart.field).or_else(|| known.get(&apart.field));
        if !said.is_some_and(|v| v.all().iter().any(|v| apart.values.contains(v))) {
            continue;
        }
        let tells =
            |code: &&Code| !is_apart(code) && apart.keeps.iter().any(|kept| kept == asked(code));
        let told: Vec<Code> = texts.keys().filter(tells).cloned().collect();
        for code in told {
            if let Some(text) = texts.remove(&code) {
                texts.insert(format!("{REPORTER}{code}"), text);
            }
        }
    }
}
