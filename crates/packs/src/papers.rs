//! Reads `documents/*.toml`, the templates of official papers, and compares them with the closed
//! list of what the program can fill in.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{soundness::Fault, workflow::Code, workflow::Locus};

use crate::{
    faults::Faults,
    folder::{File, Folders},
};

/// What a template may name.
pub const PAPER_VARIABLES: [&str; 37] = [
    "accepted_on",
    "case_number",
    "category",
    "channel",
    "contact_name",
    "document_number",
    "due_date",
    "extension_days",
    "external_number",
    "figure_definitions",
    "figure_digest",
    "figure_note",
    "figure_period",
    "figure_title",
    "from_unit",
    "grade",
    "hotline",
    "instruction",
    "narrative",
    "opened_on",
    "outcome",
    "overall_due",
    "owner",
    "owner_short",
    "pause_until",
    "place",
    "platform",
    "reason",
    "reply",
    "satisfaction_attitude",
    "satisfaction_result",
    "summary",
    "supervision_level",
    "today",
    "unit",
    "where_to_go",
    "year",
];

/// Differs from paper to paper, also within a case.
const OWN_NUMBER: &str = "document_number";

/// The templates by code.
pub(crate) fn templates(folders: &Folders, faults: &mut Faults) -> BTreeMap<Code, paper::Template> {
    let known: BTreeSet<&str> = PAPER_VARIABLES.into_iter().collect();
    let mut templates = BTreeMap::new();
    for file in folders.within("documents", "toml", faults) {
        let checked = paper::Template::parse(&file.text, &file.name)
            .and_then(|template| template.check(&known).map(|()| template));
        match checked {
            Ok(template) => {
                if template.code() != file.stem() {
                    let what = format!(
                        "the document `{}` stands in a file of another name",
                        template.code()
                    );
                    let advice = format!("name the file {}.toml", template.code());
                    faults.add(&file.line(1), what, advice);
                }
                if template.english().is_empty() {
                    let what = "`title` has no English";
                    faults.add(&line_of(&file, "title"), what, "add en beside it");
                }
                if !template.is_numbered_by(OWN_NUMBER) {
                    let what = "two papers of one case would have the same number";
                    let advice = format!("put {{{OWN_NUMBER}}} into number");
                    faults.add(&line_of(&file, "number"), what, advice);
                }
                templates.insert(template.code().to_owned(), template);
            }
            Err(found) => {
                faults.breaks("document");
                for fault in found {
                    let line = u32::try_from(fault.line).unwrap_or(u32::MAX);
                    let at = Locus { file: Arc::clone(&file.name), line };
                    faults.push(Fault { at, what: fault.what, advice: fault.advice });
                }
            }
        }
    }
    templates
}

/// Where a key of the head stands.
fn line_of(file: &File, key: &str) -> Locus {
    let at = file.text.lines().position(|line| line.starts_with(key));
    file.line(at.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(1))
}
