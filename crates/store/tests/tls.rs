//! The line to PostgreSQL over TLS, against a real server whose certificate vouches for itself.
//! What each address means is tested beside `pg_tls`; here it meets the server.

use store::db::{Db, Error, FaultKind, Options, Stmt};
use testkit::postgres::TlsServer;

static LINE: Stmt = Stmt::new(
    "SELECT ssl, version, current_setting('server_version_num') FROM pg_stat_ssl
     WHERE pid = pg_backend_pid()",
);

async fn opened(server: &TlsServer, host: &str, asked: &str) -> Result<Db, Error> {
    let port = server.port;
    let url = format!("postgres://postgres:lotus@{host}:{port}/postgres?{asked}");
    Db::open(&url, &[], &Options::default()).await
}

#[tokio::test]
async fn the_line_is_encrypted_as_the_address_asks() {
    let server = TlsServer::start();
    let own = format!("sslrootcert={}", server.certificate.display());
    for (host, asked) in [
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", "sslmode=require&channel_binding=require".to_owned()),
        ("127.0.0.1", format!("sslmode=require&{own}")),
        ("127.0.0.1", format!("sslmode=verify-ca&{own}")),
        ("localhost", format!("sslmode=verify-full&{own}")),
        ("localhost", own.clone()),
    ] {
        let db = opened(&server, host, &asked).await;
        let db = db.unwrap_or_else(|e| panic!("{host} {asked}: {e}"));
        let mut reader = db.read().await.expect("a connection");
        let row = reader.row(&LINE, &[]).await.expect("an answer").expect("a row");
        assert_eq!(row.int(0), Ok(1), "{host} {asked}");
        assert_eq!(row.text(1), Ok("TLSv1.3"), "{host} {asked}");
        drop(reader);
        db.close().await.expect("closed");
    }
}

#[tokio::test]
async fn a_server_that_is_not_the_right_one_is_refused() {
    let server = TlsServer::start();
    let own = format!("sslrootcert={}", server.certificate.display());
    let other = format!("sslrootcert={}", server.other.display());
    for (host, asked, says) in [
        // Made out to `localhost`, not to the number.
        ("127.0.0.1", format!("sslmode=verify-full&{own}"), "not valid for name"),
        ("localhost", format!("sslmode=verify-full&{other}"), "invalid peer certificate"),
        ("localhost", format!("sslmode=verify-ca&{other}"), "invalid peer certificate"),
        ("localhost", format!("sslmode=require&{other}"), "invalid peer certificate"),
        // This server takes nobody without TLS, so a line in clear would be seen here.
        ("127.0.0.1", "sslmode=disable".to_owned(), "no encryption"),
        ("127.0.0.1", String::new(), "no encryption"),
    ] {
        let refused = opened(&server, host, &asked).await.map(drop).expect_err(&asked);
        let said = refused.to_string();
        assert!(said.contains(says), "{host} {asked}: {said}");
        assert!(!said.contains("lotus"), "{said}");
    }
    // A network of somebody else: nothing is sent at all.
    let refused = opened(&server, "192.0.2.1", "").await.map(drop).expect_err("refused");
    assert!(refused.is_fault(FaultKind::Setup), "{refused}");
    assert!(refused.to_string().contains("must be encrypted"), "{refused}");
}
