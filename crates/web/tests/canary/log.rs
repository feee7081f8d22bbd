//! Everything that the program says to its operators while the tests run, down to the finest level.

use std::{
    io,
    sync::{Mutex, Once, PoisonError},
};
use tracing_subscriber::{filter::LevelFilter, fmt};

static SAID: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Pen;

impl io::Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        SAID.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From now on every line is kept.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
        log.with_writer(|| Pen).init();
    });
}

/// Everything that was said.
pub fn said() -> Vec<u8> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
