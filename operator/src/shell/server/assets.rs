//! The files of the page, inside the binary.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::Console;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";
const PAGE: &str = "text/html; charset=utf-8";

/// The page itself; needs the token.
const INDEX: &str = include_str!("../../console/index.html");

/// A file: its name, its type, its text.
type Asset = (&'static str, &'static str, &'static str);

macro_rules! assets {
    ($($kind:ident: $($name:literal),+;)+) => {
        [$($(($name, $kind, include_str!(concat!("../../console/", $name)))),+),+]
    };
}

/// Everything that the page loads. No secret is in it, so no token is needed for it.
pub(super) const ASSETS: &[Asset] = &assets! {
    SCRIPT: "annex-b.js", "chart.js", "chip.js", "decoder-test.js", "force.js", "format.js",
        "help.js", "imaging.js", "interlocks.js", "latency.js", "main.js", "pad.js", "picture-worker.js",
        "picture.js", "ruler.js", "socket.js", "stop.js", "store.js", "strings.js", "types.js";
    STYLE: "panel.css", "picture.css", "style.css";
    IMAGE: "icon.svg";
};

/// `GET /`.
pub(super) async fn index(State(console): State<Arc<Console>>, uri: Uri) -> Response {
    match console.guard.token(&uri) {
        Ok(()) => ([(CONTENT_TYPE, PAGE)], INDEX).into_response(),
        Err(refused) => refused.answer(),
    }
}

/// Everything else.
pub(super) async fn asset(method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, "this server is read with GET\n").into_response();
    }
    let name = uri.path().trim_start_matches('/');
    match ASSETS.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, text)) => ([(CONTENT_TYPE, *kind)], *text).into_response(),
        None => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    }
}
