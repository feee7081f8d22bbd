//! `xiaohe backup` and `xiaohe restore`: a copy of the database, and the way back.
//!
//! A copy is verified before it takes the place of anything. The key file is never part of it:
//! whoever finds a backup must not be able to read it.

use crate::{
    failure::{Doing, Failure},
    settings::{Place, block_on},
    verify,
};
use clap::Args;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// A copy of the database.
#[derive(Debug, Clone, Args)]
pub struct Backup {
    #[command(flatten)]
    place: Place,
    /// The new file.
    #[arg(long)]
    to: PathBuf,
}

impl Backup {
    /// Copies one instant of the database; others may go on writing.
    ///
    /// # Errors
    /// When the file exists already or cannot be written, or the database is no SQLite file.
    pub fn run(&self, json: bool) -> Result<(), Failure> {
        let place = self.place.complete()?;
        block_on(async {
            let store = place.existing_store(place.load_keys()?).await?;
            store.db().backup(&self.to).await.doing("the backup")?;
            store.db().close().await.doing("closing the database")
        })?;
        let bytes = fs::metadata(&self.to).doing("the backup")?.len();
        let keys = place.key_path()?;
        if json {
            println!("{}", serde_json::json!({ "file": self.to, "bytes": bytes, "keys": false }));
        } else {
            println!("{}: {bytes} bytes", self.to.display());
        }
        eprintln!(
            "The key file {} is not in it, and without that file nobody can read it: keep a copy \
             of the key file in another place.",
            keys.display()
        );
        Ok(())
    }
}

/// The way back.
#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// The backup.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Set an existing database aside.
    #[arg(long)]
    replace: bool,
}

impl Restore {
    /// Copies the backup beside the database, verifies the copy, and only then exchanges them.
    ///
    /// # Errors
    /// When there is a database already, or the copy is not sound.
    pub fn run(&self, json: bool) -> Result<(), Failure> {
        let place = self.place.complete()?;
        let Some(path) = place.file()? else {
            let why = "restore a PostgreSQL database with pg_restore or psql";
            return Err(Failure::Plain(why.to_owned()));
        };
        if path.exists() && !self.replace {
            let why = format!("{} exists; --replace sets it aside", path.display());
            return Err(Failure::Plain(why));
        }
        let copy = beside(&path, ".restoring");
        for part in parts(&copy) {
            remove(&part)?;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).doing("making the folder of the database")?;
        }
        fs::copy(&self.file, &copy).doing("copying the backup")?;
        let mut restoring = place.clone();
        restoring.keys = Some(place.key_path()?);
        restoring.db = Some(format!("sqlite:{}", copy.display()));
        let sound = verify::run(&restoring, json);
        if let Err(failure) = sound {
            for part in parts(&copy) {
                remove(&part)?;
            }
            eprintln!("Nothing was replaced. Is this the key file of the backup?");
            return Err(failure);
        }
        exchange(&copy, &path)?;
        eprintln!("{} is restored", path.display());
        Ok(())
    }
}

/// Sets the old database aside and puts the copy in its place. The old log goes first: left
/// behind, it would be played into the new file.
fn exchange(copy: &Path, path: &Path) -> Result<(), Failure> {
    let aside = beside(path, ".old");
    for part in parts(&aside) {
        remove(&part)?;
    }
    let pairs: Vec<_> = parts(path).into_iter().zip(parts(&aside)).collect();
    for (from, to) in pairs.iter().rev().filter(|(from, _)| from.exists()) {
        fs::rename(from, to).doing("setting the old database aside")?;
    }
    File::open(copy).and_then(|f| f.sync_all()).doing("writing the database")?;
    fs::rename(copy, path).doing("putting the database in place")?;
    for part in parts(copy) {
        remove(&part)?;
    }
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).doing("writing the folder")
}

/// The files of a database: itself, its log, the index of its log.
fn parts(path: &Path) -> [PathBuf; 3] {
    [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")]
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::while_doing(&format!("removing {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}
