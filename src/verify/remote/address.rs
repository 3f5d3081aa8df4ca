//! Addresses of reward servers.

use std::net::IpAddr;

use ureq::http::Uri;

/// Whether `url` is the address of a server.
///
/// # Errors
/// Shows the address and what one looks like.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    let uri = url.parse::<Uri>().ok();
    let usable = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    usable.then_some(()).ok_or_else(|| {
        format!("= {url:?}: must be an address that begins with http:// or https://, such as http://localhost:5000/get_reward")
    })
}

/// Whether `url` is an address of this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
