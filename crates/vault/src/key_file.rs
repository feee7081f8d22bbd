//! The key file: how keys are written down, read, created and rotated.
//!
//! Lines of `name = value`: `suite`, `root` and `wrap.1`, `wrap.2`, … with 64 hexadecimal digits
//! each; `#` starts a comment. The same lines, separated by `;` or line ends, may come from an
//! environment variable. A file that others on the machine can read is refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::keys::{Keys, Source};
use crate::suite::{Secret, Suite};

const HEAD: &str = "\
# Keys of this Xiaohe installation. Whoever holds this file can read every personal field;
# without it nobody can. Keep a copy away from the database and its backups.
# Rotate by adding wrap.N+1; keep the old wrap lines until every case is wrapped again.
";

/// What is wrong with the keys. Never quotes a value.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no file at the path.
    #[error("no key file at {0}: create one with `xiaohe keys create {0}`")]
    Missing(PathBuf),
    /// A key file is already there and is never overwritten.
    #[error("a key file already exists at {0}: it is never overwritten")]
    Exists(PathBuf),
    /// Others may read the file, or the group may change it.
    #[error("key file {path} has mode {mode:03o}, open to others: run `chmod 600 {path}`")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The operating system refused.
    #[error("key file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no randomness to give.
    #[error("the system's random number generator failed: {0}")]
    Random(#[from] rand::rngs::SysError),
    /// A line could not be understood.
    #[error("keys, line {line}: {what}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The complaint, without the value.
        what: &'static str,
    },
    /// Root or suite are not those that the program runs with.
    #[error("key file {0} holds another root or suite: put the right file back, or restart")]
    Other(PathBuf),
    /// The newest wrapping key is in use.
    #[error("wrap.{0} is the newest wrapping key and stays: rotate first")]
    Newest(u16),
    /// There is no wrapping key of this number on a line of its own.
    #[error("there is no wrap.{0} on a line of its own")]
    NoNumber(u16),
    /// A needed line is missing.
    #[error("keys: there is no `{0}` line")]
    Incomplete(&'static str),
}

