//! Who may talk to the console server, and what every answer carries.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY as POLICY_HEADER, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Console;

/// The page loads its own files and talks to its own server, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (POLICY_HEADER, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
];

/// Digits of a token: 128 bits.
const TOKEN_DIGITS: usize = 32;

/// What the address of the page must carry. Never shown by `Debug`.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// From the system's random source; `None` if it has none.
    pub fn random() -> Option<Self> {
        let mut bytes = [0; TOKEN_DIGITS / 2];
        rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
        Some(Self(format!("{:032x}", u128::from_le_bytes(bytes))))
    }

    /// True if this is the token. Takes the same time wherever the first difference is.
    pub fn is(&self, offered: &str) -> bool {
        let (mine, theirs) = (self.0.as_bytes(), offered.as_bytes());
        let differ = mine.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b));
        // The compiler must not learn that the loop may end early.
        mine.len() == theirs.len() && core::hint::black_box(differ) == 0
    }
}

#[cfg(test)]
impl Token {
    pub(super) fn clone_text(&self) -> String {
        self.0.clone()
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Called by a name that is not this machine's.
    #[error("this server answers only to the address that farreach printed")]
    Host,
    /// No token, or another.
    #[error("open the address that farreach printed; it carries the token")]
    Token,
    /// Opened by a page of another origin, or by no page.
    #[error("only the console page itself may open this connection")]
    Origin,
}

impl Refused {
    /// As an answer.
    pub fn answer(self) -> Response {
        (StatusCode::FORBIDDEN, format!("{self}\n")).into_response()
    }
}

/// What the server knows of itself.
pub struct Guard {
    /// The names that it may be called by: host and port.
    names: [String; 2],
    token: Token,
}

impl Guard {
    /// The guard of the server that is bound here.
    pub fn new(bound: SocketAddr, token: Token) -> Self {
        Self { names: [bound.to_string(), format!("localhost:{}", bound.port())], token }
    }

    /// Where the page is, with its token.
    pub fn url(&self) -> String {
        let [name, _] = &self.names;
        format!("http://{name}/?token={}", self.token.0)
    }

    /// Refuses a request that names another host: a foreign name that resolves to this machine.
    ///
    /// # Errors
    /// [`Refused::Host`].
    pub fn host(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let named = only(headers, &HOST).is_some_and(|host| self.names.iter().any(|n| n == host));
        if named { Ok(()) } else { Err(Refused::Host) }
    }

    /// Refuses whoever is not a page of this server.
    ///
    /// # Errors
    /// [`Refused::Origin`].
    pub fn origin(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let origin = only(headers, &ORIGIN).and_then(|o| o.strip_prefix("http://"));
        let ours = origin.is_some_and(|origin| self.names.iter().any(|n| n == origin));
        if ours { Ok(()) } else { Err(Refused::Origin) }
    }

    /// Refuses whoever does not have the token.
    ///
    /// # Errors
    /// [`Refused::Token`].
    pub fn token(&self, uri: &Uri) -> Result<(), Refused> {
        let query = uri.query().unwrap_or_default();
        let mut offered = query.split('&').filter_map(|pair| pair.strip_prefix("token="));
        match (offered.next(), offered.next()) {
            (Some(offered), None) if self.token.is(offered) => Ok(()),
            _ => Err(Refused::Token),
        }
    }
}

/// The value of a header that is there exactly once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let (value, more) = (values.next()?, values.next());
    if more.is_some() { None } else { value.to_str().ok() }
}

/// Refuses foreign hosts and puts the headers on every answer.
pub(super) async fn middleware(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match console.guard.host(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.answer(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    response
}
