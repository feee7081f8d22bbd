//! PostgreSQL: a pool, a transaction for each work, retries.
//!
//! Decides isolation (READ COMMITTED; works lock the rows they decide on or name the version they
//! expect), what is tried again, and what PostgreSQL's error codes mean. Values and codes are in
//! `pg_wire`.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio::sync::{Semaphore, TryAcquireError};
use tokio_postgres::Statement;

use super::error::{Error, Fault, FaultKind, WriteError, setup};
use super::pg_wire::{as_params, classify, read};
use super::queue::{Lane, panicked};
use super::stmt::{Batch, Stmt};
use super::tx::{CountKey, Tx};
use super::value::{P, Row};
use super::writer::Tally;
use super::{Options, Survives, Work, lite, pg_tls};

/// How often a work is tried before a conflict is told to its asker.
const TRIES: u32 = 20;
/// The longest pause before the next try, milliseconds.
const PAUSE_MS: u64 = 16;
/// How long to wait for a connection of the pool.
const POOL_WAIT: Duration = Duration::from_secs(5);
/// The oldest server that is tested.
const OLDEST_VERSION: i64 = 150_000;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const BEGIN_LIGHTLY: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off";
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1";

/// All counts of a work at once, in one order for everybody: many small upserts cost more than the
/// rows they write.
static COUNT: Stmt = Stmt::new(
    "INSERT INTO counts (name, unit, slot, n)
     SELECT k ->> 0, k ->> 1, pg_backend_pid() % 16, CAST(k ->> 2 AS BIGINT)
     FROM json_array_elements(CAST(CAST($1 AS TEXT) AS JSON)) AS k ORDER BY 1, 2
     ON CONFLICT (name, unit, slot) DO UPDATE SET n = counts.n + excluded.n",
);
static SETTINGS: Stmt = Stmt::new(
    "SELECT CAST(current_setting('server_version_num') AS BIGINT),
            current_setting('server_encoding'), current_setting('synchronous_commit')",
);

/// One PostgreSQL database.
pub(super) struct PgDb {
    pool: Pool,
    /// Works running or waiting for a connection.
    room: Arc<Semaphore>,
    room_size: u32,
    /// Bulk works running; they may never take all connections.
    bulk: Arc<Semaphore>,
    pub(super) tally: Tally,
}

