//! Intake over HTTP: the real server, wrk on the same cores, beside a hello-world answer.

use crate::{Failure, corpus, store_bench};
use jiff::Timestamp;
use std::{fs, path::Path, process::Command};
use store::Store;
use tokio::net::TcpListener;
use web::App;

/// Connections of the load generator.
const CONNECTIONS: &str = "64";

/// Measures hello and intake.
///
/// # Errors
/// When the server or wrk fails.
pub fn run(dir: &Path, seconds: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let city = corpus::city()?;
    let bodies: Vec<String> = corpus::appeals(&city)?
        .iter()
        .enumerate()
        .map(|(n, a)| {
            serde_json::json!({ "channel": "web", "category": a.category, "summary": a.summary,
                "narrative": a.narrative, "place": "",
                "contact": { "name": "林某某", "phone": corpus::phone(n) } })
            .to_string()
        })
        .collect();
    let keys = store_bench::keys(dir)?;
    let script = dir.join("intake.lua");
    fs::write(&script, lua(&bodies))?;
    let path = dir.join("http.db");
    store_bench::remove(&path);
    vault::Words::shared();
    let pack = city.pack.clone();
    let rate = runtime.block_on(async {
        let store = Store::open(&format!("sqlite:{}", path.display()), keys.clone()).await?;
        let app = App::new(store.clone(), city, Timestamp::now, Vec::new());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move { axum::serve(listener, web::router(app)).await });
        println!("hello (GET /healthz):");
        wrk(&format!("http://{address}/healthz"), seconds, None).await?;
        println!("intake (POST /api/v1/appeals):");
        let rate = wrk(&format!("http://{address}/api/v1/appeals"), seconds, Some(&script)).await?;
        let stats = store.db().stats();
        println!("{} works in {} commits", stats.works, stats.commits);
        server.abort();
        store.db().close().await?;
        Ok::<_, Failure>(rate)
    })?;
    store_bench::beside_raw(&runtime, &pack, (&path, keys), rate)
}

/// Runs wrk and answers its requests a second.
async fn wrk(url: &str, seconds: usize, script: Option<&Path>) -> Result<f64, Failure> {
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c", CONNECTIONS, "-d", &format!("{seconds}s"), "--latency"]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    command.arg(url);
    let done = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = String::from_utf8_lossy(&done.stdout);
    print!("{said}");
    if !done.status.success() {
        return Err("wrk failed; is it installed?".into());
    }
    let rate = said.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    Ok(rate.ok_or("wrk told no rate")?.trim().parse()?)
}

/// Replays the bodies one after the other and counts every answer but 201.
fn lua(bodies: &[String]) -> String {
    let list: Vec<String> = bodies.iter().map(|b| format!("[==[{b}]==]")).collect();
    format!(
        "local bodies = {{ {} }}\nlocal n = 0\nlocal bad = 0\n\
         wrk.headers['Content-Type'] = 'application/json'\n\
         request = function()\n  n = n % #bodies + 1\n  return wrk.format('POST', nil, nil, bodies[n])\nend\n\
         response = function(status)\n  if status ~= 201 then bad = bad + 1; print('status ' .. status) end\nend\n",
        list.join(",\n")
    )
}
