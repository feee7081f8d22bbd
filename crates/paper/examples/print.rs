//! Writes the sample papers of the tests as Word files: `cargo run -p paper --example print -- DIR`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use paper::Template;

const TEMPLATES: [(&str, &str); 3] = [
    ("acceptance", include_str!("../tests/templates/acceptance.toml")),
    ("assignment", include_str!("../tests/templates/assignment.toml")),
    ("closing", include_str!("../tests/templates/closing.toml")),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    for (name, source) in TEMPLATES {
        let template = Template::parse(source, name).map_err(|faults| format!("{faults:?}"))?;
        // Every variable gets a value that shows its own name and some difficult characters.
        let values: BTreeMap<&str, String> = template
            .variables()
            .into_iter()
            .map(|variable| (variable, format!("〔{variable} <&> \"𠮷\" 👍〕")))
            .collect();
        std::fs::write(folder.join(format!("{name}.docx")), template.render(&values)?.docx())?;
    }
    Ok(())
}