impl PgDb {
    pub(super) async fn open(url: &str, options: &Options) -> Result<Arc<Self>, Error> {
        let (mut config, tls) = pg_tls::read(url)?;
        let asked = config.get_options().unwrap_or_default();
        let all = format!(
            "-c synchronous_commit=on -c statement_timeout={} \
             -c idle_in_transaction_session_timeout=60s {asked}",
            options.statement_timeout.as_millis()
        );
        config.options(all).connect_timeout(POOL_WAIT);
        if config.get_application_name().is_none() {
            config.application_name("xiaohe");
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, tls, recycling))
            .max_size(options.connections.max(1))
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(POOL_WAIT))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| setup("PostgreSQL pool", &e))?;
        let room = options.connections.saturating_add(options.queue).max(1);
        let room_size = u32::try_from(room).map_err(|e| setup("queue length", &e))?;
        let db = Self {
            pool,
            room: Arc::new(Semaphore::new(room)),
            room_size,
            bulk: Arc::new(Semaphore::new((options.connections / 4).max(1))),
            tally: Tally::default(),
        };
        db.check_server().await?;
        Ok(Arc::new(db))
    }

    async fn check_server(&self) -> Result<(), Error> {
        let client = self.client().await?;
        let rows = query(&client, &SETTINGS, &[]).await?;
        let row = rows.first().ok_or_else(|| setup("PostgreSQL", &"no settings"))?;
        if row.int(0)? < OLDEST_VERSION {
            return Err(setup("PostgreSQL", &"the server is older than version 15"));
        }
        if row.text(1)? != "UTF8" {
            return Err(setup("PostgreSQL", &"the database must be created with encoding UTF8"));
        }
        if matches!(row.text(2)?, "off" | "local") {
            let why = "synchronous_commit must not be off: a write is acknowledged once durable";
            return Err(setup("PostgreSQL", &why));
        }
        Ok(())
    }

    pub(super) async fn client(&self) -> Result<Object, Error> {
        client(&self.pool).await
    }

    /// Runs a work to its end even if the asker goes away, as SQLite's writer does.
    pub(super) async fn write<W: Work>(
        self: &Arc<Self>,
        work: W,
        lane: Lane,
    ) -> Result<W::Reply, WriteError<W::Refusal>> {
        let room = self.room.clone();
        let held = match lane {
            Lane::Normal => (room.try_acquire_owned().map_err(|e| no_room(&e))?, None),
            Lane::Bulk => {
                let bulk = self.bulk.clone().acquire_owned().await.map_err(|_| closed())?;
                (room.acquire_owned().await.map_err(|_| closed())?, Some(bulk))
            }
        };
        let db = self.clone();
        let run = tokio::spawn(async move {
            let _held = held;
            db.run(work).await
        });
        run.await.unwrap_or_else(|_| Err(panicked().into()))
    }

    async fn run<W: Work>(&self, work: W) -> Result<W::Reply, WriteError<W::Refusal>> {
        self.tally.add_work();
        let mut tries = 1;
        loop {
            match self.attempt(&work).await {
                Err(WriteError::Db(error)) if tries < TRIES && again(&error) => {
                    tries += 1;
                    self.tally.add_replay();
                    // Rivals that wait equally long meet again.
                    let pause = rand::random_range(0..=PAUSE_MS.min(1 << tries.min(8)));
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                result => return result,
            }
        }
    }

    async fn attempt<W: Work>(&self, work: &W) -> Result<W::Reply, WriteError<W::Refusal>> {
        let mut tx = Tx::pg(PgTx::new(self.client().await?, work.survives()));
        let result = work.run(&mut tx).await;
        let result = tx.settle(result);
        let counts = tx.take_counts();
        let Some(mut tx) = tx.into_pg() else { return result };
        match result {
            Ok(reply) => {
                tx.commit(counts).await?;
                self.tally.add_commit();
                Ok(reply)
            }
            refused => {
                tx.rollback().await;
                refused
            }
        }
    }

    pub(super) async fn lend(&self) -> Result<PgReader, Error> {
        Ok(PgReader {
            client: Some(self.client().await?),
            pool: self.pool.clone(),
            snapshot: false,
        })
    }

    pub(super) async fn lend_snapshot(&self) -> Result<PgReader, Error> {
        let mut reader = self.lend().await?;
        reader.snapshot = true;
        let begun = reader.client()?.batch_execute(BEGIN_SNAPSHOT).await;
        begun.map_err(|e| classify("snapshot", &e))?;
        Ok(reader)
    }

    pub(super) async fn prepare(&self, stmts: &[&'static Stmt]) -> Result<(), Error> {
        let client = self.client().await?;
        for stmt in stmts {
            let prepared = client.prepare(stmt.pg()).await;
            prepared.map_err(|e| classify(&stmt.label(), &e))?;
        }
        Ok(())
    }

    /// Waits for the works that run and takes no more.
    pub(super) async fn close(&self) {
        // Fails only if it is closed already.
        let _all = self.room.acquire_many(self.room_size).await;
        self.room.close();
        self.bulk.close();
        self.pool.close();
    }
}

/// Whether another try may end better: somebody was first, or the connection broke with nothing
/// written.
fn again(error: &Error) -> bool {
    matches!(error, Error::Conflict(_)) || error.is_fault(FaultKind::Lost)
}

fn no_room(error: &TryAcquireError) -> Error {
    if let TryAcquireError::NoPermits = error { Error::Busy } else { closed() }
}

fn closed() -> Error {
    Error::fault(FaultKind::Closed, "no more writing")
}

async fn client(pool: &Pool) -> Result<Object, Error> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(_) => Error::Busy,
        PoolError::Backend(error) => classify("connecting to PostgreSQL", &error),
        PoolError::Closed => Error::fault(FaultKind::Closed, "no more connections"),
        other => setup("PostgreSQL pool", &other),
    })
}

/// The transaction of one work. It begins with the first statement, in the same flight.
pub(super) struct PgTx {
    client: Option<Object>,
    open: bool,
    begin: &'static str,
}

impl PgTx {
    fn new(client: Object, survives: Survives) -> Self {
        let begin = match survives {
            Survives::Kill => BEGIN_LIGHTLY,
            Survives::PowerCut => BEGIN,
        };
        Self { client: Some(client), open: false, begin }
    }

