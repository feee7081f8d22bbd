//! `xiaohe keys`: makes the key file, and turns its wrapping keys over while the server runs.

use crate::{
    failure::{Doing, Failure},
    progress::Progress,
    settings::{Place, block_on},
};
use clap::{Args, Subcommand, ValueEnum};
use std::{fs, path::PathBuf, time::Duration};
use store::{Rewrapped, Store};
use vault::{Keys, Suite};

/// Cases that are wrapped again in one transaction.
const AT_ONCE: u32 = 200;
/// Servers read the key file again every few seconds; after so long every one of them has.
const READ_BY_ALL: Duration = Duration::from_mins(1);

/// The key file.
#[derive(Debug, Subcommand)]
pub enum KeyFile {
    /// Makes a new key file, readable by its owner only.
    Create {
        /// Where.
        path: PathBuf,
        /// Cipher suite.
        #[arg(long, value_enum, default_value = "international")]
        suite: Ciphers,
    },
    /// Adds a wrapping key; older ones still open what they closed.
    Rotate {
        /// Which file.
        path: PathBuf,
    },
    /// Wraps every data key again under the newest wrapping key, while the server runs. May be
    /// stopped at any moment and run again.
    Rewrap(Place),
    /// Takes a wrapping key out of the key file when nothing needs it any more.
    Retire(Retire),
}

/// Which wrapping key goes.
#[derive(Debug, Clone, Args)]
pub struct Retire {
    /// Its number: N of `wrap.N`.
    number: u16,
    #[command(flatten)]
    place: Place,
}

/// Cipher suites.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Ciphers {
    /// AES-256-GCM, SHA-256, HMAC.
    International,
    /// SM4-GCM, SM3.
    National,
}

impl KeyFile {
    /// Does it.
    ///
    /// # Errors
    /// When the file exists already, cannot be written, or a key is still needed.
    pub fn run(&self, json: bool) -> Result<(), Failure> {
        let done = match self {
            Self::Create { path, suite } => {
                let suite = match suite {
                    Ciphers::International => Suite::International,
                    Ciphers::National => Suite::National,
                };
                Keys::create(path, suite)
            }
            Self::Rotate { path } => Keys::rotate(path),
            Self::Rewrap(place) => return block_on(rewrap(place, json)),
            Self::Retire(retire) => return block_on(retire.run(json)),
        };
        done.map(drop).map_err(|e| Failure::while_doing("the key file", &e))
    }
}

async fn rewrap(place: &Place, json: bool) -> Result<(), Failure> {
    let place = place.complete()?;
    let store = place.existing_store(place.load_keys()?).await?;
    let newest = store.keys().newest_number();
    let under = store.wrapped_under().await.doing("counting")?;
    let total: i64 = under.values().sum();
    let mut progress = Progress::new("wrapping again", u64::try_from(total).ok());
    let (mut wrapped, mut seen) = (0, 0);
    let mut rest = Rewrapped::default();
    // What the server opened under the old key meanwhile is found by looking once more.
    loop {
        let (mut after, mut found) = (-1, 0);
        while let Some(step) = next(&store, after).await? {
            found += step.1;
            wrapped += step.1;
            seen += step.2;
            progress.at(seen);
            after = step.0;
        }
        let beside = store.rewrap_rest().await.doing("wrapping second factors again")?;
        rest.factors += beside.factors;
        rest.moves += beside.moves;
        rest.files += beside.files;
        rest.exports += beside.exports;
        rest.passkeys += beside.passkeys;
        rest.exchanges += beside.exchanges;
        rest.homes += beside.homes;
        if found == 0 {
            break;
        }
    }
    progress.end();
    let under = store.wrapped_under().await.doing("counting")?;
    let old: Vec<u16> =
        under.iter().filter(|(n, k)| **n != newest && **k > 0).map(|(n, _)| *n).collect();
    store.db().close().await.doing("closing")?;
    if json {
        let report = serde_json::json!({ "newest": newest, "cases": wrapped,
            "factors": rest.factors, "moves": rest.moves, "files": rest.files,
            "exports": rest.exports, "passkeys": rest.passkeys, "exchanges": rest.exchanges,
            "homes": rest.homes, "still_needed": old });
        println!("{report}");
        return Ok(());
    }
    println!(
        "{wrapped} cases, {} second factors, {} passkeys, {} moves, {} waiting files, {} lists, {} \
         homes and {} exchanges are now wrapped under wrap.{newest}",
        rest.factors,
        rest.passkeys,
        rest.moves,
        rest.files,
        rest.exports,
        rest.homes,
        rest.exchanges
    );
    if old.is_empty() {
        println!("no older wrapping key is needed; take each away with: xiaohe keys retire N");
    } else {
        println!("still needed: {old:?}; a server wrote meanwhile: run this once more");
    }
    Ok(())
}

/// One step: where the next begins, cases wrapped, cases seen; none at the end.
async fn next(store: &Store, after: i64) -> Result<Option<(i64, u64, u64)>, Failure> {
    let step = store.rewrap_cases(after, AT_ONCE).await.doing("wrapping again")?;
    let many = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Ok(step.next.map(|next| (next, many(step.wrapped), many(step.seen))))
}

impl Retire {
    async fn run(&self, json: bool) -> Result<(), Failure> {
        let place = self.place.complete()?;
        let (path, number) = (place.key_path()?, self.number);
        let store = place.existing_store(place.load_keys()?).await?;
        let needed = async || -> Result<i64, Failure> {
            let under = store.wrapped_under().await.doing("counting")?;
            Ok(under.get(&number).copied().unwrap_or(0))
        };
        let many = needed().await?;
        if many > 0 {
            return Err(Failure::Plain(format!(
                "wrap.{number} still opens {many} data keys and stays: run xiaohe keys rewrap first"
            )));
        }
        let age =
            fs::metadata(&path).and_then(|f| f.modified()).ok().and_then(|t| t.elapsed().ok());
        if age.is_some_and(|age| age < READ_BY_ALL) {
            return Err(Failure::Plain(format!(
                "the key file was changed less than {} seconds ago: wait until every server has \
                 read it, then try again",
                READ_BY_ALL.as_secs()
            )));
        }
        Keys::retire(&path, number).map_err(|e| Failure::while_doing("the key file", &e))?;
        store.db().close().await.doing("closing")?;
        if json {
            println!("{}", serde_json::json!({ "retired": number }));
        } else {
            println!("wrap.{number} is gone; copies from before that need it open no more");
        }
        Ok(())
    }
}
