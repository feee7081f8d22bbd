//! `xiaohe trace`: from the tag on a paper or a list that was found outside to whoever took it out.

use crate::{
    failure::{Doing, Failure},
    settings::{Place, block_on},
};
use clap::Args;
use serde_json::{Value, json};

/// Says who took out what carries a tag.
#[derive(Debug, Args)]
pub struct Trace {
    #[command(flatten)]
    place: Place,
    /// The tag: twelve letters and digits.
    tag: String,
}

impl Trace {
    /// Prints every deed under the tag, newest first; fails when there is none.
    ///
    /// # Errors
    /// When the store cannot be asked, or nothing carries the tag.
    pub fn run(&self, as_json: bool) -> Result<(), Failure> {
        let place = self.place.complete()?;
        block_on(async {
            let store = place.existing_store(place.load_keys()?).await?;
            let lines = store.trace(&self.tag).await.doing("looking the tag up")?;
            let mut found = Vec::new();
            for line in &lines {
                let account = store.account_by_id(line.account).await.doing("an account")?;
                found.push(json!({
                    "at": line.at.to_string(),
                    "what": line.what,
                    "username": account.as_ref().map(|a| a.username.clone()),
                    "name": account.map(|a| a.name),
                    "unit": line.unit,
                    "rows": line.rows,
                }));
            }
            if as_json {
                println!("{}", Value::Array(found));
            } else {
                for one in &found {
                    let word = |key: &str| one[key].as_str().unwrap_or("?").to_owned();
                    let rows = &one["rows"];
                    println!(
                        "{}  {:10}  {} ({})  {}  rows: {rows}",
                        word("at"),
                        word("what"),
                        word("name"),
                        word("username"),
                        word("unit")
                    );
                }
            }
            if lines.is_empty() {
                return Err(Failure::Plain("nothing was taken out under this tag".to_owned()));
            }
            Ok(())
        })
    }
}
