//! The appeals that are sent: our own texts, in a fixed order, with slots filled.

use crate::Failure;
use domain::{
    case::Actor,
    decide::Step,
    field::{Checked, Raw, check},
    pack::Pack,
};
use packs::City;
use std::{collections::BTreeMap, path::Path};
use store::NewCase;

/// One appeal as a resident types it.
#[derive(Debug, Clone)]
pub struct Appeal {
    /// Category code.
    pub category: String,
    /// One sentence.
    pub summary: String,
    /// The story.
    pub narrative: String,
}

/// Loads the city that is measured.
///
/// # Errors
/// When the pack has faults.
pub fn city() -> Result<City, Failure> {
    let dir = std::env::var("BENCH_PACK").unwrap_or_else(|_| "packs/zibo".to_owned());
    packs::load(Path::new(&dir)).map_err(|faults| {
        faults.first().map_or_else(|| "the pack cannot be loaded".into(), |f| f.to_string().into())
    })
}

/// The unit that takes calls.
pub fn hotline(pack: &Pack) -> String {
    format!("hotline-{}", pack.regions.root().get(..4).unwrap_or_default())
}

/// Reads the texts of the demonstration.
///
/// # Errors
/// When the file is missing.
pub fn appeals(city: &City) -> Result<Vec<Appeal>, Failure> {
    let text = std::fs::read_to_string(city.demo.join("appeals.toml"))?;
    let table: toml::Table = text.parse()?;
    let list = table.get("appeal").and_then(toml::Value::as_array).ok_or("no appeals")?;
    let get = |a: &toml::Value, key: &str| {
        let text = a.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        [
            ("{place}", "东村"),
            ("{name}", "小林"),
            ("{child}", "小宝"),
            ("{days}", "九"),
            ("{amount}", "三万"),
            ("{year}", "2019"),
        ]
        .iter()
        .fold(text.to_owned(), |t, (slot, word)| t.replace(slot, word))
    };
    Ok(list
        .iter()
        .map(|a| Appeal {
            category: get(a, "category"),
            summary: get(a, "summary"),
            narrative: get(a, "narrative"),
        })
        .collect())
}

/// The n-th telephone: of a form that nobody has.
pub fn phone(n: usize) -> String {
    format!("1000000{:04}", n % 10_000)
}

/// The n-th appeal, checked, ready for the store.
///
/// # Errors
/// When a field is refused.
pub fn new_case(pack: &Pack, list: &[Appeal], n: usize) -> Result<NewCase, Failure> {
    let appeal = list.get(n % list.len()).ok_or("no appeals")?;
    let flow = pack.workflow("appeal").ok_or("no workflow `appeal`")?;
    let one = |v: &str| vec![v.to_owned()];
    let raw: Raw = BTreeMap::from([
        ("channel".to_owned(), one("web")),
        ("category".to_owned(), one(&appeal.category)),
        ("summary".to_owned(), one(&appeal.summary)),
        ("narrative".to_owned(), one(&appeal.narrative)),
        ("contact_name".to_owned(), one("林某某")),
        ("contact_phone".to_owned(), one(&phone(n))),
    ]);
    let given: Checked = check(pack, flow, &flow.opening.fields, &raw)
        .map_err(|faults| format!("the appeal was refused: {faults:?}"))?;
    Ok(NewCase {
        command: store::new_command(),
        actor: Actor::Public,
        workflow: "appeal".to_owned(),
        programme: None,
        given,
        then: Vec::<Step>::new(),
        files: Vec::new(),
        receipt: store::new_receipt(),
        imported: None,
    })
}
