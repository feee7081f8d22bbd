//! `xiaohe account`: staff accounts, for whoever commands the machine: the first administrators, and
//! the way back when nobody else can help. The rules are those of the pages, and every change is
//! remembered.

use crate::{
    failure::{Doing, Failure},
    settings::{Place, block_on, now},
};
use clap::{Args, Subcommand};
use domain::{
    audit::Deed,
    case::By,
    people::{self, NotSo},
};
use std::io::BufRead;
use store::{Account, AccountChange, NewAccount, Record, Store, db::WriteError};

/// Staff accounts.
#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// Makes an account; the password is read from standard input.
    Create(Create),
    /// Lists the active accounts.
    List(Place),
    /// Sets a new password, read from standard input, and ends every session of the account.
    Password(Named),
    /// Prints a new first password, which must be changed at the next log-in.
    Reset(Named),
    /// Gives an account these roles and no others.
    Roles(Roles),
    /// Forgets the second factor, which is set up anew at the next log-in.
    ForgetFactor(Named),
    /// Binds an identity of the provider to an account, which comes in by it from then on.
    Bind(Bind),
    /// Binds no identity of the provider to an account any more.
    Unbind(Named),
    /// Closes an account; its open cases go to a colleague.
    Close(Close),
}

/// The roles of an account.
#[derive(Debug, Args)]
pub struct Roles {
    #[command(flatten)]
    named: Named,
    /// Code of a role; may be given several times, or not at all.
    #[arg(long = "role")]
    roles: Vec<String>,
}

/// An identity of the provider.
#[derive(Debug, Args)]
pub struct Bind {
    #[command(flatten)]
    named: Named,
    /// The claim `sub` by which the provider names this person.
    #[arg(long)]
    subject: String,
}

/// Somebody who leaves.
#[derive(Debug, Args)]
pub struct Close {
    #[command(flatten)]
    named: Named,
    /// Log-in name of the colleague who takes the open cases over.
    #[arg(long)]
    successor: Option<String>,
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
    /// They have signed the pledge of confidentiality on paper.
    #[arg(long)]
    pledged: bool,
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
            Self::Reset(named) => named.reset(),
            Self::Roles(roles) => {
                roles.named.change(AccountChange::Roles(roles.roles.clone()), "has these roles now")
            }
            Self::ForgetFactor(named) => {
                named.change(AccountChange::ForgetFactor, "has no second factor any more")
            }
            Self::Bind(bind) => bind.run(),
            Self::Unbind(named) => {
                let issuer = issuer(&named.place)?;
                named.change(AccountChange::Unbind(issuer), "is bound to no identity any more")
            }
            Self::Close(close) => close.run(),
        }
    }
}

impl Create {
    fn run(&self, json: bool) -> Result<(), Failure> {
        let place = self.place.complete()?;
        let pack = place.city()?.pack;
        people::may_hold(&pack, &self.unit, &self.roles).doing("the roles")?;
        let password = read_password(&self.username, &self.name)?;
        block_on(async {
            let store = place.store(place.load_keys()?).await?;
            let new = NewAccount {
                username: self.username.clone(),
                password: password.clone(),
                name: self.name.clone(),
                unit: self.unit.clone(),
                roles: self.roles.clone(),
            };
            let made = store.administer((&pack, now()), None, 0, AccountChange::Create(new)).await;
            let id = made.map_err(told)?;
            // Whoever types at the machine chooses their own password, or changes it by `reset`.
            store.set_password(id, password).await.doing("setting the password")?;
            if self.pledged {
                let version = &pack.pledge.version;
                let given = store.pledge_by(now(), (id, By::System), version).await;
                given.doing("remembering the pledge")?;
            }
            if json {
                println!("{}", serde_json::json!({ "id": id, "username": self.username }));
            } else {
                println!("{} is account {id}", self.username);
            }
            store.db().close().await.doing("closing the database")
        })
    }
}

