//! The folders of a pack: which files there are, and what `pack.toml` says about them.
//!
//! Decides nothing about the content of any other file.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{
    pack::Brand,
    workflow::{Code, Locus},
};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    document::{Document, Worded, Words},
    faults::Faults,
};

/// The folder of the city and the one it builds on.
pub(crate) struct Folders {
    base: Option<PathBuf>,
    pub(crate) city: PathBuf,
}

/// What `pack.toml` says.
pub(crate) struct Head {
    pub(crate) code: Code,
    pub(crate) name: String,
    pub(crate) en: String,
    pub(crate) version: String,
    pub(crate) utc_offset_hours: i8,
    pub(crate) region: Code,
    pub(crate) region_at: Locus,
    pub(crate) brand: Brand,
    pub(crate) idle_minutes: u32,
    pub(crate) export_hours: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHead {
    name: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    base: Option<Spanned<String>>,
    version: String,
    utc_offset_hours: Spanned<i8>,
    region: Spanned<Code>,
    brand: Brand,
    #[serde(default = "idle_minutes")]
    idle_minutes: Spanned<u32>,
    #[serde(default = "export_hours")]
    export_hours: Spanned<u32>,
}

/// A session of staff is locked after so many minutes without a sign of life.
fn idle_minutes() -> Spanned<u32> {
    Spanned::new(0..0, 20)
}

/// A list that was taken out lies ready for so many hours.
fn export_hours() -> Spanned<u32> {
    Spanned::new(0..0, 24)
}

impl Worded for RawHead {
    const WORDS: Words = &[
        ("name", "en"),
        ("platform", "english"),
        ("short", "short_en"),
        ("owner", "owner_en"),
        ("motto", "motto_en"),
    ];
}

/// A file that has been read, with its lines.
pub(crate) struct File {
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl File {
    /// The place of a byte of the text.
    pub(crate) fn at(&self, offset: usize) -> Locus {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        self.line(u32::try_from(line).unwrap_or(u32::MAX))
    }

    /// The place of a line, counted from 1.
    pub(crate) fn line(&self, line: u32) -> Locus {
        Locus { file: Arc::clone(&self.name), line }
    }

    /// Name without folder and extension.
    pub(crate) fn stem(&self) -> &str {
        let name = self.name.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// Opens a pack: finds its folders and reads `pack.toml`.
pub(crate) fn open(dir: &Path, faults: &mut Faults) -> Option<(Folders, Head)> {
    let shown = dir.display().to_string();
    let nowhere = Locus { file: shown.into(), line: 1 };
    let Ok(city) = dir.canonicalize() else {
        faults.add(&nowhere, "there is no such folder", "name the folder that holds pack.toml");
        return None;
    };
    let mut folders = Folders { base: None, city };
    let path = folders.city.join("pack.toml");
    let file = folders.read(&path, faults)?;
    let mut document = Document::parse(&file, faults)?;
    let (code, _) = document.code(faults)?;
    let raw: RawHead = document.rest(faults)?;
    if let Some(base) = &raw.base {
        let at = file.at(base.span().start);
        match folders.city.join(base.get_ref()).canonicalize() {
            Ok(path) if path.is_dir() => folders.base = Some(path),
            _ => {
                let what = format!("the base folder {} does not exist", base.get_ref());
                faults.add(&at, what, "correct the path; it starts from the folder of the city");
                return None;
            }
        }
    }
    let hours = *raw.utc_offset_hours.get_ref();
    if !(-12..=14).contains(&hours) {
        let at = file.at(raw.utc_offset_hours.span().start);
        faults.add(&at, format!("{hours} is no offset from UTC"), "write a number from -12 to 14");
    }
    let idle = *raw.idle_minutes.get_ref();
    if !(1..=720).contains(&idle) {
        let at = file.at(raw.idle_minutes.span().start);
        faults.add(&at, format!("{idle} minutes cannot be waited"), "write a number from 1 to 720");
    }
    let export = *raw.export_hours.get_ref();
    if !(1..=168).contains(&export) {
        let at = file.at(raw.export_hours.span().start);
        let what = format!("a list that was taken out cannot lie ready for {export} hours");
        faults.add(&at, what, "write a number from 1 to 168");
    }
    let head = Head {
        code,
        name: raw.name,
        en: raw.en,
        version: raw.version,
        utc_offset_hours: hours.clamp(-12, 14),
        region_at: file.at(raw.region.span().start),
        region: raw.region.into_inner(),
        brand: raw.brand,
        idle_minutes: idle,
        export_hours: export,
    };
    Some((folders, head))
}

impl Folders {
    /// The name of a path in faults: it starts with the folder of the pack.
    fn name(&self, path: &Path) -> Arc<str> {
        let inside = |dir: &PathBuf| {
            let rest = path.strip_prefix(dir).ok()?;
            Some(Path::new(dir.file_name()?).join(rest))
        };
        let shown = self.layers().find_map(inside).unwrap_or_else(|| path.to_owned());
        let parts: Vec<_> = shown.iter().map(|p| p.to_string_lossy()).collect();
        parts.join("/").into()
    }

    /// The place of a file that does not exist.
    pub(crate) fn missing(&self, name: &str) -> Locus {
        Locus { file: self.name(&self.city.join(name)), line: 1 }
    }

    fn layers(&self) -> impl Iterator<Item = &PathBuf> {
        self.base.iter().chain([&self.city])
    }

    /// Folder with invented appeals: the city's own, or that of the base.
    pub(crate) fn demo(&self) -> PathBuf {
        let own = self.city.join("demo");
        match &self.base {
            Some(base) if !own.is_dir() => base.join("demo"),
            _ => own,
        }
    }

    fn read(&self, path: &Path, faults: &mut Faults) -> Option<File> {
        let name = self.name(path);
        match fs::read_to_string(path) {
            // Editors on Windows put a byte order mark in front.
            Ok(text) => {
                let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
                faults.remember(&name, &text);
                let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
                let starts = [0].into_iter().chain(breaks).collect();
                Some(File { name, text, starts })
            }
            Err(error) => {
                let at = Locus { file: name, line: 1 };
                let what = format!("the file cannot be read: {error}");
                faults.add(&at, what, "put the file there, in UTF-8, readable for the program");
                None
            }
        }
    }

    /// The file of this name in the base and in the city, as far as they exist.
    pub(crate) fn files(&self, name: &str, faults: &mut Faults) -> Vec<File> {
        let paths: Vec<_> = self.layers().map(|dir| dir.join(name)).collect();
        paths.iter().filter(|p| p.exists()).filter_map(|p| self.read(p, faults)).collect()
    }

    /// As `files`, with a fault when there is none at all.
    pub(crate) fn needed(&self, name: &str, faults: &mut Faults) -> Vec<File> {
        if !self.layers().any(|dir| dir.join(name).exists()) {
            let advice = "add the file to the folder of the city or of its base";
            faults.add(&self.missing(name), "the file is missing", advice);
        }
        self.files(name, faults)
    }

    /// The files of a subfolder with this extension, the base's first, each in order of names.
    pub(crate) fn within(&self, folder: &str, extension: &str, faults: &mut Faults) -> Vec<File> {
        let mut files = Vec::new();
        for dir in self.layers() {
            let Ok(entries) = fs::read_dir(dir.join(folder)) else { continue };
            let mut paths: Vec<PathBuf> = entries
                .filter_map(|e| e.ok().map(|e| e.path()))
                .filter(|p| p.extension().is_some_and(|e| e == extension))
                .collect();
            paths.sort();
            files.extend(paths.iter().filter_map(|p| self.read(p, faults)));
        }
        files
    }
}
