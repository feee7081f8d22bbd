//! `xiaohe verify`: exit status 0 only if events, projections, counts and promises hold.

use crate::{
    failure::Failure,
    rules,
    settings::{Place, block_on},
};

/// Verifies a store and prints what was found.
///
/// # Errors
/// When something is not as it must be, or cannot be looked at.
pub fn run(place: &Place, json: bool) -> Result<(), Failure> {
    block_on(async {
        let place = place.complete()?;
        let mut city = place.city()?;
        let store = place.existing_store(place.load_keys()?).await?;
        rules::recall(&store, &mut city).await?;
        let report =
            store.verify(&city.pack).await.map_err(|e| Failure::while_doing("verifying", &e))?;
        if json {
            let troubles: Vec<_> = report
                .troubles
                .iter()
                .map(|t| serde_json::json!({ "at": t.at, "what": t.what }))
                .collect();
            println!(
                "{}",
                serde_json::json!({ "cases": report.cases, "entries": report.entries,
                    "deeds": report.deeds, "checkpoints": report.checkpoints, "troubles": troubles })
            );
        } else {
            for t in &report.troubles {
                println!("{}: {}", t.at, t.what);
            }
            println!(
                "{} cases, {} entries, {} checkpoints: {} troubles",
                report.cases,
                report.entries,
                report.checkpoints,
                report.troubles.len()
            );
        }
        if report.troubles.is_empty() { Ok(()) } else { Err(Failure::Unsound) }
    })
}
