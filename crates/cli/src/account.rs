//! `xiaohe account`: staff accounts. The server itself never makes one.

use crate::{
    failure::{Doing, Failure},
    settings::{Place, block_on},
};
use clap::{Args, Subcommand};
use domain::pack::Pack;
use std::io::BufRead;
use store::NewAccount;

/// The fewest characters of a password (GB/T 39786 asks for eight; a longer one costs nothing).
const PASSWORD_CHARS: usize = 10;

/// Staff accounts.
#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// Makes an account; the password is read from standard input.
    Create(Create),
    /// Lists the active accounts.
    List(Place),
    /// Sets a new password, read from standard input, and ends every session of the account.
    Password(Named),
}

/// A new account.
#[derive(Debug, Args)]
pub struct Create {
    #[command(flatten)]
    place: Place,
    /// Log-in name.
    username: String,
    /// Name shown to colleagues.
    #[arg(long)]
    name: String,
    /// Code of the unit.
    #[arg(long)]
    unit: String,
    /// Code of a role; may be given several times.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
}

/// An account by its name.
#[derive(Debug, Args)]
pub struct Named {
    #[command(flatten)]
    place: Place,
    /// Log-in name.
    username: String,
}

impl Accounts {
    /// Does it.
    ///
    /// # Errors
    /// When the name is taken or unknown, the unit cannot have the role, or the password is short.
    pub fn run(&self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Create(new) => new.run(json),
            Self::List(place) => list(place, json),
            Self::Password(named) => named.set_password(),
        }
    }
}

impl Create {
    fn run(&self, json: bool) -> Result<(), Failure> {
        let place = self.place.complete()?;
        let pack = place.city()?.pack;
        may_hold(&pack, &self.unit, &self.roles)?;
        let password = read_password()?;
        block_on(async {
            let store = place.store(place.load_keys()?).await?;
            if store.account(&self.username).await.doing("the account")?.is_some() {
                return Err(Failure::Plain(format!("{} is taken", self.username)));
            }
            let new = NewAccount {
                username: self.username.clone(),
                password,
                name: self.name.clone(),
                unit: self.unit.clone(),
                roles: self.roles.clone(),
            };
            let id = store.create_account(new).await.doing("making the account")?;
            if json {
                println!("{}", serde_json::json!({ "id": id, "username": self.username }));
            } else {
                println!("{} is account {id}", self.username);
            }
            store.db().close().await.doing("closing the database")
        })
    }
}

impl Named {
    fn set_password(&self) -> Result<(), Failure> {
        let place = self.place.complete()?;
        let password = read_password()?;
        block_on(async {
            let store = place.existing_store(place.load_keys()?).await?;
            let account = store.account(&self.username).await.doing("the account")?;
            let Some(account) = account else {
                return Err(Failure::Plain(format!("there is no account {}", self.username)));
            };
            store.set_password(account.id, password).await.doing("setting the password")?;
            println!("{} has a new password; its sessions have ended", self.username);
            store.db().close().await.doing("closing the database")
        })
    }
}

fn list(place: &Place, json: bool) -> Result<(), Failure> {
    let place = place.complete()?;
    block_on(async {
        let store = place.existing_store(place.load_keys()?).await?;
        let accounts = store.accounts().await.doing("listing the accounts")?;
        if json {
            let rows: Vec<_> = accounts
                .iter()
                .map(|a| {
                    serde_json::json!({ "id": a.id, "username": a.username, "name": a.name,
                        "unit": a.unit, "roles": a.roles })
                })
                .collect();
            println!("{}", serde_json::json!(rows));
        } else {
            for a in &accounts {
                println!("{:>6} {:<28} {:<16} {}", a.id, a.username, a.unit, a.roles.join(","));
            }
        }
        store.db().close().await.doing("closing the database")
    })
}

fn may_hold(pack: &Pack, unit: &str, roles: &[String]) -> Result<(), Failure> {
    let Some(found) = pack.units.get(unit) else {
        return Err(Failure::Plain(format!("there is no unit {unit} in the pack")));
    };
    match roles.iter().find(|role| !pack.can_hold(role, found)) {
        None => Ok(()),
        Some(role) => Err(Failure::Plain(format!("nobody can be {role} in {unit}"))),
    }
}

/// The hash of the first line of standard input: a password among the arguments could be read
/// by every process of the machine.
fn read_password() -> Result<String, Failure> {
    eprint!("Password (at least {PASSWORD_CHARS} characters): ");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).doing("reading the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.chars().count() < PASSWORD_CHARS {
        return Err(Failure::Plain(format!("a password has at least {PASSWORD_CHARS} characters")));
    }
    web::password::hash(password).doing("hashing the password")
}
