//! `xiaohe import`: takes records over from tables of other systems.
//!
//! A row is known by its source and its number there, so a file can be given twice, and an import
//! that was killed goes on where it stopped. A bad row never stops the others.

mod row;
mod words;

use crate::{
    failure::{Doing, Failure},
    progress::Progress,
    settings::{Place, block_on, now},
};
use clap::{Args, Subcommand};
use domain::{case::Actor, pack::Pack, workflow::Workflow};
use row::{Reading, Ready};
use sheets::{Mapping, Table};
use std::{fmt::Write as _, fs, io::Write as _, path::PathBuf, sync::Arc};
use store::{NewCase, No, Store, db::WriteError};
use tokio::task::JoinSet;
use words::Lexicon;

/// Rows that are looked up and written together. Enough to fill a commit, little enough to be
/// done again after a kill.
const CHUNK: usize = 256;
/// Failed rows shown on the terminal; the report has them all.
const SHOWN: usize = 20;

/// Tables of other systems.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Appeals: CSV, TSV, XLSX or JSON Lines; the encoding is detected.
    Appeals(Appeals),
}

/// A table of appeals.
#[derive(Debug, Clone, Args)]
pub struct Appeals {
    /// The file.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Name of the system the numbers come from; the name of the file unless given.
    #[arg(long)]
    source: Option<String>,
    /// Channel of rows that name none; the first channel of partners unless given.
    #[arg(long)]
    channel: Option<String>,
    /// Write every failed row with its reason to this CSV file.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Take at most so many rows.
    #[arg(long)]
    limit: Option<usize>,
    /// Check only; write nothing and open no database.
    #[arg(long)]
    dry_run: bool,
}

/// What became of the rows.
#[derive(Debug, Default)]
struct Tally {
    read: u64,
    taken: u64,
    known: u64,
    redated: u64,
    failed: Vec<(u64, String)>,
}

impl Import {
    /// Does it.
    ///
    /// # Errors
    /// When the file is no table, the database cannot be used, or some rows failed.
    pub fn run(&self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Appeals(appeals) => appeals.run(json),
        }
    }
}

impl Appeals {
    fn run(&self, json: bool) -> Result<(), Failure> {
        let place = self.place.complete()?;
        let pack = place.city()?.pack;
        let flow = pack.workflow("appeal").ok_or_else(|| {
            Failure::Plain("the pack has no workflow `appeal` to import into".to_owned())
        })?;
        let lexicon = Lexicon::new(&pack, flow)?;
        let mut table = sheets::open(&self.file).doing("reading the table")?;
        let mapping = self.columns(&table, &lexicon)?;
        let channel = self.channel(&pack)?;
        let reading = Reading {
            pack: &pack,
            flow,
            lexicon: &lexicon,
            mapping: &mapping,
            channel: &channel,
            now: now(),
        };
        let began = std::time::Instant::now();
        let tally = if self.dry_run {
            self.check(&mut table, &reading)
        } else {
            block_on(async {
                let store = place.store(place.load_keys()?).await?;
                store.keep_rules(&pack, now()).await.doing("keeping the rules")?;
                let tally = self.take(&store, &pack, flow, &mut table, &reading).await?;
                store.checkpoint(now()).await.doing("sealing")?;
                store.db().close().await.doing("closing the database")?;
                Ok(tally)
            })?
        };
        self.tell(&tally, began.elapsed().as_secs_f64(), json)
    }

    /// Which column is which field; says what is not used.
    fn columns(&self, table: &Table<'_>, lexicon: &Lexicon) -> Result<Mapping, Failure> {
        let simple = |name: &String| lexicon.simplified(name).unwrap_or(name.clone());
        let header: Vec<String> = table.header.iter().map(simple).collect();
        let mapping = sheets::columns(&header, &lexicon.columns);
        let has = |field: &str| mapping.fields.contains_key(field);
        if !has("summary") && !has("narrative") {
            let why = format!(
                "{}: no column is the summary or the narrative of an appeal; the columns are: {}",
                self.file.display(),
                table.header.join(", ")
            );
            return Err(Failure::Plain(why));
        }
        let mut says = String::new();
        let encoding = table.detected.encoding.map_or("", sheets::Encoding::label);
        let _ = write!(says, "{:?} {encoding}", table.detected.format);
        for (field, column) in &mapping.fields {
            let _ = write!(says, ", {} → {field}", header.get(*column).map_or("", String::as_str));
        }
        for (_, name) in &mapping.unknown {
            let _ = write!(says, ", {name} not used");
        }
        for twice in &mapping.duplicates {
            let _ = write!(says, ", of several columns for {} the first", twice.field);
        }
        eprintln!("{says}");
        Ok(mapping)
    }

    fn channel(&self, pack: &Pack) -> Result<String, Failure> {
        let Some(named) = &self.channel else {
            let first = pack.channels.values().find(|c| c.external);
            let first = first.or_else(|| pack.channels.values().next());
            return Ok(first.map(|c| c.code.clone()).unwrap_or_default());
        };
        if pack.channels.contains_key(named) {
            return Ok(named.clone());
        }
        let known: Vec<&str> = pack.channels.keys().map(String::as_str).collect();
        Err(Failure::Plain(format!("no channel {named}; there are: {}", known.join(", "))))
    }