    /// The connection, and how the transaction begins if that must go before what is sent next.
    fn start(&mut self) -> Result<(&Object, Option<&'static str>), Error> {
        let client = self.client.as_ref().ok_or_else(given_back)?;
        let begun = std::mem::replace(&mut self.open, true);
        Ok((client, if begun { None } else { Some(self.begin) }))
    }

    pub(super) async fn exec(&mut self, stmt: &Stmt, params: &[P<'_>]) -> Result<u64, Error> {
        let (client, first) = self.start()?;
        let ready = prepare(client, stmt, params).await?;
        let (begun, done) =
            tokio::join!(biased; begin(client, first), execute(client, &ready, stmt, params));
        begun.and(done)
    }

    pub(super) async fn rows(
        &mut self,
        stmt: &'static Stmt,
        params: &[P<'_>],
    ) -> Result<Vec<Row>, Error> {
        let (client, first) = self.start()?;
        let ready = prepare(client, stmt, params).await?;
        let (begun, rows) =
            tokio::join!(biased; begin(client, first), fetch(client, &ready, stmt, params));
        begun.and(rows)
    }

    pub(super) async fn exec_all(&mut self, batch: &Batch<'_>) -> Result<Vec<u64>, Error> {
        let (client, first) = self.start()?;
        let mut ready = Vec::with_capacity(batch.items.len());
        for item in &batch.items {
            ready.push(prepare(client, item.stmt, batch.params_of(*item)).await?);
        }
        let writes: Vec<Leg<'_, u64>> = batch
            .items
            .iter()
            .zip(&ready)
            .map(|(item, ready)| boxed(execute(client, ready, item.stmt, batch.params_of(*item))))
            .collect();
        let (begun, done) = tokio::join!(biased; begin(client, first), flight(writes));
        begun?;
        done.into_iter().collect()
    }

    /// Writes the counts and commits, in one flight. Keys are sorted, so that two works can never
    /// wait for each other's counts.
    async fn commit(&mut self, counts: Vec<(CountKey, i64)>) -> Result<(), Error> {
        let mut sums = BTreeMap::<CountKey, i64>::new();
        for (key, delta) in counts {
            *sums.entry(key).or_default() += delta;
        }
        sums.retain(|_, delta| *delta != 0);
        if !self.open && sums.is_empty() {
            return Ok(());
        }
        let (client, first) = self.start()?;
        let rows: Vec<_> = sums.iter().map(|(key, n)| (&*key.name, &*key.unit, *n)).collect();
        let json = serde_json::to_string(&rows).unwrap_or_default();
        let params = [P::Text(&json)];
        let ready =
            if rows.is_empty() { None } else { Some(prepare(client, &COUNT, &params).await?) };
        let mut legs: Vec<Leg<'_, u64>> = Vec::new();
        legs.extend(ready.as_ref().map(|r| boxed(execute(client, r, &COUNT, &params))));
        legs.push(boxed(async { simple(client, "COMMIT").await.map(|()| 0) }));
        let (begun, done) = tokio::join!(biased; begin(client, first), flight(legs));
        let done: Result<Vec<u64>, Error> = begun.and_then(|()| done.into_iter().collect());
        done.map_err(unknown)?;
        self.open = false;
        Ok(())
    }

    async fn rollback(&mut self) {
        if let Some(client) = self.client.as_ref().filter(|_| self.open) {
            self.open = simple(client, "ROLLBACK").await.is_err();
        }
    }
}

/// A transaction left open (a panic, a cancelled task, a broken line) must not reach the next
/// user of the connection: the connection is closed instead.
impl Drop for PgTx {
    fn drop(&mut self) {
        if self.open
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

/// A connection lost while the commit was under way leaves its outcome open.
fn unknown(error: Error) -> Error {
    match error {
        Error::Fault(Fault { kind: FaultKind::Lost, why }) => Error::fault(FaultKind::Unknown, why),
        other => other,
    }
}

fn given_back() -> Error {
    Error::fault(FaultKind::Closed, "connection given back")
}

/// A lent connection for questions.
pub(super) struct PgReader {
    client: Option<Object>,
    pool: Pool,
    snapshot: bool,
}

impl PgReader {
    fn client(&self) -> Result<&Object, Error> {
        self.client.as_ref().ok_or_else(given_back)
    }

    pub(super) async fn rows(
        &mut self,
        stmt: &'static Stmt,
        params: &[P<'_>],
    ) -> Result<Vec<Row>, Error> {
        match query(self.client()?, stmt, params).await {
            Err(error) if self.renew(&error).await? => query(self.client()?, stmt, params).await,
            result => result,
        }
    }

    pub(super) async fn rows_all(
        &mut self,
        questions: Vec<(&'static Stmt, &[P<'_>])>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        match query_all(self.client()?, &questions).await {
            Err(error) if self.renew(&error).await? => query_all(self.client()?, &questions).await,
            result => result,
        }
    }

    /// Replaces a broken connection, once per question: a server that restarted should cost
    /// nobody a page. A snapshot is gone with its connection.
    async fn renew(&mut self, error: &Error) -> Result<bool, Error> {
        if self.snapshot || !error.is_fault(FaultKind::Lost) {
            return Ok(false);
        }
        if let Some(broken) = self.client.take() {
            drop(Object::take(broken));
        }
        self.client = Some(client(&self.pool).await?);
        Ok(true)
    }
}

impl Drop for PgReader {
    fn drop(&mut self) {
        if self.snapshot
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

/// One statement of a flight.
type Leg<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

fn boxed<'a, T>(leg: impl Future<Output = Result<T, Error>> + Send + 'a) -> Leg<'a, T> {
    Box::pin(leg)
}

/// Sends all statements before waiting for the first answer. They are sent in their order,
/// because each is sent when first polled.
async fn flight<T>(mut legs: Vec<Leg<'_, T>>) -> Vec<Result<T, Error>> {
    let mut landed: Vec<Option<Result<T, Error>>> = legs.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        let mut all = true;
        for (leg, slot) in legs.iter_mut().zip(&mut landed) {
            if slot.is_none() {
                match leg.as_mut().poll(cx) {
                    Poll::Ready(result) => *slot = Some(result),
                    Poll::Pending => all = false,
                }
            }
        }
        if all { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    landed.into_iter().flatten().collect()
}

async fn prepare(
    client: &ClientWrapper,
    stmt: &Stmt,
    params: &[P<'_>],
) -> Result<Statement, Error> {
    let ready = client.prepare_cached(stmt.pg()).await;
    let ready = ready.map_err(|e| classify(&stmt.label(), &e))?;
    lite::check_params(stmt, ready.params().len(), params)?;
    Ok(ready)
}

async fn begin(client: &ClientWrapper, first: Option<&str>) -> Result<(), Error> {
    if let Some(begin) = first { simple(client, begin).await } else { Ok(()) }
}

async fn simple(client: &ClientWrapper, sql: &str) -> Result<(), Error> {
    client.batch_execute(sql).await.map_err(|e| classify(sql, &e))
}

async fn execute(
    client: &ClientWrapper,
    ready: &Statement,
    stmt: &Stmt,
    params: &[P<'_>],
) -> Result<u64, Error> {
    let done = client.execute(ready, &as_params(params)).await;
    done.map_err(|e| classify(&stmt.label(), &e))
}

async fn fetch(
    client: &ClientWrapper,
    ready: &Statement,
    stmt: &'static Stmt,
    params: &[P<'_>],
) -> Result<Vec<Row>, Error> {
    let rows = client.query(ready, &as_params(params)).await;
    let rows = rows.map_err(|e| classify(&stmt.label(), &e))?;
    stmt.learn(|| ready.columns().iter().map(tokio_postgres::Column::name).collect());
    rows.iter().map(|row| read(stmt, row)).collect()
}

pub(super) async fn query(
    client: &ClientWrapper,
    stmt: &'static Stmt,
    params: &[P<'_>],
) -> Result<Vec<Row>, Error> {
    let ready = prepare(client, stmt, params).await?;
    fetch(client, &ready, stmt, params).await
}

async fn query_all(
    client: &ClientWrapper,
    questions: &[(&'static Stmt, &[P<'_>])],
) -> Result<Vec<Vec<Row>>, Error> {
    let mut ready = Vec::with_capacity(questions.len());
    for (stmt, params) in questions {
        ready.push(prepare(client, stmt, params).await?);
    }
    let legs = questions.iter().zip(&ready);
    let legs = legs.map(|((stmt, params), ready)| boxed(fetch(client, ready, stmt, params)));
    flight(legs.collect()).await.into_iter().collect()
}
