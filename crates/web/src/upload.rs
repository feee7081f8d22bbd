//! Files that residents send: what they really are, and without what cameras write into them.

use crate::error::Oops;
use axum::body::Bytes;
use img_parts::{DynImage, ImageEXIF};
use store::Attachment;

/// The largest file in bytes.
pub(crate) const MOST_BYTES: usize = 10 * 1024 * 1024;
/// The most files at once.
pub(crate) const MOST_FILES: usize = 5;

/// The most points of a picture: a few bytes may claim millions of them, and whoever opens the
/// picture pays for each.
const MOST_POINTS: u64 = 100_000_000;

/// Media types that are taken, as sniffed from the content.
const TAKEN: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/webp",
    "application/pdf",
    "audio/mpeg",
    "audio/amr",
    "audio/m4a",
    "audio/x-wav",
    "video/mp4",
];

/// Checks a file and strips place and time from pictures.
///
/// # Errors
/// When it is too large, one too many, of a kind that is not taken, or a picture of too many points.
pub(crate) fn accept(name: &str, body: &Bytes, already: usize) -> Result<Attachment, Oops> {
    if already >= MOST_FILES {
        return Err(Oops::Bad("error.too_many_files"));
    }
    if body.len() > MOST_BYTES {
        return Err(Oops::TooLarge("error.file_too_large"));
    }
    let kind = infer::get(body).map(|k| k.mime_type()).unwrap_or_default();
    if !TAKEN.contains(&kind) {
        return Err(Oops::Bad("error.file_kind"));
    }
    let body = if kind.starts_with("image/") { strip(body)? } else { body.to_vec() };
    Ok(Attachment { name: plain_name(name), kind: kind.to_owned(), body })
}

/// A picture without EXIF: cameras write down where and when, and by whose telephone.
fn strip(body: &Bytes) -> Result<Vec<u8>, Oops> {
    let bad = || Oops::Bad("error.file_broken");
    let image = DynImage::from_bytes(body.clone()).map_err(|_| bad())?.ok_or_else(bad)?;
    let points = image.dimensions().map(|(width, height)| u64::from(width) * u64::from(height));
    if points.is_some_and(|points| points > MOST_POINTS) {
        return Err(Oops::TooLarge("error.picture_too_large"));
    }
    Ok(match image {
        DynImage::Jpeg(mut jpeg) => {
            // Every application segment may carry a place: EXIF, XMP, the maker's own.
            jpeg.segments_mut().retain(|s| !(0xe1..=0xef).contains(&s.marker()));
            jpeg.encoder().bytes().to_vec()
        }
        DynImage::Png(mut png) => {
            let told = [*b"eXIf", *b"tEXt", *b"zTXt", *b"iTXt", *b"tIME"];
            png.chunks_mut().retain(|c| !told.contains(&c.kind()));
            png.encoder().bytes().to_vec()
        }
        DynImage::WebP(mut webp) => {
            webp.set_exif(None);
            webp.remove_chunks_by_id(*b"XMP ");
            webp.encoder().bytes().to_vec()
        }
    })
}

/// The last part of a name, without anything a file system or a page could misread.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String =
        last.chars().filter(|c| !c.is_control() && !r#"<>:"|?*"#.contains(*c)).take(80).collect();
    let plain = plain.trim_matches(['.', ' ']).to_owned();
    if plain.is_empty() { "file".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_paths_and_marks() {
        for (given, expected) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\photos\\伤情.jpg", "伤情.jpg"),
            ("<b>.png", "b.png"),
            ("..", "file"),
        ] {
            assert_eq!(plain_name(given), expected);
        }
    }

    #[test]
    fn other_kinds_are_refused() {
        let script = Bytes::from_static(b"#!/bin/sh\necho hi");
        assert!(matches!(accept("a.jpg", &script, 0), Err(Oops::Bad("error.file_kind"))));
        let big = Bytes::from(vec![0; MOST_BYTES + 1]);
        assert!(matches!(accept("a.jpg", &big, 0), Err(Oops::TooLarge(_))));
        assert!(matches!(accept("a.jpg", &script, 5), Err(Oops::Bad("error.too_many_files"))));
    }
}