impl Keys {
    /// Reads a key file.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        // Looked at before reading: a change in between is then seen as one.
        let changed = changed(path);
        let mut keys = Self::parse(&read(path)?)?;
        let changed = Mutex::new(changed);
        keys.source = Some(Source { path: path.to_owned(), changed });
        Ok(keys)
    }

    /// Reads the key file again when it has changed since, and takes its wrapping keys; answers
    /// whether it did. Keys that were not read from a file stay as they are.
    ///
    /// # Errors
    /// When the file cannot be read, or holds another root or suite: those never change while a
    /// program runs.
    pub fn read_again(&self) -> Result<bool, KeyError> {
        let Some(source) = &self.source else { return Ok(false) };
        let mut known = source.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let found = changed(&source.path);
        if found == *known {
            return Ok(false);
        }
        let fresh = Self::parse(&read(&source.path)?)?;
        if fresh.root_mark != self.root_mark || fresh.suite() != self.suite() {
            return Err(KeyError::Other(source.path.clone()));
        }
        self.take_ring(&fresh);
        *known = found;
        Ok(true)
    }

    /// Takes a wrapping key out of a key file. The file is replaced in one step.
    ///
    /// # Errors
    /// When there is no such key, or it is the newest.
    pub fn retire(path: &Path, number: u16) -> Result<Self, KeyError> {
        let text = read(path)?;
        let keys = Self::parse(&text)?;
        if keys.newest_number() == number {
            return Err(KeyError::Newest(number));
        }
        if !keys.holds(number) {
            return Err(KeyError::NoNumber(number));
        }
        let name = format!("wrap.{number}");
        let is_it = |line: &str| line.split_once('=').is_some_and(|(n, _)| n.trim() == name);
        let mut left = Zeroizing::new(String::with_capacity(text.len()));
        for line in text.lines().filter(|line| !is_it(line)) {
            left.push_str(line);
            left.push('\n');
        }
        let keys = Self::parse(&left)?;
        // Several keys may stand on one line; then a person must take it out.
        if keys.holds(number) {
            return Err(KeyError::NoNumber(number));
        }
        replace(path, &left)?;
        Ok(keys)
    }

    /// Reads keys from text, such as an environment variable. Without a `suite` line the suite
    /// is international.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (mut suite, mut root) = (None, None);
        let mut wrapping = BTreeMap::new();
        for (index, item) in items(text) {
            let fail = |what| KeyError::Line { line: index + 1, what };
            let (name, value) = item.split_once('=').ok_or(fail("expected `name = value`"))?;
            let (name, value) = (name.trim(), value.trim());
            let twice = if name == "suite" {
                let named = Suite::named(value)
                    .ok_or(fail("the suite is `international` or `national`"))?;
                suite.replace(named).is_some()
            } else {
                let key = parse_hex(value).ok_or(fail("a key is 64 hexadecimal digits"))?;
                match name.strip_prefix("wrap.") {
                    Some(number) => {
                        let number =
                            number.parse().map_err(|_| fail("wrap numbers are 0 to 65535"))?;
                        wrapping.insert(number, key).is_some()
                    }
                    None if name == "root" => root.replace(key).is_some(),
                    None => return Err(fail("unknown name: use suite, root or wrap.N")),
                }
            };
            if twice {
                return Err(fail("this name appears twice"));
            }
        }
        let root = root.ok_or(KeyError::Incomplete("root"))?;
        Self::derive(suite.unwrap_or(Suite::International), &root, wrapping)
            .ok_or(KeyError::Incomplete("wrap.1"))
    }

    /// Writes a new file with random keys, readable by its owner alone. Refuses to overwrite.
    pub fn create(path: &Path, suite: Suite) -> Result<Self, KeyError> {
        let text = Zeroizing::new(format!(
            "{HEAD}suite = {}\nroot = {}\nwrap.1 = {}\n",
            suite.name(),
            *random_hex()?,
            *random_hex()?
        ));
        write_new(path, &text).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => KeyError::Io { path: path.to_owned(), source },
        })?;
        Self::parse(&text)
    }

    /// Adds the next wrapping key to a key file and answers its keys; the new key is active from
    /// the next [`Keys::load`]. The file is replaced in one step, so a crash leaves the old one.
    pub fn rotate(path: &Path) -> Result<Self, KeyError> {
        let mut text = read(path)?;
        let newest = Self::parse(&text)?.newest_number();
        let next = newest.checked_add(1).ok_or(KeyError::Incomplete("free wrap number"))?;
        let line = Zeroizing::new(format!("wrap.{next} = {}\n", *random_hex()?));
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&line);
        let keys = Self::parse(&text)?;
        replace(path, &text)?;
        Ok(keys)
    }
}

