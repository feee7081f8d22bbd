//! Processor time by thread name: on a shared machine a steadier measure than the clock.

use std::{collections::BTreeMap, fs};

/// Hundredths of a second that Linux counts processor time in.
const TICK_MICROSECONDS: u64 = 10_000;

/// Microseconds of processor time used so far, by thread name.
pub fn by_thread() -> BTreeMap<String, u64> {
    let mut used = BTreeMap::new();
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return used };
    for task in tasks.flatten() {
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else { continue };
        let Some((head, rest)) = stat.rsplit_once(')') else { continue };
        let name = head.split_once('(').map_or("", |(_, n)| n).to_owned();
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
        *used.entry(name).or_default() += (ticks(11) + ticks(12)) * TICK_MICROSECONDS;
    }
    used
}

/// Prints what was used since `before`, for each of `cases`.
pub fn print(before: &BTreeMap<String, u64>, cases: usize) {
    for (name, now) in by_thread() {
        let used = now.saturating_sub(before.get(&name).copied().unwrap_or(0));
        if used > 0 {
            println!("  {name:<16} {:>7.1} µs a case", used as f64 / cases as f64);
        }
    }
}
