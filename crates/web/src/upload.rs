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

    /// What a camera or a telephone writes into a picture.
    const TOLD: &[u8] = b"GPS 36.65N 117.12E";

    fn holds(body: &[u8], words: &[u8]) -> bool {
        body.windows(words.len()).any(|part| part == words)
    }

    fn stripped(body: Vec<u8>) -> Vec<u8> {
        assert!(holds(&body, TOLD), "nothing would be taken away");
        accept("a", &Bytes::from(body), 0).unwrap().body
    }

    /// A checksum as PNG has it.
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }

    fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let body = [&kind, data].concat();
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], &body, &crc(&body).to_be_bytes()].concat()
    }

    #[test]
    fn a_png_keeps_its_points_and_nothing_that_was_written_beside() {
        let head = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
        let points = [0x78, 0x9c, 0x63, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01];
        let signature = b"\x89PNG\r\n\x1a\n".to_vec();
        for kind in [*b"eXIf", *b"tEXt", *b"zTXt", *b"iTXt"] {
            let png = [
                signature.clone(),
                png_chunk(*b"IHDR", &head),
                png_chunk(kind, TOLD),
                png_chunk(*b"tIME", &[7, 0xe9, 3, 3, 9, 0, 0]),
                png_chunk(*b"IDAT", &points),
                png_chunk(*b"IEND", &[]),
            ];
            let left = stripped(png.concat());
            assert!(!holds(&left, TOLD) && !holds(&left, &kind) && !holds(&left, b"tIME"));
            assert!(holds(&left, &points), "the picture itself stays");
        }
    }

    fn riff_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        let pad = vec![0; data.len() % 2];
        [&kind[..], &length, data, &pad].concat()
    }

    #[test]
    fn a_webp_keeps_its_points_and_nothing_that_was_written_beside() {
        // The head says that EXIF (8) and XMP (4) follow; one point wide and high.
        let extended = riff_chunk(*b"VP8X", &[0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let points = riff_chunk(*b"VP8L", &[0x2f, 0, 0, 0, 0, 0x88, 0x88, 0x08]);
        for kind in [*b"EXIF", *b"XMP "] {
            let chunks = [extended.clone(), points.clone(), riff_chunk(kind, TOLD)].concat();
            let left = stripped(riff_chunk(*b"RIFF", &[b"WEBP".to_vec(), chunks].concat()));
            assert!(!holds(&left, TOLD) && !holds(&left, &kind), "{left:?}");
            assert!(holds(&left, &points), "the picture itself stays");
        }
    }
}
