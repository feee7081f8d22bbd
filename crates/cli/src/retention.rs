//! `xiaohe retention`: what has been kept long enough, and erasing exactly that; certificates.

use crate::{
    failure::{Doing, Failure},
    progress::Progress,
    rules,
    settings::{Place, block_on, now},
};
use clap::Args;
use domain::{case::By, pack::Pack, rights::BY_REQUEST};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Certificate, ExpiryList, NoExpiry, Store, db::WriteError};

/// Cases that are erased before it says how far it has come.
const AT_ONCE: u32 = 20;

/// Lists the closed cases whose time is over under the rules of the pack; erases nothing unless
/// that very list is named.
#[derive(Debug, Clone, Args)]
pub struct Retention {
    #[command(flatten)]
    place: Place,
    /// Erases exactly the list with this name, as it was printed, and writes a certificate.
    #[arg(long = "do", value_name = "LIST")]
    list: Option<String>,
    /// Prints a certificate instead.
    #[arg(long, value_name = "NUMBER", conflicts_with = "list")]
    certificate: Option<i64>,
    /// Lets go what needs nobody's word, as a running server does every few minutes: deeds after
    /// their years, with a certificate; what was not finished; sessions and exports. No cases.
    #[arg(long, conflicts_with_all = ["list", "certificate"])]
    routine: bool,
}

impl Retention {
    /// Does it.
    ///
    /// # Errors
    /// When the pack has faults, something else is due than was named, or the database fails.
    pub fn run(&self, json: bool) -> Result<(), Failure> {
        block_on(async {
            let place = self.place.complete()?;
            let mut city = place.city()?;
            let store = place.existing_store(place.load_keys()?).await?;
            rules::lend(&store, &mut city).await?;
            let done = match (&self.list, self.certificate) {
                (Some(list), _) => erase(&store, &city.pack, list, json).await,
                (None, Some(number)) => certificate(&store, &city.pack, number, json).await,
                (None, None) if self.routine => routine(&store, &city.pack, json).await,
                (None, None) => list(&store, &city.pack, json).await,
            };
            store.db().close().await.doing("closing the database")?;
            done
        })
    }
}

async fn routine(store: &Store, pack: &Pack, json: bool) -> Result<(), Failure> {
    // What no checkpoint covers stays: without one nothing would show what has left.
    while store.checkpoint(now()).await.doing("sealing")? > 0 {}
    let due = store.deeds_waiting(pack, now()).await.doing("looking at deeds")?;
    let mut progress = Progress::new("letting go", u64::try_from(due).ok());
    let mut left = 0;
    loop {
        let some = store.let_deeds_go(pack, now()).await.doing("letting go what is over")?;
        if some == 0 {
            break;
        }
        left += some;
        progress.at(u64::try_from(left).unwrap_or(0));
    }
    progress.end();
    store.let_go(pack, now()).await.doing("letting go what is over")?;
    if left > 0 {
        store.scrub().await.doing("clearing the files")?;
    }
    let all = store.deed_certificates(i64::MAX).await.doing("reading the certificates")?;
    if json {
        println!("{}", json!({ "entries": left, "certificates": all.len() }));
        return Ok(());
    }
    println!(
        "{left} entries of deeds left; sessions, exports and what was not finished were swept"
    );
    for one in &all {
        let seal = if one.genuine { "genuine" } else { "NOT made with these keys" };
        println!(
            "certificate {}  {} entries, {} to {}, kept {} years  root {}  seal {seal}",
            one.number, one.total, one.since, one.until, one.years, one.root
        );
    }
    Ok(())
}

