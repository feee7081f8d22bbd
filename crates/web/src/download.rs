//! Files on their way out: always to be saved, never shown inside the site, because what somebody has
//! sent, or what stands in a table, must not run here.

use axum::{
    BoxError,
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// What a browser may do with a file that it opens all the same: nothing.
pub(crate) const CLOSED: &str = "default-src 'none'; sandbox";

/// What was written of a file and has not gone on yet.
#[derive(Clone, Default)]
pub(crate) struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    /// Takes it out.
    pub(crate) fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file under its own name.
pub(crate) fn file(kind: &str, name: &str, body: Vec<u8>) -> Response {
    stream(kind, name, Body::from(body))
}

/// A file under its own name that is made while it is sent.
pub(crate) fn stream(kind: &str, name: &str, body: Body) -> Response {
    let kind = HeaderValue::from_str(kind)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let disposition = format!("attachment; filename=\"file\"; filename*=UTF-8''{}", encoded(name));
    let disposition = HeaderValue::from_str(&disposition)
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CLOSED)),
    ];
    (headers, body).into_response()
}

/// A body that is made part by part. What compresses it on the way asks once more after the end, which
/// not every stream bears.
pub(crate) fn parts<E>(parts: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Body
where
    E: Into<BoxError> + 'static,
{
    Body::from_stream(parts.fuse())
}

/// A name for a header (RFC 8187): everything but letters and digits as percent signs.
pub(crate) fn encoded(name: &str) -> String {
    let one = |byte: u8| {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    name.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn names_are_safe_in_headers() {
        for (name, expected) in [
            ("a-1.pdf", "a-1.pdf"),
            ("伤.jpg", "%E4%BC%A4.jpg"),
            ("a\"\r\nX: y", "a%22%0D%0AX%3A%20y"),
        ] {
            assert_eq!(encoded(name), expected);
        }
    }
}