fn replace(path: &Path, text: &str) -> Result<(), KeyError> {
    let fresh = path.with_extension("new");
    write_new(&fresh, text)
        .and_then(|()| take_place(&fresh, path))
        .map_err(|source| KeyError::Io { path: fresh, source })
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

/// The `name = value` items with their line, counted from 0.
fn items(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        let written = line.split('#').next().unwrap_or_default();
        let items = written.split(';').map(str::trim).filter(|item| !item.is_empty());
        items.map(move |item| (index, item))
    })
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
        _ => KeyError::Io { path: path.to_owned(), source },
    };
    let mut file = File::open(path).map_err(fail)?;
    let mode = file.metadata().map_err(fail)?.permissions().mode() & 0o777;
    // A service account may read through its group (0640), but nobody else may look in.
    if mode & 0o037 != 0 {
        return Err(KeyError::TooOpen { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(fail)?;
    Ok(text)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Puts `fresh` where `path` is, with the same owner and mode, so that a service that may read
/// the file through its group still can.
fn take_place(fresh: &Path, path: &Path) -> io::Result<()> {
    let old = fs::metadata(path)?;
    chown(fresh, Some(old.uid()), Some(old.gid()))?;
    fs::set_permissions(fresh, old.permissions())?;
    fs::rename(fresh, path)
}

/// Long-lived keys come straight from the operating system.
fn random_hex() -> Result<Zeroizing<String>, KeyError> {
    let mut key: Secret = Zeroizing::new([0; 32]);
    SysRng.try_fill_bytes(&mut *key)?;
    let mut hex = Zeroizing::new(String::with_capacity(64));
    for byte in *key {
        let _ = write!(*hex, "{byte:02x}");
    }
    Ok(hex)
}

fn parse_hex(text: &str) -> Option<Secret> {
    let mut key: Secret = Zeroizing::new([0; 32]);
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, removed when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("vault-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn created_keys_are_private_and_come_back() {
        let folder = Folder::new("create");
        let path = folder.0.join("keys");
        let made = Keys::create(&path, Suite::National).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Keys::load(&path).unwrap();
        assert_eq!(read.suite(), Suite::National);
        let (_, wrapped) = made.new_case_key(b"c");
        assert!(read.unwrap(b"c", &wrapped).is_ok());
        assert!(matches!(Keys::create(&path, Suite::National), Err(KeyError::Exists(_))));

        let other = Keys::create(&folder.0.join("other"), Suite::National).unwrap();
        assert!(other.unwrap(b"c", &wrapped).is_err());
    }

    #[test]
    fn a_rotated_file_opens_old_and_new() {
        let folder = Folder::new("rotate");
        let path = folder.0.join("keys");
        let (_, wrapped) = Keys::create(&path, Suite::International).unwrap().new_case_key(b"c");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        Keys::rotate(&path).unwrap();
        let keys = Keys::load(&path).unwrap();
        assert_eq!(keys.newest_number(), 2);
        assert_eq!(keys.rewrap(b"c", &wrapped).unwrap().unwrap()[1..3], [0, 2]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::read_to_string(&path).unwrap().starts_with(HEAD));
    }

    #[test]
    fn errors_say_what_to_do() {
        let folder = Folder::new("errors");
        let path = folder.0.join("keys");
        let missing = Keys::load(&path).unwrap_err().to_string();
        assert!(missing.contains("xiaohe keys create"), "{missing}");

        Keys::create(&path, Suite::International).unwrap();
        for (mode, accepted) in
            [(0o600, true), (0o400, true), (0o640, true), (0o644, false), (0o660, false)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let loaded = Keys::load(&path);
            assert_eq!(loaded.is_ok(), accepted, "{mode:o}");
            if let Err(error) = loaded {
                assert!(error.to_string().contains("chmod 600"), "{error}");
            }
        }
    }

    #[test]
    fn text_is_checked_and_never_quoted() {
        let key = "ab".repeat(32);
        let good = format!("root={key}; wrap.3={key} ;# note\n\n");
        assert_eq!(Keys::parse(&good).unwrap().newest_number(), 3);
        for (text, complaint) in [
            (format!("wrap.1 = {key}"), "keys: there is no `root` line"),
            (format!("root = {key}"), "keys: there is no `wrap.1` line"),
            (format!("root = {key}0"), "keys, line 1: a key is 64 hexadecimal digits"),
            (format!("root = +{}", &key[1..]), "keys, line 1: a key is 64 hexadecimal digits"),
            (format!("\nrot = {key}"), "keys, line 2: unknown name: use suite, root or wrap.N"),
            (format!("root = {key}\nroot = {key}"), "keys, line 2: this name appears twice"),
            (format!("wrap.x = {key}"), "keys, line 1: wrap numbers are 0 to 65535"),
            (key.clone(), "keys, line 1: expected `name = value`"),
            ("suite = best".into(), "keys, line 1: the suite is `international` or `national`"),
        ] {
            assert_eq!(Keys::parse(&text).unwrap_err().to_string(), complaint);
        }
    }
}