async fn list(store: &Store, pack: &Pack, json: bool) -> Result<(), Failure> {
    let list = store.expiry_list(pack, now()).await.doing("looking at closed cases")?;
    let deeds = store.deeds_waiting(pack, now()).await.doing("looking at deeds")?;
    if json {
        println!("{}", as_json(&list, deeds));
        return Ok(());
    }
    for case in &list.cases {
        println!("{}  {}  kept until {}", case.number, case.rule, case.until);
    }
    println!("{} cases are due; {} more are kept back", list.cases.len(), list.kept_back);
    println!("{deeds} deeds are older than {} years", pack.retention.deeds_years);
    if deeds > 0 {
        println!("a running server lets them go; without one: xiaohe retention --routine");
    }
    if !list.cases.is_empty() {
        println!("nothing was erased; to erase exactly these, for ever:");
        println!("  xiaohe retention --do {}", list.id);
    }
    Ok(())
}

async fn erase(store: &Store, pack: &Arc<Pack>, list: &str, json: bool) -> Result<(), Failure> {
    let total = match store.confirm_expiry(pack, now(), list).await {
        Ok(total) => total,
        Err(WriteError::Refused(why @ NoExpiry::Changed)) => {
            return Err(Failure::Plain(format!("nothing was erased: {why}")));
        }
        Err(WriteError::Db(error)) => return Err(Failure::while_doing("confirming", &error)),
    };
    let mut progress = Progress::new("erasing", u64::try_from(total).ok());
    let mut done = 0;
    loop {
        let some = store.carry_expiry(pack, now(), AT_ONCE).await.doing("erasing")?;
        if some == 0 {
            break;
        }
        done += u64::try_from(some).unwrap_or(0);
        progress.at(done);
    }
    progress.end();
    store.certify(now()).await.doing("writing the certificate")?;
    store.let_go(pack, now()).await.doing("letting go what is over")?;
    store.scrub().await.doing("clearing the files")?;
    let all = store.certificates(i64::MAX).await.doing("reading the certificate")?;
    match all.iter().find(|c| c.list == list) {
        Some(found) => print(pack, found, json),
        None => println!("no case of the list was erased: all were held or asked about meanwhile"),
    }
    Ok(())
}

async fn certificate(store: &Store, pack: &Pack, number: i64, json: bool) -> Result<(), Failure> {
    let found = store.certificate(number).await.doing("reading the certificate")?;
    let Some(found) = found else {
        return Err(Failure::Plain(format!("there is no certificate {number}")));
    };
    print(pack, &found, json);
    if found.genuine { Ok(()) } else { Err(Failure::Unsound) }
}

fn print(pack: &Pack, found: &Certificate, json: bool) {
    let by = match &found.by {
        By::Staff(account, unit) => format!("account {account} of {unit}"),
        By::System => "the program, because their time was over".to_owned(),
        By::Appellant | By::Public => "the person".to_owned(),
    };
    if json {
        let line = json!({ "number": found.number, "list": found.list, "at": found.at, "by": by,
            "rules": found.rules, "total": found.total, "root": found.root,
            "genuine": found.genuine });
        println!("{line}");
        return;
    }
    println!("Certificate of erasure No. {} · {}", found.number, pack.brand.platform);
    println!("cases    {}", found.total);
    for (rule, n) in &found.rules {
        let known = pack.retention.rules.iter().find(|r| r.code == *rule);
        let words = match known {
            Some(rule) => rule.en.as_str(),
            None if rule == BY_REQUEST => "as the person asked",
            None => "",
        };
        println!("rule     {rule}: {n}  {words}");
    }
    println!("when     {}", found.at);
    println!("by       {by}");
    println!("list     {}", found.list);
    println!("root     {}", found.root);
    let seal = if found.genuine { "made with these keys" } else { "NOT made with these keys" };
    println!("seal     {seal}");
}

fn as_json(list: &ExpiryList, deeds: i64) -> Value {
    let case =
        |c: &store::Expiring| json!({ "number": c.number, "rule": c.rule, "until": c.until });
    json!({ "list": list.id, "kept_back": list.kept_back, "deeds": deeds,
        "cases": list.cases.iter().map(case).collect::<Vec<_>>() })
}
