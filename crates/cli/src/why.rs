//! `xiaohe why USER NUMBER`: the rows of the access table by which somebody sees a case, or that none
//! applies. For whoever commands the machine; says nothing of what the case holds.

use crate::{
    failure::{Doing, Failure},
    rules,
    settings::{Place, block_on, now},
};
use clap::Args;
use domain::{
    access::{self, Viewer, Why as Answer},
    pack::{Grant, Standing},
};
use serde_json::json;

/// Who, and which case.
#[derive(Debug, Args)]
pub struct Why {
    #[command(flatten)]
    place: Place,
    /// Log-in name.
    username: String,
    /// Number of the case.
    number: String,
}

impl Why {
    /// Prints why.
    ///
    /// # Errors
    /// When there is no such account or case, or the store cannot be read.
    pub fn run(&self, as_json: bool) -> Result<(), Failure> {
        block_on(async {
            let place = self.place.complete()?;
            let mut city = place.city()?;
            let store = place.existing_store(place.load_keys()?).await?;
            rules::recall(&store, &mut city).await?;
            let pack = &city.pack;
            let account = store.account(&self.username).await.doing("the account")?;
            let account = account
                .ok_or_else(|| Failure::Plain(format!("there is no account {}", self.username)))?;
            let case = store.case_for_why(pack, &Viewer::System, &self.number).await;
            let case = case.doing("the case")?;
            let case =
                case.ok_or_else(|| Failure::Plain(format!("there is no case {}", self.number)))?;
            let answer = access::why(pack, (&account.staff(), now()), &case);
            if as_json {
                println!("{}", as_value(&answer));
            } else {
                say(&answer);
            }
            store.db().close().await.doing("closing the database")
        })
    }
}

fn row_value((role, standing, grant): &(&str, Standing, &Grant)) -> serde_json::Value {
    let may: Vec<&str> = grant.may.iter().map(|r| r.code()).collect();
    json!({ "role": role, "as": standing.code(), "may": may, "sees": sees(grant) })
}

fn sees(grant: &Grant) -> serde_json::Value {
    let word = |sight| format!("{sight:?}").to_lowercase();
    let s = grant.sees;
    json!({
        "identity": word(s.identity), "contact": word(s.contact), "story": word(s.story),
        "evidence": word(s.evidence), "reporter": word(s.reporter),
    })
}

fn as_value(answer: &Answer<'_>) -> serde_json::Value {
    match answer {
        Answer::BarredByName => json!({ "sees": false, "because": "barred_by_name" }),
        Answer::BarredWithUnit => json!({ "sees": false, "because": "barred_with_unit" }),
        Answer::NoRow { standings, sensitivity } => json!({
            "sees": false, "because": "no_row", "sensitivity": sensitivity.code(),
            "standings": standings.iter().map(|s| s.code()).collect::<Vec<_>>(),
        }),
        Answer::Rows { rows, sensitivity, .. } => json!({
            "sees": true, "sensitivity": sensitivity.code(),
            "rows": rows.iter().map(row_value).collect::<Vec<_>>(),
        }),
    }
}

fn say(answer: &Answer<'_>) {
    match answer {
        Answer::BarredByName => println!("sees nothing: kept out by name"),
        Answer::BarredWithUnit => println!("sees nothing: the unit is kept out"),
        Answer::NoRow { standings, sensitivity } => {
            let stands: Vec<&str> = standings.iter().map(|s| s.code()).collect();
            let (of, stands) = (sensitivity.code(), stands.join(", "));
            println!("sees nothing: no row applies to a {of} case as {stands}");
        }
        Answer::Rows { rows, sensitivity, .. } => {
            println!("sees the case, which is {}, by these rows:", sensitivity.code());
            for row in rows {
                println!("  {}", row_value(row));
            }
        }
    }
}
