//! A store to test: on SQLite in a folder of its own, or on PostgreSQL in a database of its own.

#![allow(clippy::doc_markdown, reason = "SQLite and PostgreSQL are names, not code")]

use crate::{
    appeal::{Appeal, command_id, step},
    clock::Clock,
    postgres,
    sample::{keys, keys_of, pack},
};
use domain::{
    access::Viewer,
    case::{Actor, CaseId},
    pack::Pack,
    secrecy::Change,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    sync::atomic::{AtomicU32, Ordering},
};
use store::{Act, CasePage, Done, Guarding, No, Opened, Store, db::WriteError};
use vault::{Keys, Suite};

/// A folder of its own, removed in the end.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn fresh() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("xiaohe-test-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for a test");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A store in the sample city, with its clock.
pub struct Stand {
    /// The store.
    pub store: Store,
    /// The rules.
    pub pack: Arc<Pack>,
    /// The time; a Monday morning at first.
    pub clock: Clock,
    /// The address of the database.
    pub url: String,
    keys: Arc<Keys>,
    folder: Folder,
}

/// One stand on each database, for one test body.
///
/// # Panics
/// When one cannot be opened.
pub async fn stores() -> [Stand; 2] {
    [Stand::sqlite().await, Stand::postgres().await]
}

impl Stand {
    /// On SQLite.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn sqlite() -> Self {
        let folder = Folder::fresh();
        let url = format!("sqlite:{}", folder.path().join("city.db").display());
        Self::open_at(url, folder, keys()).await
    }

    /// On both databases, sealed with a suite.
    ///
    /// # Panics
    /// When one cannot be opened.
    pub async fn sealed_with(suite: Suite) -> [Self; 2] {
        let folder = Folder::fresh();
        let url = format!("sqlite:{}", folder.path().join("city.db").display());
        let postgres = postgres::fresh_database();
        [
            Self::open_at(url, folder, keys_of(suite)).await,
            Self::open_at(postgres, Folder::fresh(), keys_of(suite)).await,
        ]
    }

    /// On PostgreSQL.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn postgres() -> Self {
        Self::open_at(postgres::fresh_database(), Folder::fresh(), keys()).await
    }

    async fn open_at(url: String, folder: Folder, keys: Arc<Keys>) -> Self {
        let store = Store::open(&url, keys.clone()).await.expect("a store");
        let clock = Clock::at("2025-03-03T09:00+08:00");
        Self { store, pack: pack(), clock, url, keys, folder }
    }

    /// The same database opened again, as after a restart.
    ///
    /// # Panics
    /// When it cannot be closed or opened.
    pub async fn reopened(self) -> Self {
        self.store.db().close().await.expect("closed");
        let store = Store::open(&self.url, self.keys.clone()).await.expect("a store");
        Self { store, ..self }
    }

    /// The folder of this stand; on SQLite the database lies there.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens an appeal now.
    ///
    /// # Errors
    /// As the store answers.
    pub async fn try_open(&self, appeal: &Appeal) -> Result<Opened, WriteError<No>> {
        self.store.open_case(&self.pack, self.clock.now(), appeal.new_case()).await
    }

    /// Opens an appeal now.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open(&self, appeal: &Appeal) -> Opened {
        self.try_open(appeal).await.unwrap_or_else(|no| panic!("not opened: {no:?}"))
    }

    /// Acts on an appeal now.
    ///
    /// # Errors
    /// As the store answers.
    pub async fn try_act(
        &self,
        actor: &Actor,
        case: CaseId,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Result<Done, WriteError<No>> {
        let steps = vec![step("appeal", action, fields)];
        let (command, actor) = (command_id(), actor.clone());
        let act = Act { command, actor, case, steps, files: Vec::new() };
        self.store.act(&self.pack, self.clock.now(), act).await
    }

    /// Acts on an appeal now.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn act(&self, actor: &Actor, case: CaseId, action: &str, fields: &[(&str, &str)]) {
        let done = self.try_act(actor, case, action, fields).await;
        done.unwrap_or_else(|no| panic!("{action} is refused: {no:?}"));
    }

    /// Changes who may know of a case now.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn guard(
        &self,
        actor: &Actor,
        case: CaseId,
        change: Change,
    ) -> Result<Done, WriteError<No>> {
        let (command, actor, reason) = (command_id(), actor.clone(), "当事人有顾虑".to_owned());
        let guarding = Guarding { command, actor, case, change, reason };
        self.store.guard(&self.pack, self.clock.now(), guarding).await
    }

    /// Lets time act on everything that waits for it; answers how many cases moved.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn tick(&self) -> usize {
        self.store.tick(&self.pack, self.clock.now(), 10_000).await.expect("a tick")
    }

    /// A case as the program itself sees it.
    ///
    /// # Panics
    /// When there is none.
    pub async fn page(&self, case: CaseId) -> CasePage {
        self.seen(&Viewer::System, case).await.unwrap_or_else(|| panic!("no case {case}"))
    }

    /// A case as somebody sees it.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn seen(&self, viewer: &Viewer, case: CaseId) -> Option<CasePage> {
        self.store.case_by_id(&self.pack, viewer, case).await.expect("an answer")
    }

    /// Everything that `verify` finds; empty is good.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn troubles(&self) -> Vec<String> {
        let report = self.store.verify(&self.pack).await.expect("a report");
        report.troubles.iter().map(|t| format!("{}: {}", t.at, t.what)).collect()
    }
}

/// Runs each named test body on both databases: `both!(a, b)` makes `sqlite::a`, `postgres::a` and
/// so on. A body is an `async fn(Stand)`.
#[macro_export]
macro_rules! both {
    ($($body:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $body() {
                super::$body($crate::Stand::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $body() {
                super::$body($crate::Stand::postgres().await).await;
            })+
        }
    };
}
