//! Where things are: flags first, then `XIAOHE_*` in the environment, then `xiaohe.toml`.

use crate::failure::Failure;
use clap::Args;
use courier::Courier;
use jiff::{SignedDuration, Timestamp};
use packs::City;
use proofs::{Address, Misconfigured, Passkeys, Provider};
use serde::Deserialize;
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use store::Store;
use vault::{Keys, Suite};
use web::{Doors, Edge};

/// Pack, database and keys of an installation.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Folder of the city's pack.
    #[arg(long, env = "XIAOHE_PACK")]
    pub pack: Option<PathBuf>,
    /// Database: sqlite:PATH or postgres://…; a PostgreSQL on another machine with
    /// ?sslmode=verify-full&sslrootcert=FILE.
    #[arg(long, env = "XIAOHE_DB")]
    pub db: Option<String>,
    /// Key file; beside a SQLite database unless it is named.
    #[arg(long, env = "XIAOHE_KEYS")]
    pub keys: Option<PathBuf>,
    /// Address under which people reach this site, for example <https://care.example>: passkeys are
    /// bound to it, and the identity provider sends people back to it.
    #[arg(long, env = "XIAOHE_ADDRESS")]
    pub address: Option<String>,
    /// The city's identity provider; only `xiaohe.toml` names it.
    #[arg(skip)]
    pub provider: Option<Box<proofs::Config>>,
    /// Gateways that take messages; only `xiaohe.toml` names them.
    #[arg(skip)]
    pub gateways: Vec<courier::Config>,
    /// How people reach the program; only `xiaohe.toml` says.
    #[arg(skip)]
    pub reached: Reached,
}

/// How people reach the program: the `[reached]` table of `xiaohe.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reached {
    /// The header in which a proxy says where a request comes from.
    pub from_header: Option<String>,
    /// Machines on which it runs, when it is not this one.
    pub proxies: Vec<IpAddr>,
    /// Lets everybody come as often as they like: for measurements only.
    pub unpaced: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pack: Option<PathBuf>,
    db: Option<String>,
    keys: Option<PathBuf>,
    address: Option<String>,
    provider: Option<Box<proofs::Config>>,
    #[serde(default, rename = "gateway")]
    gateways: Vec<courier::Config>,
    #[serde(default)]
    reached: Reached,
}

impl Place {
    /// Fills what the flags leave open from `xiaohe.toml` in the working folder.
    ///
    /// # Errors
    /// When the file cannot be read as settings.
    pub fn complete(&self) -> Result<Self, Failure> {
        let file = match std::fs::read_to_string("xiaohe.toml") {
            Ok(text) => toml::from_str(&text)
                .map_err(|e| Failure::while_doing("reading xiaohe.toml", &e))?,
            Err(_) => File::default(),
        };
        Ok(Self {
            pack: self.pack.clone().or(file.pack),
            db: self.db.clone().or(file.db),
            keys: self.keys.clone().or(file.keys),
            address: self.address.clone().or(file.address),
            provider: file.provider,
            gateways: file.gateways,
            reached: file.reached,
        })
    }

    /// How the program stands towards the network.
    ///
    /// # Errors
    /// When address or header are none.
    pub fn edge(&self) -> Result<Edge, Failure> {
        let Reached { from_header, proxies, unpaced } = self.reached.clone();
        // What is no address is refused here as it is for passkeys; one without TLS changes nothing.
        self.site()?;
        let address = self.address.clone().filter(|a| a.starts_with("https://"));
        let from_header = from_header.map(|name| name.parse()).transpose();
        let from_header =
            from_header.map_err(|e| Failure::while_doing("reading from_header", &e))?;
        Ok(Edge { address, from_header, proxies, unpaced })
    }

    /// Makes the gateways ready; sends nothing.
    ///
    /// # Errors
    /// When one cannot be used as it is configured.
    pub fn courier(&self) -> Result<Courier, Failure> {
        let made = Courier::new(&self.gateways, |name| std::env::var(name).ok());
        made.map_err(|e| Failure::while_doing("making the gateways ready", &e))
    }

    /// Where people reach this site, when it is said.
    ///
    /// # Errors
    /// When it is no address, or one that anybody on the way could read.
    pub fn site(&self) -> Result<Option<Address>, Failure> {
        let parsed = self.address.as_deref().map(Address::parse).transpose();
        parsed.map_err(|e| Failure::while_doing("reading the address", &e))
    }

    /// Makes the identity provider ready, if there is one; asks it nothing.
    ///
    /// # Errors
    /// When it cannot be used as it is configured.
    pub fn provider(&self) -> Result<Option<Provider>, Failure> {
        let Some(config) = &self.provider else { return Ok(None) };
        let made = self.site()?.ok_or(Misconfigured::NoAddress).and_then(|site| {
            Provider::new(config, (&site, web::PROVIDER_WAYS), |name| std::env::var(name).ok())
        });
        made.map(Some).map_err(|e| Failure::while_doing("making the provider ready", &e))
    }

