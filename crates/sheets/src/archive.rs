//! The guard in front of a workbook: unpacks every part once, into nothing, and counts.
//!
//! Sizes written in an archive may lie, so they are not asked. It decides that a file is a
//! workbook of bearable size; it never reads what the workbook says.

use std::io::{Read, Seek};

use zip::ZipArchive;

use crate::{MAX_UNPACKED_BYTES, SheetFault};

const MAX_PARTS: usize = 10_000;
/// Sheets full of equal cells shrink to about a fiftieth; only zeros shrink to a thousandth.
const MAX_RATIO: u64 = 200;
/// Below this size a part may be packed as tightly as it likes.
const SMALL_BYTES: u64 = 1024 * 1024;

pub(crate) fn guard(source: impl Read + Seek) -> Result<(), SheetFault> {
    let mut archive =
        ZipArchive::new(source).map_err(|_| SheetFault::BrokenWorkbook("its archive"))?;
    if archive.len() > MAX_PARTS {
        return Err(SheetFault::Bomb);
    }
    let mut workbook = false;
    let mut total = 0;
    for index in 0..archive.len() {
        let mut part =
            archive.by_index(index).map_err(|_| SheetFault::BrokenWorkbook("a part of it"))?;
        workbook |= part.name().is_ok_and(|name| name.eq_ignore_ascii_case("xl/workbook.xml"));
        let packed = part.compressed_size();
        total += unpacked(&mut part, packed, MAX_UNPACKED_BYTES - total)?;
    }
    if workbook { Ok(()) } else { Err(SheetFault::NotAWorkbook) }
}

/// The real size of a part; stops as soon as it is too much.
fn unpacked(part: &mut impl Read, packed: u64, left: u64) -> Result<u64, SheetFault> {
    let allowed = left.min(SMALL_BYTES.max(packed.saturating_mul(MAX_RATIO)));
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        let read =
            part.read(&mut buffer).map_err(|_| SheetFault::BrokenWorkbook("a packed part"))?;
        if read == 0 {
            return Ok(size);
        }
        size += u64::try_from(read).unwrap_or(u64::MAX);
        if size > allowed {
            return Err(SheetFault::Bomb);
        }
    }
}
