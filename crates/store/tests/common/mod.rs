//! What the tests of the database layer share: fresh databases, a small schema, works from
//! closures, a gate that holds the writer still.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::task::Poll;

use store::db::{Db, Migration, Options, Row, Stmt, Survives, Tx, Work, WriteError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub const SCHEMA: Migration = Migration {
    version: 1,
    name: "items",
    lite: "CREATE TABLE item (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, text TEXT UNIQUE,
             data BLOB, CHECK (owner >= 0)) STRICT;
           CREATE TABLE tally (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
           INSERT INTO tally VALUES (1, 0);",
    pg: "CREATE TABLE item (id BIGINT PRIMARY KEY, owner BIGINT NOT NULL, text TEXT UNIQUE,
           data BYTEA, CHECK (owner >= 0));
         CREATE TABLE tally (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);
         INSERT INTO tally VALUES (1, 0);",
};

pub static PUT: Stmt = Stmt::new("INSERT INTO item (id, owner) VALUES ($1, $2)");
pub static PUT_ALL: Stmt =
    Stmt::new("INSERT INTO item (id, owner, text, data) VALUES ($1, $2, $3, $4)");
pub static IDS: Stmt = Stmt::new("SELECT id, owner FROM item ORDER BY id");
pub static ITEM: Stmt = Stmt::new("SELECT id, owner, text, data FROM item WHERE id = $1");
pub static COUNTED: Stmt = Stmt::new(
    "SELECT unit, CAST(SUM(n) AS BIGINT) FROM counts WHERE name = $1 GROUP BY unit ORDER BY unit",
);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Lite,
    Postgres,
}

/// A folder of its own, removed in the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("xiaohe-db-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An empty database and its address.
pub struct Fresh {
    pub url: String,
    pub folder: Folder,
}

impl Backend {
    pub fn fresh(self) -> Fresh {
        let folder = Folder::new();
        let url = match self {
            Backend::Lite => format!("sqlite:{}", folder.path().join("test.db").display()),
            Backend::Postgres => testkit::postgres::fresh_database(),
        };
        Fresh { url, folder }
    }
}

impl Fresh {
    pub async fn open(&self) -> Db {
        self.open_with(&Options::default()).await
    }

    pub async fn open_with(&self, options: &Options) -> Db {
        Db::open(&self.url, &[SCHEMA], options).await.unwrap()
    }
}

pub type Answer<T> = Result<T, WriteError<String>>;
pub type Running<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + Send + 'a>>;

/// A work made of a closure.
pub struct Do<F>(F);

impl<T, F> Work for Do<Typed<T, F>>
where
    T: Send + 'static,
    F: for<'a> Fn(&'a mut Tx) -> Running<'a, T> + Send + Sync + 'static,
{
    type Reply = T;
    type Refusal = String;

    fn run(&self, tx: &mut Tx) -> impl Future<Output = Answer<T>> + Send {
        (self.0.0)(tx)
    }
}

pub struct Typed<T, F>(F, std::marker::PhantomData<fn() -> T>);

pub fn work<T, F>(run: F) -> Do<Typed<T, F>>
where
    T: Send + 'static,
    F: for<'a> Fn(&'a mut Tx) -> Running<'a, T> + Send + Sync + 'static,
{
    Do(Typed(run, std::marker::PhantomData))
}

/// The same work, answered when it survives a kill.
pub struct Lightly<W>(pub W);

impl<W: Work> Work for Lightly<W> {
    type Reply = W::Reply;
    type Refusal = W::Refusal;

    fn survives(&self) -> Survives {
        Survives::Kill
    }

    fn run(
        &self,
        tx: &mut Tx,
    ) -> impl Future<Output = Result<W::Reply, WriteError<W::Refusal>>> + Send {
        self.0.run(tx)
    }
}

/// 1 where the commit of the running transaction does not wait for the disk, 2 where it does.
pub static WAITS: Stmt = Stmt::split(
    "SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN 1 ELSE 2 END AS synchronous",
    "PRAGMA synchronous",
);

/// Writes one item and answers whether its commit waits for the disk.
pub fn put_and_tell(id: i64) -> impl Work<Reply = i64, Refusal = String> {
    work(move |tx| {
        Box::pin(async move {
            tx.exec(&PUT, &[id.into(), 0.into()]).await?;
            Ok(int(tx.row(&WAITS, &[]).await?))
        })
    })
}

/// Writes one item.
pub fn put(id: i64, owner: i64) -> impl Work<Reply = i64, Refusal = String> {
    work(move |tx| {
        Box::pin(async move {
            tx.exec(&PUT, &[id.into(), owner.into()]).await?;
            Ok(id)
        })
    })
}

pub async fn ids(db: &Db) -> Vec<(i64, i64)> {
    let rows = db.read().await.unwrap().rows(&IDS, &[]).await.unwrap();
    rows.iter().map(|row| (row.int(0).unwrap(), row.int(1).unwrap())).collect()
}

pub async fn counted(db: &Db, name: &str) -> Vec<(String, i64)> {
    let rows = db.read().await.unwrap().rows(&COUNTED, &[name.into()]).await.unwrap();
    rows.iter().map(|row| (row.text(0).unwrap().to_owned(), row.int(1).unwrap())).collect()
}

pub fn int(row: Option<Row>) -> i64 {
    row.expect("a row").int(0).unwrap()
}

/// A work that says when it runs and then waits to be let go, holding the writer (or a
/// connection) meanwhile.
pub struct Gate {
    entered: UnboundedReceiver<()>,
    open: mpsc::Sender<()>,
}

impl Gate {
    pub fn new() -> (Self, impl Work<Reply = (), Refusal = String>) {
        let (says, entered) = unbounded_channel();
        let (open, waits) = mpsc::channel();
        (Self { entered, open }, Held { says, waits: Mutex::new(waits) })
    }

    pub async fn entered(&mut self) {
        self.entered.recv().await.expect("the gate's work runs");
    }

    pub fn open(self) {
        self.open.send(()).expect("the gate's work waits");
    }
}

struct Held {
    says: UnboundedSender<()>,
    waits: Mutex<mpsc::Receiver<()>>,
}

impl Work for Held {
    type Reply = ();
    type Refusal = String;

    async fn run(&self, _: &mut Tx) -> Answer<()> {
        let _ = self.says.send(());
        let _ = self.waits.lock().unwrap().recv();
        Ok(())
    }
}

/// Starts all futures in their order, then `meanwhile`, and waits for all.
pub async fn all_at_once<F: Future>(futures: Vec<F>, meanwhile: impl FnOnce()) -> Vec<F::Output> {
    let mut futures: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    let mut meanwhile = Some(meanwhile);
    std::future::poll_fn(|cx| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *output = Some(value);
            }
        }
        if let Some(meanwhile) = meanwhile.take() {
            meanwhile();
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
