//! Where secrets could lie or leave beside the answers: database, backup, log, report, letters.

use crate::{ground::Ground, log};
use courier::{Config, Courier, Kind};
use std::collections::BTreeSet;
use store::Audience;
use testkit::{GATEWAY_SECRET, Received, TestGateway, mark::Watch, postgres};

/// The sightings in one place, in words.
pub fn look(place: &str, bytes: &[u8], watch: &Watch) -> Vec<String> {
    watch.look(bytes).into_iter().map(|seen| format!("{place}: {seen}")).collect()
}

/// The database as somebody finds it who has taken the machine: files or dump, and the backup.
pub async fn database(ground: &Ground, watch: &Watch) -> Vec<String> {
    if ground.stand.url.starts_with("postgres:") {
        let dump = postgres::dump(&ground.stand.url);
        assert!(dump.len() > 100_000, "an empty dump");
        return look("the dump", &dump, watch);
    }
    let folder = ground.stand.folder();
    let backup = folder.join("backup.db");
    let _ = std::fs::remove_file(&backup);
    ground.stand.store.db().backup(&backup).await.unwrap();
    let mut found = Vec::new();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let place = path.file_name().unwrap().to_string_lossy().into_owned();
        found.extend(look(&place, &std::fs::read(&path).unwrap(), watch));
        files += 1;
    }
    assert!(files >= 2, "the database and its backup");
    found
}

/// What `verify` reports, and what was logged so far.
pub async fn reports(ground: &Ground, watch: &Watch) -> Vec<String> {
    let report = ground.stand.store.verify(ground.pack()).await.unwrap();
    assert_eq!(report.troubles, [], "the walk has broken something");
    let mut found = look("verify", format!("{report:?}").as_bytes(), watch);
    found.extend(look("the log", &log::said(), watch));
    found
}

/// What the courier hands to gateways.
pub async fn letters(ground: &Ground) -> Vec<Received> {
    let gateway = TestGateway::start().await;
    let config = Config {
        name: "test".to_owned(),
        kind: Kind::Http,
        takes: Audience::ALL.to_vec(),
        url: gateway.url().to_owned(),
        secret_file: None,
        ca_file: None,
    };
    let courier = Courier::new(&[config], |_| Some(GATEWAY_SECRET.to_owned())).unwrap();
    let clock = ground.stand.clock.clone();
    let now = || clock.now();
    while courier.round(&ground.stand.store, ground.pack(), &now).await.unwrap() > 0 {}
    let letters = gateway.received();
    assert!(letters.len() > 20, "{} letters", letters.len());
    letters
}

/// What letters tell. A letter to the person goes to their own telephone and may name their own
/// case. A letter to an office may not name a case that is sealed, nor one that this office is kept
/// out of: `barred` says which numbers are shut to which units.
pub fn telling(
    letters: &[Received],
    [sealed, words]: [&Watch; 2],
    barred: &[(String, BTreeSet<String>)],
) -> Vec<String> {
    let mut found = Vec::new();
    for letter in letters {
        let (text, unit) = (letter.text("/data/text"), letter.text("/data/to/unit"));
        if unit.is_empty() {
            found.extend(look("a letter to the person", text.as_bytes(), words));
            continue;
        }
        found.extend(look("a letter to an office", letter.body.as_bytes(), sealed));
        let shut = barred
            .iter()
            .filter(|(number, units)| units.contains(&unit) && text.contains(number.as_str()));
        found.extend(shut.map(|(number, _)| format!("a letter tells {unit} of {number}: {text}")));
    }
    found
}