    /// The ways in beside password and code; `title` is what a browser calls this site.
    ///
    /// # Errors
    /// When one cannot be used as it is configured.
    pub fn doors(&self, title: &str) -> Result<Doors, Failure> {
        let provider = self.provider()?.map(Arc::new);
        let passkeys = self.site()?.and_then(|site| Passkeys::new(&site, title));
        Ok(Doors { provider, passkeys })
    }

    /// Loads the pack.
    ///
    /// # Errors
    /// Every fault of the pack.
    pub fn city(&self) -> Result<City, Failure> {
        let dir = self.pack.as_deref().ok_or_else(|| {
            Failure::Plain("name the city: --pack DIR, for example --pack packs/sample".to_owned())
        })?;
        packs::load(dir).map_err(Failure::Pack)
    }

    /// Loads the keys.
    ///
    /// # Errors
    /// When there is no key file, or it can be read by others.
    pub fn load_keys(&self) -> Result<Arc<Keys>, Failure> {
        let path = self.key_path()?;
        let keys = Keys::load(&path).map_err(|e| Failure::while_doing("loading the keys", &e))?;
        Ok(Arc::new(keys))
    }

    /// Loads the keys, making them first when there are none: for demonstrations.
    ///
    /// # Errors
    /// When the file cannot be written or read.
    pub fn make_keys(&self) -> Result<Arc<Keys>, Failure> {
        let path = self.key_path()?;
        if path.exists() {
            return self.load_keys();
        }
        let keys = Keys::create(&path, Suite::International)
            .map_err(|e| Failure::while_doing("making the keys", &e))?;
        Ok(Arc::new(keys))
    }

    /// Where the key file is.
    ///
    /// # Errors
    /// When neither it nor a SQLite database is named.
    pub fn key_path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.keys {
            return Ok(path.clone());
        }
        self.file()?.map(|p| p.with_extension("keys")).ok_or_else(|| {
            Failure::Plain(
                "name the key file: --keys PATH (make one: xiaohe keys create PATH)".to_owned(),
            )
        })
    }

    /// The address of the database.
    ///
    /// # Errors
    /// When none is named.
    pub fn database(&self) -> Result<&str, Failure> {
        self.db.as_deref().ok_or_else(|| {
            Failure::Plain("name the database: --db sqlite:PATH or --db postgres://…".to_owned())
        })
    }

    /// The file of a SQLite database; none for PostgreSQL.
    ///
    /// # Errors
    /// When no database is named.
    pub fn file(&self) -> Result<Option<PathBuf>, Failure> {
        let path = self.database()?.strip_prefix("sqlite:");
        Ok(path.map(|p| PathBuf::from(p.strip_prefix("//").unwrap_or(p))))
    }

    /// Opens a store that is there already: looking at a mistyped path must not make an empty
    /// database and call it sound.
    ///
    /// # Errors
    /// When there is no such file, or the database cannot be opened.
    pub async fn existing_store(&self, keys: Arc<Keys>) -> Result<Store, Failure> {
        if let Some(path) = self.file()?
            && !path.is_file()
        {
            return Err(Failure::Plain(format!("there is no database at {}", path.display())));
        }
        self.store(keys).await
    }

    /// Opens the store.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn store(&self, keys: Arc<Keys>) -> Result<Store, Failure> {
        self.opened(async |url| Store::open(url, keys).await).await
    }

    /// Opens the store to build what is thrown away when it breaks off.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn store_to_build(&self, keys: Arc<Keys>) -> Result<Store, Failure> {
        self.opened(async |url| Store::open_to_build(url, keys).await).await
    }

    async fn opened(
        &self,
        open: impl AsyncFnOnce(&str) -> Result<Store, store::db::Error>,
    ) -> Result<Store, Failure> {
        let url = self.database()?;
        if let Some(folder) = self.file()?.as_deref().and_then(Path::parent) {
            std::fs::create_dir_all(folder)
                .map_err(|e| Failure::while_doing("making the folder of the database", &e))?;
        }
        let store =
            open(url).await.map_err(|e| Failure::while_doing("opening the database", &e))?;
        let missing = store.missing_keys().await;
        let missing = missing.map_err(|e| Failure::while_doing("looking at the keys", &e))?;
        match missing.first() {
            None => Ok(store),
            Some((number, n)) => Err(Failure::Plain(format!(
                "the key file has no wrap.{number}, and {n} data keys are wrapped under it: put the \
                 line back, run xiaohe keys rewrap, and take it away after that"
            ))),
        }
    }
}

/// Runs a future to its end on as many threads as there are cores.
///
/// # Errors
/// When the threads cannot be started, or the future fails.
pub fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::while_doing("starting", &e))?
        .block_on(future)
}

/// How far the time of this process is from that of the machine.
static AHEAD: OnceLock<SignedDuration> = OnceLock::new();

/// The time: the one place of the program that asks for it.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    let ahead = AHEAD.get().copied().unwrap_or_default();
    now.checked_add(ahead).unwrap_or(now)
}

/// Lets the time of this process go on from an hour. Only a demonstration may: deadlines, seals and
/// sessions of an installation in earnest stand on the true time.
pub fn begin_at(hour: Timestamp) {
    AHEAD.get_or_init(|| hour.duration_since(Timestamp::now()));
}

/// Logs to standard error; `XIAOHE_LOG` chooses how much.
pub fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("XIAOHE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
