//! PostgreSQL: clearing the rows that were deleted, so that a dump of pages holds less of them.

use super::error::Error;
use super::pg::PgDb;
use super::pg_wire::classify;

impl PgDb {
    /// Clears dead rows. Runs as long as it must, and never inside a transaction.
    pub(super) async fn vacuum(&self, tables: &[&'static str]) -> Result<(), Error> {
        let client = deadpool_postgres::Object::take(self.client().await?);
        let run = async |sql: String| {
            client.batch_execute(&sql).await.map_err(|e| classify("clearing dead rows", &e))
        };
        run("SET statement_timeout = 0".to_owned()).await?;
        for table in tables {
            run(format!("VACUUM {table}")).await?;
        }
        Ok(())
    }
}