/// A change that was refused, in the words of the rule.
fn told(error: WriteError<NotSo>) -> Failure {
    match error {
        WriteError::Refused(no) => Failure::Plain(no.to_string()),
        WriteError::Db(error) => Failure::while_doing("changing the account", &error),
    }
}

/// The issuer of the configured provider.
fn issuer(place: &Place) -> Result<String, Failure> {
    let provider = place.complete()?.provider;
    provider.map(|config| config.issuer).ok_or_else(|| {
        Failure::Plain("there is no provider: name one as [provider] in xiaohe.toml".to_owned())
    })
}

impl Bind {
    fn run(&self) -> Result<(), Failure> {
        let issuer = issuer(&self.named.place)?;
        let keys = self.named.place.complete()?.load_keys()?;
        // Only a keyed hash of the identity is stored, so the keys make the change.
        let binding = store::Binding::of(&keys, &issuer, self.subject.trim());
        self.named.change(AccountChange::Bind(binding), "comes in by this identity now")
    }
}

impl Close {
    fn run(&self) -> Result<(), Failure> {
        let place = self.named.place.complete()?;
        let pack = place.city()?.pack;
        block_on(async {
            let store = place.existing_store(place.load_keys()?).await?;
            let whom = self.named.find(&store).await?;
            if let Some(successor) = &self.successor {
                let to = find(&store, successor).await?;
                for owned in store.owned(&pack, &whom).await.doing("the open cases")? {
                    let (hands, state) = ((whom.id, to.id), &owned.state);
                    let moved = store.hand_over((&pack, now()), None, hands, state).await;
                    println!("{} cases go to {successor}", moved.map_err(told)?);
                }
            }
            let close = AccountChange::Close;
            store.administer((&pack, now()), None, whom.id, close).await.map_err(told)?;
            println!("{} is closed", self.named.username);
            store.db().close().await.doing("closing the database")
        })
    }
}

async fn find(store: &Store, username: &str) -> Result<Account, Failure> {
    let account = store.account(username).await.doing("the account")?;
    account.ok_or_else(|| Failure::Plain(format!("there is no account {username}")))
}

impl Named {
    async fn find(&self, store: &Store) -> Result<Account, Failure> {
        find(store, &self.username).await
    }

    fn set_password(&self) -> Result<(), Failure> {
        let place = self.place.complete()?;
        let password = read_password(&self.username, "")?;
        block_on(async {
            let store = place.existing_store(place.load_keys()?).await?;
            let account = self.find(&store).await?;
            let deed = Deed::Administered {
                what: "reset_password".to_owned(),
                whom: Some(account.id),
                detail: String::new(),
            };
            let record = Record::about(account.id, By::System, deed);
            store.record(now(), record).await.doing("remembering it")?;
            store.set_password(account.id, password).await.doing("setting the password")?;
            println!("{} has a new password; its sessions have ended", self.username);
            store.db().close().await.doing("closing the database")
        })
    }

    fn reset(&self) -> Result<(), Failure> {
        let first = web::password::first();
        let hash = web::password::hash(&first).doing("hashing the password")?;
        self.change(AccountChange::Password(hash), "must change this first password at log-in:")?;
        println!("{first}");
        Ok(())
    }

    fn change(&self, change: AccountChange, words: &str) -> Result<(), Failure> {
        let place = self.place.complete()?;
        let pack = place.city()?.pack;
        block_on(async {
            let store = place.existing_store(place.load_keys()?).await?;
            let whom = self.find(&store).await?;
            store.administer((&pack, now()), None, whom.id, change).await.map_err(told)?;
            println!("{} {words}", self.username);
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

/// The hash of the first line of standard input: a password among the arguments could be read
/// by every process of the machine.
fn read_password(username: &str, name: &str) -> Result<String, Failure> {
    eprint!("Password (at least {} characters): ", web::password::FEWEST);
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).doing("reading the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if let Some(why) = web::password::weakness(password, username, name) {
        let texts = web::lang::Texts::new();
        return Err(Failure::Plain(texts.get(web::lang::Lang::En, why).to_owned()));
    }
    web::password::hash(password).doing("hashing the password")
}
