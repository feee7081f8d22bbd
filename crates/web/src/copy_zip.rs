//! The whole copy as one file: a page to read, the same for a program, and every file that the person
//! gave. It is made while it is sent, one attachment at a time, so that no copy needs more memory
//! than its largest file. What is in it is decided by `copy` and by the eyes of the person.

use crate::{
    app::App,
    copy,
    download::{self, Pipe},
    error::Oops,
    page::Page,
    staff::papers::PaperView,
};
use askama::Template;
use axum::{body::Bytes, response::Response};
use domain::{access::Viewer, case::CaseId, pack::Pack};
use futures_util::stream;
use paper::{Block, Paper};
use std::{
    io::{self, Write},
    sync::Arc,
};
use store::{CasePage, FilePage, Store};
use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

struct FileView {
    href: String,
    name: String,
}

#[derive(Template)]
#[template(path = "copy.html")]
struct CopyPage<'a> {
    page: &'a Page,
    paper: PaperView,
    files: Vec<FileView>,
}

/// The place of an attachment in the file: where it stands in the case, then its own name without
/// what would lead out of the folder.
pub(crate) fn path_of(file: &FilePage) -> String {
    let safe = |c: char| !c.is_control() && !"/\\:*?\"<>|".contains(c);
    let name: String = file.name.chars().map(|c| if safe(c) { c } else { '_' }).take(100).collect();
    format!("files/{}-{}-{}", file.seq, file.n, name.trim_matches('.'))
}

/// The file that is being written.
struct Writing {
    store: Store,
    pack: Arc<Pack>,
    case: CaseId,
    zip: ZipWriter<StreamWriter<Pipe>>,
    pipe: Pipe,
    left: std::vec::IntoIter<FilePage>,
}

fn options(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(method)
}

impl Writing {
    /// Writes one more attachment.
    async fn add(&mut self, file: &FilePage) -> io::Result<Bytes> {
        let eyes = Viewer::Appellant(self.case);
        let found = self.store.file(&self.pack, &eyes, (self.case, file.seq, file.n)).await;
        // A copy that lacks a file must not look whole: it breaks off.
        let (_, _, body) = found
            .map_err(io::Error::other)?
            .ok_or_else(|| io::Error::other("a file of the copy is gone"))?;
        // Pictures and recordings are as small as they get.
        self.zip.start_file(path_of(file), options(CompressionMethod::Stored))?;
        self.zip.write_all(&body)?;
        Ok(self.pipe.take())
    }

    fn finish(self) -> io::Result<Bytes> {
        self.zip.finish()?;
        Ok(self.pipe.take())
    }
}

/// The copy of a case as one file. `case` must have been read with the eyes of the appellant; the
/// `mark` says who handed it out, where somebody did.
pub(crate) fn answer(
    app: &App,
    page: &Page,
    case: &CasePage,
    mark: Option<String>,
) -> Result<Response, Oops> {
    let mut paper = copy::paper(page, case, app.now());
    paper.blocks.extend(mark.map(Block::Note));
    let pipe = Pipe::default();
    let mut zip = ZipWriter::new_stream(pipe.clone());
    let texts = [("index.html", html(page, case, paper)?), ("copy.json", copy::bytes(page, case))];
    for (name, text) in texts {
        let done = zip.start_file(name, options(CompressionMethod::Deflated));
        done.map_err(io::Error::from)
            .and_then(|()| zip.write_all(&text))
            .map_err(|e| Oops::fault(&e))?;
    }
    let (store, pack) = (app.store().clone(), page.pack.clone());
    let left = case.files.clone().into_iter();
    let writing = Writing { store, pack, case: case.case.id, zip, pipe, left };
    let parts = stream::unfold(Some(writing), |writing| async {
        let mut writing = writing?;
        Some(match writing.left.next() {
            None => (writing.finish(), None),
            Some(file) => match writing.add(&file).await {
                Ok(bytes) => (Ok(bytes), Some(writing)),
                Err(error) => {
                    tracing::error!(%error, "a copy broke off");
                    (Err(error), None)
                }
            },
        })
    });
    let name = format!("{}-copy.zip", case.number);
    Ok(download::stream("application/zip", &name, download::parts(parts)))
}

fn html(page: &Page, case: &CasePage, paper: Paper) -> Result<Vec<u8>, Oops> {
    let file = |file: &FilePage| {
        let path = path_of(file);
        let name = path.trim_start_matches("files/");
        FileView { href: format!("files/{}", download::encoded(name)), name: file.name.clone() }
    };
    let files = case.files.iter().map(file).collect();
    let shown = CopyPage { page, paper: PaperView::new(paper), files };
    shown.render().map(String::into_bytes).map_err(|e| Oops::fault(&e))
}
