//! Appeals and steps, checked as the edge of the application checks them.

use crate::sample::{pack, unit};
use domain::{
    case::Actor,
    decide::Step,
    field::{self, Checked, Raw},
    workflow::FieldUse,
};
use std::sync::atomic::{AtomicU64, Ordering};
use store::{Attachment, NewCase, new_receipt};

/// A command id that no other call in this process answers.
pub fn command_id() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    (n << 64 | u128::from(std::process::id())).to_be_bytes()
}

/// An appeal that is about to be made; everything can be changed before.
#[derive(Debug, Clone)]
pub struct Appeal {
    workflow: String,
    fields: Vec<(String, String)>,
    actor: Actor,
    command: [u8; 16],
    receipt: String,
    then: Vec<Step>,
    files: Vec<Attachment>,
    imported: Option<(String, String)>,
}

impl Appeal {
    /// Written on the web by a resident of the eastern street, with a name and a telephone.
    pub fn new(category: &str, summary: &str) -> Self {
        let bare = Self {
            workflow: "appeal".to_owned(),
            fields: Vec::new(),
            actor: Actor::Public,
            command: command_id(),
            receipt: new_receipt(),
            then: Vec::new(),
            files: Vec::new(),
            imported: None,
        };
        bare.with("channel", "web")
            .with("category", category)
            .with("summary", summary)
            .with("place", unit::EAST_STREET)
            .with("contact_name", "样小燕")
            .with("contact_phone", "10000000001")
    }

    /// With another value in a field; an empty one leaves it out.
    #[must_use]
    pub fn with(mut self, field: &str, value: &str) -> Self {
        self.fields.retain(|(code, _)| code != field);
        if !value.is_empty() {
            self.fields.push((field.to_owned(), value.to_owned()));
        }
        self
    }

    /// With one more value of a field that takes several.
    #[must_use]
    pub fn also(mut self, field: &str, value: &str) -> Self {
        self.fields.push((field.to_owned(), value.to_owned()));
        self
    }

    /// Opened by somebody else.
    #[must_use]
    pub fn by(mut self, actor: &Actor) -> Self {
        self.actor = actor.clone();
        self
    }

    /// Under this command id.
    #[must_use]
    pub fn command(mut self, id: [u8; 16]) -> Self {
        self.command = id;
        self
    }

    /// With a step in the same command.
    #[must_use]
    pub fn then(mut self, action: &str, fields: &[(&str, &str)]) -> Self {
        self.then.push(step(&self.workflow, action, fields));
        self
    }

    /// With a file.
    #[must_use]
    pub fn file(mut self, name: &str, kind: &str, body: &[u8]) -> Self {
        let (name, kind, body) = (name.to_owned(), kind.to_owned(), body.to_vec());
        self.files.push(Attachment { name, kind, body });
        self
    }

    /// Imported from a source under the number it has there.
    #[must_use]
    pub fn imported(mut self, source: &str, number: &str) -> Self {
        self.imported = Some((source.to_owned(), number.to_owned()));
        self
    }

    /// The secret receipt.
    pub fn receipt(&self) -> &str {
        &self.receipt
    }

    /// What the store is given.
    ///
    /// # Panics
    /// When a field is not acceptable.
    pub fn new_case(&self) -> NewCase {
        let pack = pack();
        let flow = pack.workflow(&self.workflow).expect("a workflow");
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(code, value)| (code.as_str(), value.as_str())).collect();
        NewCase {
            command: self.command,
            actor: self.actor.clone(),
            workflow: self.workflow.clone(),
            programme: None,
            given: checked(&self.workflow, &flow.opening.fields, &fields),
            then: self.then.clone(),
            files: self.files.clone(),
            receipt: self.receipt.clone(),
            imported: self.imported.clone(),
        }
    }
}

/// A step with its fields checked. A field named several times has several values.
///
/// # Panics
/// When there is no such action or a field is not acceptable.
pub fn step(workflow: &str, action: &str, fields: &[(&str, &str)]) -> Step {
    let pack = pack();
    let flow = pack.workflow(workflow).unwrap_or_else(|| panic!("no workflow {workflow}"));
    let found = flow.action(action).unwrap_or_else(|| panic!("no action {action}"));
    Step { action: action.to_owned(), given: checked(workflow, &found.fields, fields) }
}

/// Fields as the edge checks them.
///
/// # Panics
/// With the faults, when a field is not acceptable.
pub fn checked(workflow: &str, uses: &[FieldUse], fields: &[(&str, &str)]) -> Checked {
    let pack = pack();
    let flow = pack.workflow(workflow).unwrap_or_else(|| panic!("no workflow {workflow}"));
    let mut raw = Raw::new();
    for (code, value) in fields {
        raw.entry((*code).to_owned()).or_default().push((*value).to_owned());
    }
    field::check(&pack, flow, uses, &raw).unwrap_or_else(|faults| panic!("{faults:?}"))
}