    fn source(&self) -> String {
        let stem = || self.file.file_stem().map(|s| s.to_string_lossy().into_owned());
        self.source.clone().or_else(stem).unwrap_or_default()
    }

    fn check(&self, table: &mut Table<'_>, reading: &Reading<'_>) -> Tally {
        let mut tally = Tally::default();
        for row in table.take(self.limit.unwrap_or(usize::MAX)) {
            tally.read += 1;
            let read = row
                .map_err(|f| (f.line, f.why.to_string()))
                .and_then(|record| reading.row(&record.cells).map_err(|why| (record.line, why)));
            match read {
                Ok(ready) => {
                    tally.taken += 1;
                    tally.redated += u64::from(ready.redated);
                }
                Err(failed) => tally.failed.push(failed),
            }
        }
        tally
    }

    async fn take(
        &self,
        store: &Store,
        pack: &Arc<Pack>,
        flow: &Workflow,
        table: &mut Table<'_>,
        reading: &Reading<'_>,
    ) -> Result<Tally, Failure> {
        let source = self.source();
        let mut tally = Tally::default();
        let mut progress = Progress::new("rows", self.limit.map(|n| n as u64));
        let mut rows = table.take(self.limit.unwrap_or(usize::MAX));
        loop {
            let mut chunk: Vec<(u64, Ready)> = Vec::with_capacity(CHUNK);
            let before = tally.read;
            for row in rows.by_ref().take(CHUNK) {
                tally.read += 1;
                match row {
                    Err(fault) => tally.failed.push((fault.line, fault.why.to_string())),
                    Ok(record) => match reading.row(&record.cells) {
                        Ok(ready) => chunk.push((record.line, ready)),
                        Err(why) => tally.failed.push((record.line, why)),
                    },
                }
            }
            progress.at(tally.read);
            write(store, (pack, flow), &source, chunk, &mut tally).await?;
            if tally.read - before < CHUNK as u64 {
                break;
            }
        }
        progress.end();
        Ok(tally)
    }

    fn tell(&self, tally: &Tally, seconds: f64, json: bool) -> Result<(), Failure> {
        if let Some(path) = &self.report {
            let mut text = String::from("line,reason\n");
            for (line, why) in &tally.failed {
                let _ = writeln!(text, "{line},\"{}\"", why.replace('"', "\"\""));
            }
            fs::write(path, text).doing("writing the report")?;
        } else {
            for (line, why) in tally.failed.iter().take(SHOWN) {
                eprintln!("line {line}: {why}");
            }
            if tally.failed.len() > SHOWN {
                eprintln!("and {} more; --report FILE lists all", tally.failed.len() - SHOWN);
            }
        }
        if tally.redated > 0 {
            eprintln!(
                "{} rows are of years without holiday data and are opened at this moment",
                tally.redated
            );
        }
        let failed = tally.failed.len();
        if json {
            let found = serde_json::json!({ "read": tally.read, "taken": tally.taken,
                "known": tally.known, "failed": failed, "redated": tally.redated,
                "dry_run": self.dry_run, "seconds": seconds });
            println!("{found}");
        } else {
            let verb = if self.dry_run { "could be taken" } else { "taken" };
            println!(
                "{} rows: {} {verb}, {} known before, {failed} failed, in {seconds:.1} s",
                tally.read, tally.taken, tally.known
            );
        }
        std::io::stdout().flush().doing("writing")?;
        if failed == 0 { Ok(()) } else { Err(Failure::Rows) }
    }
}

/// Writes the rows of a chunk that are not known yet, side by side.
async fn write(
    store: &Store,
    (pack, flow): (&Arc<Pack>, &Workflow),
    source: &str,
    chunk: Vec<(u64, Ready)>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    // Asked before the costly sealing, so that a file given again passes quickly; the write path
    // asks once more.
    let numbers: Vec<&str> = chunk.iter().map(|(_, ready)| ready.number.as_str()).collect();
    let known = store.imported(source, &numbers).await.doing("looking for known rows")?;
    let mut writes = JoinSet::new();
    for ((line, ready), known) in chunk.into_iter().zip(known) {
        if known.is_some() {
            tally.known += 1;
            continue;
        }
        tally.redated += u64::from(ready.redated);
        let (store, pack) = (store.clone(), pack.clone());
        let opened = ready.opened;
        let new = NewCase {
            command: store::digest(&format!("import\n{source}\n{}", ready.number)),
            actor: Actor::System,
            workflow: flow.code.clone(),
            programme: None,
            given: ready.given,
            then: Vec::new(),
            files: Vec::new(),
            receipt: store::new_receipt(),
            imported: Some((source.to_owned(), ready.number)),
        };
        writes.spawn(async move { (line, store.import_case(&pack, opened, new).await) });
    }
    while let Some(written) = writes.join_next().await {
        let (line, written) = written.doing("importing")?;
        match written {
            Ok(opened) if opened.done.repeated => tally.known += 1,
            Ok(_) => tally.taken += 1,
            Err(WriteError::Refused(No::Imported(_))) => tally.known += 1,
            Err(WriteError::Refused(no)) => tally.failed.push((line, no.to_string())),
            Err(WriteError::Db(error)) => return Err(Failure::while_doing("importing", &error)),
        }
    }
    tally.failed.sort_by_key(|(line, _)| *line);
    Ok(())
}
